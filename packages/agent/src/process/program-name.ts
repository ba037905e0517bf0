import { moduleName, pathName } from './generic-name.ts';
import { javaName } from './java-name.ts';

/** A command as it was started. */
export interface Command {
  readonly argv: readonly string[];
  /** Absolute path of the program's file, '' when unknown. */
  readonly executable: string;
  /** Working directory, '' when unknown. */
  readonly directory: string;
}

/** How an interpreter reads its command line up to the script. */
interface Interpreter {
  readonly name: RegExp;
  /** Options that take the next argument. */
  readonly takesValue: ReadonlySet<string>;
  /** Options after which no script follows: code is on the command line. */
  readonly inline: ReadonlySet<string>;
  /** Option that names a module rather than a file. */
  readonly module: string | null;
}

function interpreter(
  name: RegExp,
  takesValue: string,
  inline: string,
  module: string | null = null,
): Interpreter {
  return { name, takesValue: new Set(takesValue.split(' ')), inline: new Set(inline.split(' ')), module };
}

const INTERPRETERS: readonly Interpreter[] = [
  interpreter(/^(?:python|pypy)[\d.]*$/, '-X -W --check-hash-based-pycs', '-c', '-m'),
  interpreter(
    /^(?:node|nodejs)$/,
    '-r --require --import --loader --experimental-loader -C --conditions --title --max-http-header-size --icu-data-dir',
    '-e --eval -p --print -pe',
  ),
  interpreter(/^(?:deno|bun)$/, '-c --config -r --preload --cwd', 'eval -e --eval'),
  interpreter(/^ruby[\d.]*$/, '-I -r -C -E', '-e'),
  interpreter(/^perl[\d.]*$/, '-I', '-e -E'),
  interpreter(/^php[\d.]*$/, '-c -d -z -S -t', '-r'),
  interpreter(/^(?:ba|da|z|k)?sh$/, '-o -O --rcfile --init-file', '-c'),
  interpreter(/^dotnet$/, '--additionalprobingpath --fx-version --roll-forward', ''),
  interpreter(/^(?:lua|luajit|tclsh|wish|Rscript)[\d.]*$/, '-e', ''),
];

/** Words between `deno`, `bun`, `dotnet` and the script. */
const SUBCOMMANDS = new Set(['run', 'exec', 'serve', 'start']);

/** Programs whose argument names the application that they serve: `gunicorn shop.wsgi:app`. */
const APP_SERVERS =
  /^(?:gunicorn|uvicorn|hypercorn|daphne|granian|waitress-serve|waitress|celery|flask|fastapi)$/;
const APP = /^([A-Za-z_][\w.]*):[A-Za-z_][\w.]*(?:\(.*\))?$/;

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The application that a server such as gunicorn was given, null when the arguments do not tell. */
function servedApp(args: readonly string[], directory: string): string | null {
  for (let i = 0; i < args.length; i++) {
    const named = APP.exec(args[i]!)?.[1];
    if (named !== undefined) return moduleName(named, directory);
    const option = /^(?:-A|--app)(?:=(.+))?$/.exec(args[i]!);
    const value = option?.[1] ?? (option === null ? undefined : args[i + 1]);
    if (value !== undefined) return moduleName(value.split(':')[0]!, directory);
  }
  return null;
}

function scriptName(command: Command, kind: Interpreter): string | null {
  const { argv, directory } = command;
  for (let i = 1; i < argv.length; i++) {
    const arg = argv[i]!;
    if (kind.inline.has(arg)) return null;
    if (arg === kind.module) {
      const module = argv[i + 1] ?? '';
      const served = APP_SERVERS.test(module) ? servedApp(argv.slice(i + 2), directory) : null;
      return served ?? (module === '' ? null : moduleName(module, directory));
    }
    if (kind.takesValue.has(arg)) i++;
    else if (!arg.startsWith('-') && !SUBCOMMANDS.has(arg)) {
      const served = APP_SERVERS.test(baseName(arg)) ? servedApp(argv.slice(i + 1), directory) : null;
      return served ?? pathName(arg, directory);
    }
  }
  return null;
}

/** Title that a program wrote over its arguments (`puma 6.4.0 (tcp://…)`, `nginx: worker process`): its first word. */
function titleName(argv0: string): string {
  return baseName(argv0.split(/[\s:]/, 1)[0]!).replace(/^-/, '');
}

/**
 * The name under which a program without any other name is known: the script's of an interpreter, the
 * jar's or main class's of Java, else the file's. Names that say nothing (`main.py`, `index.js`)
 * give way to their folder's. '' when nothing is known.
 */
export function programName(command: Command): string {
  // A program that exists in memory alone has no file name worth the name.
  const file = command.executable.startsWith('/memfd:') ? '' : baseName(command.executable);
  const called = titleName(command.argv[0] ?? '');
  if (file === 'java' || (file === '' && called === 'java')) return javaName(command.argv) ?? 'java';
  const kind = INTERPRETERS.find(({ name }) => name.test(file === '' ? called : file));
  // One file can be several programs (busybox, Debian's redis-server): it is what it was called as.
  if (kind === undefined) return called === '' ? file : called;
  const script = scriptName(command, kind);
  if (script !== null) return script;
  // A title in place of the arguments: the interpreter's name is the last resort.
  return called !== '' && command.argv.length === 1 && !kind.name.test(called) ? called : file || called;
}
