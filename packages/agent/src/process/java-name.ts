import { className } from './generic-name.ts';

/** Options of the java launcher that take the next argument. */
const TAKES_VALUE = new Set(
  '-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --add-opens --add-exports --add-reads --patch-module --limit-modules --enable-native-access --source --describe-module -d'.split(
    ' ',
  ),
);

/** Settings by which an application says its own name. */
const OWN_NAME = /^(?:-Dotel\.service\.name|(?:-D|--)spring\.application\.name)=(.+)$/;

/** `orders-0.0.1-SNAPSHOT.jar` → `orders`. */
function jarName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.(?:jar|war)$/, '');
  return (
    file.replace(/-v?\d+(?:\.\w+)*(?:[.-](?:SNAPSHOT|RELEASE|FINAL|GA|M\d+|RC\d+|all|exec))*$/i, '') || file
  );
}

/** Name of a Java program by its command line: a setting, the jar, the main class. Null: there is none of them. */
export function javaName(argv: readonly string[]): string | null {
  for (const arg of argv) {
    const own = OWN_NAME.exec(arg)?.[1];
    if (own !== undefined) return own;
  }
  for (let i = 1; i < argv.length; i++) {
    const arg = argv[i]!;
    const next = argv[i + 1];
    if (arg === '-jar') return next === undefined ? null : jarName(next);
    // -m module/class
    if (arg === '-m' || arg === '--module')
      return next === undefined ? null : className(next.replace(/^.*\//, ''));
    if (TAKES_VALUE.has(arg)) i++;
    else if (arg.endsWith('.java')) return jarName(arg.replace(/\.java$/, ''));
    else if (!arg.startsWith('-') && !arg.startsWith('@')) return className(arg);
  }
  return null;
}
