import { FileFacts } from './file-facts.ts';
import { type GoRuntime, type GoUnknown, inspectGo } from './go-runtime.ts';

const MAX_CACHED = 2048;

/** Inspects executables, each file once. */
export class GoInspector {
  readonly #files = new FileFacts<GoRuntime | GoUnknown | null>(MAX_CACHED, inspectGo);

  /** As `inspectGo`, of a file (`/proc/PID/exe` too). Null also when it cannot be read. */
  inspect(path: string): GoRuntime | GoUnknown | null {
    return this.#files.of(path);
  }
}
