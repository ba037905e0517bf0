/** `--service-0` … in tokens.css. */
const SLOTS = 24;

/** The token of a service's colour: the same for the same name, in each trace, tab and browser. */
export function serviceToken(service: string): string {
  // FNV-1a, with a last mixing so that names which differ in their last letter are far apart.
  let hash = 0x811c9dc5;
  for (let i = 0; i < service.length; i++) hash = Math.imul(hash ^ service.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return `--service-${((hash ^ (hash >>> 13)) >>> 0) % SLOTS}`;
}

/** For CSS: `var(--service-7)`. */
export function serviceColor(service: string): string {
  return `var(${serviceToken(service)})`;
}
