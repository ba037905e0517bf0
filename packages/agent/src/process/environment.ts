/** The few variables of a process's environment that tell what it is. The others are never looked at. */
export interface EnvironmentFacts {
  /** `OTEL_SERVICE_NAME`, else `service.name` of `OTEL_RESOURCE_ATTRIBUTES`; '' when not set. */
  readonly serviceName: string;
  readonly serviceNamespace: string;
  readonly serviceVersion: string;
  /** `HOSTNAME`: in a pod its name, in a container its own host name; '' when not set. */
  readonly hostname: string;
}

export const NO_ENVIRONMENT: EnvironmentFacts = {
  serviceName: '',
  serviceNamespace: '',
  serviceVersion: '',
  hostname: '',
};

/** Longer names are cut: they go on every span. */
const MAX_VALUE = 256;

function find(environ: Buffer, name: string): string {
  const wanted = `${name}=`;
  for (let at = environ.indexOf(wanted); at >= 0; at = environ.indexOf(wanted, at + 1)) {
    if (at > 0 && environ[at - 1] !== 0) continue;
    const start = at + wanted.length;
    const end = environ.indexOf(0, start);
    return environ.toString('utf8', start, end < 0 ? environ.length : end);
  }
  return '';
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** `key=value,key=value`, values percent-encoded (OpenTelemetry, Resource SDK). */
function resourceAttribute(list: string, key: string): string {
  for (const item of list.split(',')) {
    const at = item.indexOf('=');
    if (at > 0 && item.slice(0, at).trim() === key) return decode(item.slice(at + 1).trim());
  }
  return '';
}

/** Reads /proc/PID/environ. @param bytes content of the file, variables end with a zero byte */
export function readEnvironment(bytes: Uint8Array): EnvironmentFacts {
  const environ = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const resource = find(environ, 'OTEL_RESOURCE_ATTRIBUTES');
  const named = find(environ, 'OTEL_SERVICE_NAME').trim() || resourceAttribute(resource, 'service.name');
  return {
    serviceName: named.slice(0, MAX_VALUE),
    serviceNamespace: resourceAttribute(resource, 'service.namespace').slice(0, MAX_VALUE),
    serviceVersion: resourceAttribute(resource, 'service.version').slice(0, MAX_VALUE),
    hostname: find(environ, 'HOSTNAME').slice(0, MAX_VALUE),
  };
}
