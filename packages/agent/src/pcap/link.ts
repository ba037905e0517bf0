import type { CaptureRefusal } from './packet.ts';

// LINKTYPE_ values, https://www.tcpdump.org/linktypes.html
const NULL = 0;
const ETHERNET = 1;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const RAW = 101;
const LOOP = 108;
const LINUX_SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
const LINUX_SLL2 = 276;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** 802.1Q, 802.1ad, and what came before it. */
const VLAN_TAGS = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);
const MAX_VLAN_TAGS = 4;

/** Skips VLAN tags behind a type field at `typeAt`; answers where the IP header begins. */
function afterType(bytes: Uint8Array, typeAt: number, headerEnd: number): number | CaptureRefusal {
  let at = typeAt;
  let end = headerEnd;
  for (let tags = 0; tags <= MAX_VLAN_TAGS; tags++) {
    if (bytes.length < Math.max(end, at + 2)) return 'short';
    const type = (bytes[at]! << 8) | bytes[at + 1]!;
    if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return end;
    if (!VLAN_TAGS.has(type)) return 'not-ip';
    // Tag control information, then the type of what follows.
    at = end + 2;
    end += 4;
  }
  return 'malformed';
}

/** Where the IP header begins in a frame. @param linkType LINKTYPE_ number */
export function networkOffset(linkType: number, bytes: Uint8Array): number | CaptureRefusal {
  switch (linkType) {
    case ETHERNET:
      return afterType(bytes, 12, 14);
    case LINUX_SLL:
      return afterType(bytes, 14, 16);
    case LINUX_SLL2:
      return afterType(bytes, 0, 20);
    case NULL:
    case LOOP:
      // The address family's number differs between systems; the IP version behind it does not.
      return 4;
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
    case IPV4:
    case IPV6:
      return 0;
    default:
      return 'link-type';
  }
}
