/** What the cgroup of a process tells about where it runs. */
export interface CgroupFacts {
  /** 64 hex digits of docker, containerd, CRI-O, podman; the task's id on ECS Fargate. */
  readonly containerId: string | null;
  /** UUID with dashes. */
  readonly podUid: string | null;
  /** Under kubepods: a container of a Kubernetes pod. */
  readonly kubernetes: boolean;
  /** Innermost systemd service, without `.service`; null in sessions, scopes and containers. */
  readonly unit: string | null;
}

const NONE: CgroupFacts = { containerId: null, podUid: null, kubernetes: false, unit: null };

const HEX_ID = /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/;
const ECS_ID = /^([0-9a-f]{32}-\d{6,12})$/;
const POD =
  /(?:^|[-_/])pod([0-9a-f]{8}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{12})(?:\.slice)?$/;
/** Pods made from files on the node have a hash in place of a UUID. */
const STATIC_POD = /(?:^|[-_/])pod([0-9a-f]{32})(?:\.slice)?$/;

/** Units that start others' programs: their name says nothing about those. */
const LAUNCHERS =
  /^(?:user@|getty@|serial-getty@|console-getty|ssh|sshd|cron|crond|atd|anacron|rc-local|docker|containerd|crio|cri-o|podman|kubelet|k3s|lxc|lxd|incus|supervisor|supervisord|pm2-|systemd-|dbus|init)/;

function containerId(parts: readonly string[]): string | null {
  // From the inside out: a container in a container is what runs the process.
  for (let i = parts.length - 1; i >= 0; i--) {
    const id = HEX_ID.exec(parts[i]!)?.[1] ?? ECS_ID.exec(parts[i]!)?.[1];
    if (id !== undefined) return id;
  }
  return null;
}

function podUid(parts: readonly string[]): string | null {
  for (const part of parts) {
    const found = POD.exec(part)?.[1] ?? STATIC_POD.exec(part)?.[1];
    if (found === undefined) continue;
    const hex = found.replace(/[-_]/g, '');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
  return null;
}

/** systemd writes what a unit name may not hold as `\x2d`. */
function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function unit(parts: readonly string[]): string | null {
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i]!;
    // A scope (a login, a container) holds programs that no unit started.
    if (part.endsWith('.scope')) return null;
    if (!part.endsWith('.service')) continue;
    const name = unescapeUnit(part.slice(0, -'.service'.length));
    return LAUNCHERS.test(name) ? null : name;
  }
  return null;
}

/** The paths of /proc/PID/cgroup: v2 first, then systemd's own hierarchy, then the controllers of v1. */
function paths(text: string): string[] {
  const rank = (line: string) => (line.startsWith('0::') ? 0 : line.includes(':name=systemd:') ? 1 : 2);
  return text
    .split('\n')
    .filter((line) => line.split(':').length >= 3)
    .sort((a, b) => rank(a) - rank(b))
    .map((line) => line.split(':').slice(2).join(':'))
    .filter((path) => path !== '/');
}

/**
 * Reads /proc/PID/cgroup (cgroup v1, v2 and hybrid; drivers `cgroupfs` and `systemd`): docker, containerd
 * with CRI, CRI-O, podman, Kubernetes pods, ECS, systemd units. @param text content of the file
 */
export function readCgroup(text: string): CgroupFacts {
  let facts = NONE;
  for (const path of paths(text)) {
    const parts = path.split('/').filter((part) => part !== '');
    const id = containerId(parts);
    const pod = podUid(parts);
    const inPod = pod !== null || parts.some((part) => part.startsWith('kubepods'));
    facts = {
      containerId: facts.containerId ?? id,
      podUid: facts.podUid ?? pod,
      kubernetes: facts.kubernetes || inPod,
      unit: facts.unit ?? unit(parts),
    };
    if (facts.containerId !== null) break;
  }
  return facts;
}
