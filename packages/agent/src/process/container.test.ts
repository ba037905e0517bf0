import { describe, expect, it } from 'vitest';
import { readCgroup } from './container.ts';

const ID = '4c01c3b0d1a5dd9b0a1e2f3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70';
const UID = '8d8a8b2e-1f0c-4b9e-9b6e-2f1a3c4d5e6f';
const UID_ = UID.replaceAll('-', '_');

const none = { containerId: null, podUid: null, kubernetes: false, unit: null };
const cases: readonly [name: string, text: string, expected: object][] = [
  ['nothing', '', none],
  ['no lines of a cgroup', 'hello\n\n::\n', none],
  ['root, v2', '0::/\n', none],
  ['docker, v2, systemd driver', `0::/system.slice/docker-${ID}.scope\n`, { ...none, containerId: ID }],
  ['docker, v2, cgroupfs driver', `0::/docker/${ID}\n`, { ...none, containerId: ID }],
  ['docker, v1', `12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/\n`, { ...none, containerId: ID }],
  ['docker in docker', `0::/docker/${'a'.repeat(64)}/docker/${ID}\n`, { ...none, containerId: ID }],
  [
    'systemd in docker',
    `0::/docker/${ID}/system.slice/nginx.service\n`,
    { ...none, containerId: ID, unit: 'nginx' },
  ],
  [
    'containerd CRI, systemd driver',
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope\n`,
    { ...none, containerId: ID, podUid: UID, kubernetes: true },
  ],
  [
    'containerd CRI, cgroupfs driver, v1',
    `11:memory:/kubepods/besteffort/pod${UID}/${ID}\n`,
    { ...none, containerId: ID, podUid: UID, kubernetes: true },
  ],
  [
    'containerd CRI, colons',
    `0::/system.slice/containerd.service/kubepods-pod${UID_}.slice:cri-containerd:${ID}\n`,
    { ...none, containerId: ID, podUid: null, kubernetes: true },
  ],
  [
    'guaranteed pod, CRI-O',
    `0::/kubepods.slice/kubepods-pod${UID_}.slice/crio-${ID}.scope/container\n`,
    { ...none, containerId: ID, podUid: UID, kubernetes: true },
  ],
  [
    'static pod',
    `0::/kubepods/burstable/pod8d8a8b2e1f0c4b9e9b6e2f1a3c4d5e6f/${ID}\n`,
    { ...none, containerId: ID, podUid: UID, kubernetes: true },
  ],
  [
    'kind: a pod in a node in docker',
    `0::/system.slice/docker-${'b'.repeat(64)}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope\n`,
    { ...none, containerId: ID, podUid: UID, kubernetes: true },
  ],
  ['podman, root', `0::/machine.slice/libpod-${ID}.scope/container\n`, { ...none, containerId: ID }],
  [
    'podman, rootless',
    `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container\n`,
    { ...none, containerId: ID },
  ],
  [
    'ECS Fargate',
    '5:cpu:/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-3057940393\n',
    { ...none, containerId: '0123456789abcdef0123456789abcdef-3057940393' },
  ],
  ['systemd unit', '0::/system.slice/orders.service\n', { ...none, unit: 'orders' }],
  [
    'unit in a slice of its own',
    '0::/shop.slice/shop-eu.slice/orders.service\n',
    { ...none, unit: 'orders' },
  ],
  ['delegated sub-group', '0::/system.slice/orders.service/workers\n', { ...none, unit: 'orders' }],
  [
    'instance of a template',
    '0::/system.slice/system-app.slice/app@orders.service\n',
    { ...none, unit: 'app@orders' },
  ],
  ['escaped name', '0::/system.slice/shop\\x2dorders.service\n', { ...none, unit: 'shop-orders' }],
  [
    'hybrid: units in v1',
    '3:cpu:/\n1:name=systemd:/system.slice/orders.service\n0::/\n',
    { ...none, unit: 'orders' },
  ],
  [
    'unit of a user',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/orders.service\n',
    { ...none, unit: 'orders' },
  ],
  ['user manager', '0::/user.slice/user-1000.slice/user@1000.service/init.scope\n', none],
  ['login session', '0::/user.slice/user-1000.slice/session-2.scope\n', none],
  ['left behind by sshd', '0::/system.slice/ssh.service\n', none],
  ['cron job', '0::/system.slice/cron.service\n', none],
];

describe('readCgroup', () => {
  it.each(cases)('%s', (_, text, expected) => {
    expect(readCgroup(text)).toEqual(expected);
  });
});
