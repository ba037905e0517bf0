/** Types of records and questions by number (IANA "DNS Parameters"), those that are met. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [13, 'HINFO'],
  [15, 'MX'],
  [16, 'TXT'],
  [17, 'RP'],
  [18, 'AFSDB'],
  [24, 'SIG'],
  [25, 'KEY'],
  [28, 'AAAA'],
  [29, 'LOC'],
  [33, 'SRV'],
  [35, 'NAPTR'],
  [36, 'KX'],
  [37, 'CERT'],
  [39, 'DNAME'],
  [43, 'DS'],
  [44, 'SSHFP'],
  [45, 'IPSECKEY'],
  [46, 'RRSIG'],
  [47, 'NSEC'],
  [48, 'DNSKEY'],
  [49, 'DHCID'],
  [50, 'NSEC3'],
  [51, 'NSEC3PARAM'],
  [52, 'TLSA'],
  [53, 'SMIMEA'],
  [55, 'HIP'],
  [59, 'CDS'],
  [60, 'CDNSKEY'],
  [61, 'OPENPGPKEY'],
  [62, 'CSYNC'],
  [63, 'ZONEMD'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [99, 'SPF'],
  [108, 'EUI48'],
  [109, 'EUI64'],
  [249, 'TKEY'],
  [250, 'TSIG'],
  [251, 'IXFR'],
  [252, 'AXFR'],
  [253, 'MAILB'],
  [255, 'ANY'],
  [256, 'URI'],
  [257, 'CAA'],
]);

export const TYPE_A = 1;
export const TYPE_AAAA = 28;
export const TYPE_OPT = 41;

/** RFC 1035 §4.1.1, RFC 2136 §2.2, RFC 6891 §6.1.3 and later, as IANA names them. */
const RESPONSE_CODES: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
  'DSOTYPENI',
];
/** Those that need the four bits that EDNS adds. */
const EXTENDED_CODES: readonly string[] = [
  'BADVERS',
  'BADKEY',
  'BADTIME',
  'BADMODE',
  'BADNAME',
  'BADALG',
  'BADTRUNC',
  'BADCOOKIE',
];

const OPERATIONS: readonly (string | null)[] = ['QUERY', 'IQUERY', 'STATUS', null, 'NOTIFY', 'UPDATE'];

export const QUERY = 0;
export const UPDATE = 5;

/** `A`, `AAAA`; of a type without a name `TYPE65280` (RFC 3597 §5). */
export function typeName(type: number): string {
  return TYPES.get(type) ?? `TYPE${type}`;
}

/** `NOERROR`, `NXDOMAIN`; of a code without a name `RCODE3841`. */
export function responseCodeName(code: number): string {
  return RESPONSE_CODES[code] ?? EXTENDED_CODES[code - 16] ?? `RCODE${code}`;
}

/** `QUERY`, `NOTIFY`; null: there is no such operation. */
export function operationName(opcode: number): string | null {
  return OPERATIONS[opcode] ?? null;
}
