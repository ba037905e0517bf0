import { type ProcFs, systemProcFs } from './proc-fs.ts';

/** The kernel lists listening sockets first; so many bytes hold more than 1 700 of them. */
const TABLE_LIMIT = 256 * 1024;
const MAX_NAMESPACES = 1024;
const LISTEN = '0A';

/**
 * Local ports of the listening sockets in a table of /proc/net (tcp, tcp6):
 * `  0: 0100007F:1F90 00000000:0000 0A …`. Adds to `ports`.
 */
export function readListeners(table: string, ports: Set<number>): void {
  const rows = table.split('\n');
  for (let i = 1; i < rows.length; i++) {
    const [, local, , state] = rows[i]!.trim().split(/\s+/, 4);
    if (local === undefined || state !== LISTEN) continue;
    const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
    if (port > 0 && port < 65536) ports.add(port);
  }
}

/** Reading walks the kernel's whole hash of connections, milliseconds long: of 100 parts of time it may take one. */
const REST_FACTOR = 100;

interface Namespace {
  readonly ports: ReadonlySet<number>;
  readonly refreshAt: number;
}

/**
 * Which local TCP ports are listened on, by network namespace: tells the role of sockets that are older
 * than the agent. A namespace's table is read when asked for, and at most once in `refreshMs`
 * (less often where reading is slow).
 */
export class ListeningPorts {
  readonly #procFs: ProcFs;
  readonly #now: () => number;
  readonly #refreshMs: number;
  readonly #namespaces = new Map<string, Namespace>();

  constructor(procFs: ProcFs = systemProcFs, now: () => number = () => performance.now(), refreshMs = 1000) {
    this.#procFs = procFs;
    this.#now = now;
    this.#refreshMs = refreshMs;
  }

  /** Does anything in the network namespace of this process listen on the port? False when the process is gone. */
  isListening(tgid: number, port: number): boolean {
    return this.#portsSeenBy(tgid)?.has(port) ?? false;
  }

  /** All ports that are listened on in the network namespace of this process. */
  portsOf(tgid: number): number[] {
    return [...(this.#portsSeenBy(tgid) ?? [])].sort((a, b) => a - b);
  }

  #portsSeenBy(tgid: number): ReadonlySet<number> | null {
    const name = this.#procFs.readLink(`/proc/${tgid}/ns/net`);
    if (name === null) return null;
    const now = this.#now();
    let known = this.#namespaces.get(name);
    if (known === undefined || now >= known.refreshAt) {
      const ports = this.#read(tgid);
      const cost = this.#now() - now;
      known = { ports, refreshAt: now + Math.max(this.#refreshMs, cost * REST_FACTOR) };
      if (this.#namespaces.size >= MAX_NAMESPACES) this.#namespaces.clear();
      this.#namespaces.set(name, known);
    }
    return known.ports;
  }

  #read(tgid: number): Set<number> {
    const ports = new Set<number>();
    for (const table of ['tcp', 'tcp6']) {
      readListeners(this.#procFs.readText(`/proc/${tgid}/net/${table}`, TABLE_LIMIT) ?? '', ports);
    }
    return ports;
  }
}
