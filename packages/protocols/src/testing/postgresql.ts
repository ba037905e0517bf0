/** Builds messages of PostgreSQL's protocol, one character a byte, as the tests of the parsers write bytes. */
export const int16Of = (value: number): string => String.fromCharCode((value >> 8) & 255, value & 255);
export const int32Of = (value: number): string => int16Of(value >>> 16) + int16Of(value & 0xffff);

/** Type byte, length, body. */
export const message = (type: string, body = ''): string => type + int32Of(body.length + 4) + body;

/** What a client sends. */
export const client = {
  startup: (parameters: Readonly<Record<string, string>>, version = 0x30000): string => {
    const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
    const body = `${int32Of(version)}${pairs.join('')}\0`;
    return int32Of(body.length + 4) + body;
  },
  sslRequest: int32Of(8) + int32Of(80877103),
  cancel: int32Of(16) + int32Of(80877102) + int32Of(4711) + int32Of(99),
  password: (text: string) => message('p', `${text}\0`),
  query: (sql: string) => message('Q', `${sql}\0`),
  parse: (sql: string, name = '') => message('P', `${name}\0${sql}\0${int16Of(0)}`),
  bind: (values: readonly string[] = [], statement = '', portal = '') =>
    message(
      'B',
      `${portal}\0${statement}\0${int16Of(0)}${int16Of(values.length)}${values
        .map((value) => int32Of(value.length) + value)
        .join('')}${int16Of(0)}`,
    ),
  describePortal: (portal = '') => message('D', `P${portal}\0`),
  describeStatement: (name = '') => message('D', `S${name}\0`),
  execute: (portal = '', rows = 0) => message('E', `${portal}\0${int32Of(rows)}`),
  closeStatement: (name: string) => message('C', `S${name}\0`),
  flush: message('H'),
  sync: message('S'),
  copyData: (text: string) => message('d', text),
  copyDone: message('c'),
  copyFail: (why: string) => message('f', `${why}\0`),
  functionCall: message('F', int32Of(1) + int16Of(0) + int16Of(0) + int16Of(0)),
  terminate: message('X'),
} as const;

/** What a server sends. */
export const server = {
  authOk: message('R', int32Of(0)),
  askPassword: message('R', int32Of(3)),
  parameter: (name: string, value: string) => message('S', `${name}\0${value}\0`),
  backendKey: message('K', int32Of(4711) + int32Of(99)),
  ready: (status = 'I') => message('Z', status),
  columns: (...names: readonly string[]) =>
    message('T', int16Of(names.length) + names.map((name) => `${name}\0${'\0'.repeat(18)}`).join('')),
  row: (...values: readonly string[]) =>
    message('D', int16Of(values.length) + values.map((value) => int32Of(value.length) + value).join('')),
  complete: (tag: string) => message('C', `${tag}\0`),
  error: (state: string, severity = 'ERROR') =>
    message('E', `S${severity}\0V${severity}\0C${state}\0Mit went wrong\0\0`),
  notice: message('N', 'SNOTICE\0VNOTICE\0C00000\0Mmind\0\0'),
  notification: (channel: string, payload: string) =>
    message('A', `${int32Of(4711)}${channel}\0${payload}\0`),
  parseComplete: message('1'),
  bindComplete: message('2'),
  closeComplete: message('3'),
  noData: message('n'),
  parameters: message('t', int16Of(1) + int32Of(23)),
  suspended: message('s'),
  emptyQuery: message('I'),
  copyIn: message('G', `\0${int16Of(0)}`),
  copyOut: message('H', `\0${int16Of(0)}`),
  copyData: (text: string) => message('d', text),
  copyDone: message('c'),
  functionResult: message('V', int32Of(0xffffffff)),
} as const;
