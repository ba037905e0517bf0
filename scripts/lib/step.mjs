// Steps with progress: a line at the start, a sign of life at least every few seconds, a line at the end.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { childPath, ROOT, STATE } from './paths.mjs';

const HEARTBEAT_MS = 5000;
const LOG = join(STATE, 'setup.log');

/** A failure that is told to the user as one sentence: cause and remedy. */
export class Failure extends Error {}

/** Prints one progress line. Progress goes to stderr: stdout belongs to what the user asked for. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** `12 s`, `0.4 s`, `2 min 5 s`. */
export function elapsed(sinceMs) {
  const seconds = (Date.now() - sinceMs) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Ends the child when we are ended; returns what undoes it. */
function endWith(child) {
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      child.kill('SIGTERM');
      process.exit(128 + constants.signals[signal]);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const undo of handlers) undo();
  };
}

/**
 * Runs a program as one step. Its output goes to `.weft/setup.log`; the last line of it is shown
 * every few seconds, and the last lines when it fails.
 * @param {string} what what is done and why, one line
 */
export async function step(
  what,
  command,
  args,
  { cwd = ROOT, env = {}, timeoutMs = 600_000, fix = '' } = {},
) {
  const start = Date.now();
  say(`- ${what} …`);
  mkdirSync(STATE, { recursive: true });
  appendFileSync(LOG, `\n$ ${command} ${args.join(' ')}\n`);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, PATH: childPath(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = endWith(child);
  let tail = '';
  const take = (chunk) => {
    appendFileSync(LOG, chunk);
    tail = (tail + chunk.toString('utf8')).slice(-4000);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const heartbeat = setInterval(() => {
    const last = lines(tail).at(-1) ?? '';
    say(`  ${elapsed(start)}: ${last.slice(0, 100) || 'working'}`);
  }, HEARTBEAT_MS);
  const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    const problem = await new Promise((resolve) => {
      child.on('error', (error) => resolve(`cannot be started (${error.message})`));
      child.on('close', (code, signal) => {
        if (code === 0) resolve(null);
        else resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
      });
    });
    if (problem !== null) {
      for (const line of lines(tail).slice(-15)) say(`  | ${line}`);
      throw new Failure(`\`${command} ${args.join(' ')}\` ${problem}${fix === '' ? '' : `: ${fix}`}.`);
    }
  } finally {
    clearInterval(heartbeat);
    clearTimeout(deadline);
    release();
  }
  say(`  done in ${elapsed(start)}`);
}

function lines(text) {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Runs the body of a script; a failure becomes one sentence and exit code 1. */
export async function script(body) {
  try {
    process.exitCode = (await body()) ?? process.exitCode ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
