import type { Attributes, AttributeValue } from '@weft/model';
import { type CgroupFacts, readCgroup } from './container.ts';
import { NO_ENVIRONMENT, readEnvironment } from './environment.ts';
import type { GoRuntime, GoUnknown } from './go-runtime.ts';
import type { ProcFs } from './proc-fs.ts';
import { serviceName } from './service-name.ts';

/** What is known of a process. Frozen and shared: all spans of a process have the same object. */
export interface ProcessInfo {
  readonly tgid: number;
  /** Start, in clock ticks since boot; with `tgid` it names a process for ever. 0: unknown. */
  readonly startTicks: number;
  readonly comm: string;
  /** Path of the program's file in its own mount namespace; '' when unknown. */
  readonly executable: string;
  readonly service: string;
  readonly attributes: Attributes;
  /** Null: not Go's, or a Go whose goroutines cannot be told. */
  readonly goRuntime: GoRuntime | null;
}

/** What a look-up needs beside /proc. */
export interface LookupContext {
  readonly procFs: ProcFs;
  readonly inspectGo: (path: string) => GoRuntime | GoUnknown | null;
  /** Host name of this machine. */
  readonly hostHostname: string;
}

const COMMAND_LIMIT = 16 * 1024;
const SMALL = 4096;

interface Stat {
  readonly comm: string;
  readonly startTicks: number;
}

/** /proc/PID/stat: `pid (comm) state …`; comm may hold spaces and parentheses, so the last `)` ends it. */
export function readStat(text: string): Stat | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return null;
  // Field 22 (starttime); what follows the parenthesis begins with field 3.
  const startTicks = Number(text.slice(close + 2).split(' ')[22 - 3]);
  return { comm: text.slice(open + 1, close), startTicks: Number.isSafeInteger(startTicks) ? startTicks : 0 };
}

function readArguments(text: string | null): string[] {
  const argv = (text ?? '').split('\0');
  // The last argument ends with a zero byte; titles written over the arguments may leave many.
  while (argv.length > 0 && argv[argv.length - 1] === '') argv.pop();
  return argv;
}

function executableName(path: string): string {
  return path.startsWith('/memfd:') ? '' : path.slice(path.lastIndexOf('/') + 1);
}

function attributesOf(
  entries: readonly (readonly [key: string, value: AttributeValue | null])[],
): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const [key, value] of entries) if (value !== null && value !== '') attributes[key] = value;
  return Object.freeze(attributes);
}

/**
 * What can be said of a process that is gone before it was looked at: its name, from an event or from
 * what /proc keeps of a process until its parent has waited for it.
 */
export function goneProcess(procFs: ProcFs, tgid: number, eventComm: string): ProcessInfo {
  const comm = eventComm || (readStat(procFs.readText(`/proc/${tgid}/stat`, SMALL) ?? '')?.comm ?? '');
  return Object.freeze({
    tgid,
    startTicks: 0,
    comm,
    executable: '',
    service: comm === '' ? 'unknown' : comm,
    attributes: Object.freeze({ 'process.pid': tgid }),
    goRuntime: null,
  });
}

/** A forked child before its exec: its parent's program and service under its own number. */
export function childInfo(procFs: ProcFs, tgid: number, parent: ProcessInfo): ProcessInfo {
  const stat = readStat(procFs.readText(`/proc/${tgid}/stat`, SMALL) ?? '');
  return Object.freeze({
    ...parent,
    tgid,
    startTicks: stat?.startTicks ?? 0,
    comm: stat?.comm ?? parent.comm,
    attributes: Object.freeze({ ...parent.attributes, 'process.pid': tgid }),
  });
}

const NO_CGROUP: CgroupFacts = { containerId: null, podUid: null, kubernetes: false, unit: null };

/**
 * Looks a process up in /proc; null when it is not there any more (or only its exit status is).
 * @param goRuntime what its program is known to be
 */
export function lookUp(
  context: LookupContext,
  tgid: number,
  goRuntime: GoRuntime | null,
): ProcessInfo | null {
  const { procFs } = context;
  const root = `/proc/${tgid}`;
  const stat = readStat(procFs.readText(`${root}/stat`, SMALL) ?? '');
  if (stat === null) return null;
  const linked = procFs.readLink(`${root}/exe`);
  const argv = readArguments(procFs.readText(`${root}/cmdline`, COMMAND_LIMIT));
  // Kernel threads and zombies have neither.
  if (linked === null && argv.length === 0) return null;
  const executable = (linked ?? '').replace(/ \(deleted\)$/, '');
  const cgroupText = procFs.readText(`${root}/cgroup`, SMALL * 4);
  const cgroup = cgroupText === null ? NO_CGROUP : readCgroup(cgroupText);
  const environ = procFs.readBytes(`${root}/environ`);
  const environment = environ === null ? NO_ENVIRONMENT : readEnvironment(environ);
  const { hostHostname } = context;
  const podName = cgroup.kubernetes && environment.hostname !== hostHostname ? environment.hostname : null;
  return Object.freeze({
    tgid,
    startTicks: stat.startTicks,
    comm: stat.comm,
    executable,
    service: serviceName({
      environment,
      cgroup,
      command: { argv, executable, directory: procFs.readLink(`${root}/cwd`) ?? '' },
      comm: stat.comm,
      hostHostname,
    }),
    attributes: attributesOf([
      ['process.pid', tgid],
      ['process.executable.name', executableName(executable) || stat.comm],
      ['service.namespace', environment.serviceNamespace],
      ['service.version', environment.serviceVersion],
      ['container.id', cgroup.containerId],
      ['k8s.pod.uid', cgroup.podUid],
      ['k8s.pod.name', podName],
      ['weft.systemd.unit', cgroup.unit],
    ]),
    goRuntime,
  });
}
