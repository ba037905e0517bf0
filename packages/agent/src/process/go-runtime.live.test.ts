import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GoInspector } from './go-inspector.ts';

const run = promisify(execFile);

/** Says its goroutine's and its parent's id and the thread pointer, then stays in a system call on that goroutine. */
const PROGRAM = `package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

func id() (id int) {
	buffer := make([]byte, 64)
	fmt.Sscanf(string(buffer[:runtime.Stack(buffer, false)]), "goroutine %d", &id)
	return
}

func main() {
	touch()
	go func() {
		parent := id()
		go func() {
			runtime.LockOSThread()
			var base, byte uintptr
			syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, 0x1003, uintptr(unsafe.Pointer(&base)), 0)
			fmt.Println(id(), parent, base)
			syscall.RawSyscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&byte)), 1)
			syscall.Exit(0)
		}()
	}()
	select {}
}
`;
const PURE = 'package main\n\nfunc touch() {}\n';
const WITH_C = `package main

import (
/*
static __thread char odd[13] = "hello";
static __thread long zeroed[3];
int sum(int i) { zeroed[i % 3]++; return odd[i % 13] + (int)zeroed[1]; }
*/
	"C"
)

func touch() { C.sum(3) }
`;

const VARIANTS: readonly [name: string, source: string, args: readonly string[]][] = [
  ['plain', PURE, []],
  ['stripped', PURE, ['-ldflags=-s -w']],
  ['pie', PURE, ['-buildmode=pie']],
  ['linked by the C linker', PURE, ['-ldflags=-linkmode=external']],
  ['cgo', WITH_C, []],
  ['cgo pie', WITH_C, ['-buildmode=pie']],
  ['cgo stripped', WITH_C, ['-ldflags=-s -w']],
  ['cgo pie stripped', WITH_C, ['-buildmode=pie', '-ldflags=-s -w']],
  ['cgo static', WITH_C, ['-ldflags=-extldflags=-static']],
  ['cgo static stripped', WITH_C, ['-ldflags=-s -w -extldflags=-static']],
];

function output(command: string, args: readonly string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}

/** The installed Go, and those that the module cache holds already (WEFT_GO_TOOLCHAINS: where else to look). */
function toolchains(): [version: string, go: string][] {
  const installed = output('go', ['env', 'GOVERSION']);
  const found: [string, string][] = installed === null ? [] : [[installed, 'go']];
  const cache =
    process.env['WEFT_GO_TOOLCHAINS'] ?? join(output('go', ['env', 'GOMODCACHE']) ?? '', 'golang.org');
  try {
    for (const folder of readdirSync(cache)) {
      const version = /^toolchain@v[\d.]+-(go1\.[\d.]+)\.linux-amd64$/.exec(folder)?.[1];
      if (version !== undefined) found.push([version, join(cache, folder, 'bin/go')]);
    }
  } catch {
    // No toolchain was ever downloaded.
  }
  return found;
}

/** A process's memory, 64 bits at a time. */
class Memory {
  readonly #fd: number;

  constructor(pid: number) {
    this.#fd = openSync(`/proc/${pid}/mem`, 'r');
  }

  u64(address: bigint): bigint {
    const bytes = Buffer.alloc(8);
    expect(readSync(this.#fd, bytes, 0, 8, address)).toBe(8);
    return bytes.readBigUInt64LE();
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const GO = process.arch === 'x64' ? toolchains() : [];

describe.skipIf(GO.length === 0).each(GO)('inspectGo, %s', (version, go) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-go-'));
    writeFileSync(join(folder, 'go.mod'), 'module example.com/probe\n\ngo 1.19\n');
    writeFileSync(join(folder, 'main.go'), PROGRAM);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(VARIANTS)('%s', { timeout: 120_000 }, async (name, source, args) => {
    writeFileSync(join(folder, 'touch.go'), source);
    const program = join(folder, name.replaceAll(' ', '-'));
    const env = { ...process.env, CGO_ENABLED: '1', GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false' };
    await run(go, ['build', ...args, '-o', program, '.'], { cwd: folder, env });
    const child: ChildProcess = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
      const [id, parent, base] = line.split(' ').map(BigInt) as [bigint, bigint, bigint];
      const found = new GoInspector().inspect(`/proc/${child.pid}/exe`);
      expect(found).toMatchObject({ version: expect.stringContaining(version) });
      if (found === null || 'unknown' in found) throw new Error('not known');
      const memory = new Memory(child.pid!);
      try {
        const g = memory.u64(base + BigInt(found.gTls));
        expect(memory.u64(g + BigInt(found.goid))).toBe(id);
        if (found.parentGoid > 0) expect(memory.u64(g + BigInt(found.parentGoid))).toBe(parent);
        const m = memory.u64(g + BigInt(found.m));
        const g0 = memory.u64(m);
        expect(memory.u64(g0 + BigInt(found.m))).toBe(m);
        const stackPointer = memory.u64(g0 + BigInt(found.schedSp));
        expect(stackPointer).toBeGreaterThan(memory.u64(g0));
        expect(stackPointer).toBeLessThanOrEqual(memory.u64(g0 + 8n));
      } finally {
        memory.close();
      }
    } finally {
      child.kill('SIGKILL');
    }
  });
});
