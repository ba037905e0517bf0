import type { CgroupFacts } from './container.ts';
import type { EnvironmentFacts } from './environment.ts';
import { type Command, programName } from './program-name.ts';

/** Letters of generated suffixes (Kubernetes, apimachinery `rand.SafeEncodeString`). */
const SAFE = '[bcdfghjklmnpqrstvwxz2456789]';
const POD_SUFFIXES: readonly RegExp[] = [
  new RegExp(`^(.+)-${SAFE}{6,10}-${SAFE}{5}$`), // Deployment: replica set's hash, pod's own
  new RegExp(`^(.+)-\\d{8,10}-${SAFE}{5}$`), // CronJob: minutes of its schedule, pod's own
  new RegExp(`^(.+)-${SAFE}{5}$`), // DaemonSet, Job
  /^(.+)-\d{1,4}$/, // StatefulSet
];

/** The workload that a pod belongs to: `cart-7c9f6d5b8-x2x4z` → `cart`. */
export function workloadName(pod: string): string {
  for (const suffix of POD_SUFFIXES) {
    const name = suffix.exec(pod)?.[1];
    if (name !== undefined) return name;
  }
  return pod;
}

/** Host name given to a container by a person: neither docker's default, the id's beginning, nor the host's own. */
function containerHostname(hostname: string, containerId: string, hostHostname: string): string {
  return hostname === hostHostname || containerId.startsWith(hostname) ? '' : hostname;
}

export interface NamingFacts {
  readonly environment: EnvironmentFacts;
  readonly cgroup: CgroupFacts;
  readonly command: Command;
  readonly comm: string;
  /** Host name of this machine: pods in the host's network carry it in place of their own. */
  readonly hostHostname: string;
}

/**
 * `service.name` of a process. In this order: what OpenTelemetry's variables say, the pod's workload,
 * the container's given host name, the systemd unit, program and script, the container's short id.
 */
export function serviceName({ environment, cgroup, command, comm, hostHostname }: NamingFacts): string {
  if (environment.serviceName !== '') return environment.serviceName;
  const { hostname } = environment;
  if (cgroup.kubernetes && hostname !== '' && hostname !== hostHostname) return workloadName(hostname);
  if (cgroup.containerId !== null) {
    const given = containerHostname(hostname, cgroup.containerId, hostHostname);
    if (given !== '') return given;
  }
  return cgroup.unit ?? (programName(command) || comm || (cgroup.containerId?.slice(0, 12) ?? 'unknown'));
}
