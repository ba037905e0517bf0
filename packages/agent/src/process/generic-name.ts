/** Names of files, modules and classes that most projects have: they tell nobody which program it is. */
const GENERIC_FILES = new Set(
  '__main__ __init__ main index app application server serve service start run entrypoint manage wsgi asgi api web cli bootstrap launcher worker'.split(
    ' ',
  ),
);

/** Folders that hold a project's parts, or any project. */
const GENERIC_FOLDERS = new Set(
  'app apps src bin sbin build dist out lib lib64 libexec public target release debug cmd server srv opt usr local home root var tmp code workspace work www html current site-packages dist-packages package node_modules .bin'.split(
    ' ',
  ),
);

function isGeneric(name: string): boolean {
  return GENERIC_FILES.has(name.toLowerCase());
}

function folderSays(name: string): boolean {
  return !GENERIC_FOLDERS.has(name) && !/^(?:v?\d[\d.]*|python[\d.]*|\.+|)$/.test(name);
}

/** The nearest folder that has a name of its own; null when there is none. */
function tellingFolder(folders: readonly string[]): string | null {
  for (let i = folders.length - 1; i >= 0; i--) {
    const name = folders[i]!;
    // /home/ada holds ada's things, /tmp/x7Yq3f what somebody needed once.
    if (i === 1 && (folders[0] === 'home' || folders[0] === 'tmp')) return null;
    if (folderSays(name)) return name;
  }
  return null;
}

function split(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/**
 * Name of a script: without folders and extension, or its folder's where its own is generic.
 * @param directory working directory, in which a relative path begins; '' when unknown
 */
export function pathName(path: string, directory: string): string | null {
  // What a shell was fed through a descriptor has no name.
  if (/^\/(?:dev|proc)\//.test(path)) return null;
  const parts = split(path.startsWith('/') ? path : `${directory}/${path}`);
  const own = (parts.pop() ?? '').replace(
    /\.(?:[cm]?[jt]sx?|pyc?|pyw|pyz|rb|ru|php|pl|sh|lua|tcl|R|dll|exe)$/,
    '',
  );
  const modules = parts.indexOf('node_modules');
  // A tool out of a project's dependencies runs that project.
  if (modules > 0) return tellingFolder(parts.slice(0, modules)) ?? own;
  if (own !== '' && !isGeneric(own)) return own;
  return tellingFolder(parts) ?? (own === '' ? null : own);
}

/**
 * Name of a module, `pkg.mod`; generic last parts are left out (`shop.wsgi` → `shop`).
 * @param directory working directory, whose name serves where every part is generic
 */
export function moduleName(module: string, directory: string): string | null {
  const parts = module.split('.').filter((part) => part !== '');
  while (parts.length > 0 && isGeneric(parts[parts.length - 1]!)) parts.pop();
  if (parts.length > 0) return parts.join('.');
  return tellingFolder(split(directory)) ?? (module === '' ? null : module);
}

/** Simple name of a class; its package's where that is generic (`com.shop.orders.Main` → `orders`). */
export function className(name: string): string {
  const parts = name.split('.').filter((part) => part !== '');
  const simple = parts.pop() ?? name;
  const outer = simple.split('$', 1)[0]!;
  return isGeneric(outer) && parts.length > 0 ? parts[parts.length - 1]! : outer;
}
