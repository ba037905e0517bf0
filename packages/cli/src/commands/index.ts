import type { Command } from '../command.ts';
import { agent } from './agent.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { infer } from './infer.ts';
import { record } from './record.ts';
import { replay } from './replay.ts';
import { score } from './score.ts';
import { server } from './server.ts';
import { trace } from './trace.ts';
import { traces } from './traces.ts';
import { up } from './up.ts';

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  up,
  agent,
  server,
  demo,
  doctor,
  traces,
  trace,
  record,
  replay,
  score,
  infer,
];
