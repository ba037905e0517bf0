import { describe, expect, it } from 'vitest';
import { readCgroup } from './container.ts';
import { readEnvironment } from './environment.ts';
import { serviceName, workloadName } from './service-name.ts';

const ID = '4c01c3b0d1a5dd9b0a1e2f3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70';
const DOCKER = `0::/docker/${ID}\n`;
const POD = `0::/kubepods/besteffort/pod8d8a8b2e-1f0c-4b9e-9b6e-2f1a3c4d5e6f/${ID}\n`;
const UNIT = '0::/system.slice/orders.service\n';

function name(
  environ: string,
  cgroup: string,
  argv = 'python3 /app/cart.py',
  executable = '/usr/bin/python3',
): string {
  return serviceName({
    environment: readEnvironment(Buffer.from(environ)),
    cgroup: readCgroup(cgroup),
    command: { argv: argv.split(' ').filter((word) => word !== ''), executable, directory: '/' },
    comm: 'python3',
    hostHostname: 'node-1',
  });
}

describe('serviceName', () => {
  const cases: readonly [what: string, actual: string, expected: string][] = [
    ['OTEL_SERVICE_NAME first', name('A=1\0OTEL_SERVICE_NAME=shop\0', UNIT), 'shop'],
    ['a variable that ends with its name is another', name('MY_OTEL_SERVICE_NAME=x\0', ''), 'cart'],
    ['an empty one is none', name('OTEL_SERVICE_NAME=\0', UNIT), 'orders'],
    [
      'resource attributes',
      name('OTEL_RESOURCE_ATTRIBUTES=service.version=1, service.name=a%20b,x\0', UNIT),
      'a b',
    ],
    ['broken percent-encoding', name('OTEL_RESOURCE_ATTRIBUTES=service.name=50%\0', ''), '50%'],
    [
      'the name beats the attributes',
      name('OTEL_RESOURCE_ATTRIBUTES=service.name=a\0OTEL_SERVICE_NAME=b\0', ''),
      'b',
    ],
    ['pod', name('HOSTNAME=cart-7c9f6d5b8-x2x4z\0', POD), 'cart'],
    ['pod in the network of its host', name('HOSTNAME=node-1\0', POD), 'cart'],
    ['docker, default host name', name(`HOSTNAME=${ID.slice(0, 12)}\0`, DOCKER), 'cart'],
    ['docker, given host name', name('HOSTNAME=shop\0', DOCKER), 'shop'],
    ['docker, the network of its host', name('HOSTNAME=node-1\0', DOCKER), 'cart'],
    ['docker, nothing else known but the name of the thread', name('', DOCKER, '', ''), 'python3'],
    ['systemd unit', name('HOSTNAME=web\0', UNIT), 'orders'],
    ['program and script', name('', '0::/\n'), 'cart'],
  ];
  it.each(cases)('%s', (_, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('falls back to the container, and to `unknown`', () => {
    const facts = {
      environment: readEnvironment(new Uint8Array()),
      command: { argv: [], executable: '', directory: '' },
      comm: '',
      hostHostname: 'node-1',
    };
    expect(serviceName({ ...facts, cgroup: readCgroup(DOCKER) })).toBe('4c01c3b0d1a5');
    expect(serviceName({ ...facts, cgroup: readCgroup('') })).toBe('unknown');
  });
});

describe('workloadName', () => {
  it.each([
    ['cart-7c9f6d5b8-x2x4z', 'cart'],
    ['shop-cart-5d9c7b9d6f-zk2bp', 'shop-cart'],
    ['backup-28391040-9xk7d', 'backup'],
    ['node-exporter-k8w2x', 'node-exporter'],
    ['kafka-0', 'kafka'],
    ['my-proxy', 'my-proxy'],
    ['redis', 'redis'],
    ['', ''],
  ])('%s → %s', (pod, expected) => {
    expect(workloadName(pod)).toBe(expected);
  });
});
