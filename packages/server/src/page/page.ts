import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

/** A file of the page, ready to be sent. */
interface PageFile {
  readonly contentType: string;
  readonly bytes: Buffer;
  /** The same with `content-encoding: br`; null for what is compressed already. */
  readonly brotli: Buffer | null;
  readonly etag: string;
  readonly cacheControl: string;
}

/** The files of the built page by their path below `/`, kept in memory: they are small, and a build may replace the folder. */
export type Page = ReadonlyMap<string, PageFile>;

const TEXT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const BINARY_TYPES: Readonly<Record<string, string>> = {
  '.woff2': 'font/woff2',
  '.png': 'image/png',
};

/** The page's own paths, besides its files: it reads itself what they mean. */
const OWN_PATH = /^\/(traces\/[^/]+)?$/;

/** Everything comes from this server; nobody may frame the page. (Styles are set by scripts through the CSSOM, which this allows.) */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/**
 * Reads a built page. Files below `assets/` carry a hash of their content in their name, so they never change.
 * @throws Error when the folder cannot be read
 */
export function loadPage(folder: string): Page {
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const extension = extname(entry.name);
    const contentType = TEXT_TYPES[extension] ?? BINARY_TYPES[extension];
    if (!entry.isFile() || contentType === undefined) continue;
    const name = `/${relative(folder, path).replaceAll(sep, '/')}`;
    const bytes = readFileSync(path);
    files.set(name, {
      contentType,
      bytes,
      brotli: extension in TEXT_TYPES ? compress(bytes) : null,
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      cacheControl: name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
  }
  return files;
}

function compress(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
}

/**
 * Answers a request for the page or one of its files.
 * @returns false when the path is not the page's
 */
export function answerPage(
  page: Page,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const file = page.get(OWN_PATH.test(path) ? '/index.html' : path);
  if (file === undefined) return false;
  const headers = {
    ...SECURITY_HEADERS,
    etag: file.etag,
    'cache-control': file.cacheControl,
    vary: 'accept-encoding',
  };
  if (matches(request.headers['if-none-match'], file.etag)) {
    response.writeHead(304, headers);
    response.end();
    return true;
  }
  const accepts = /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = accepts && file.brotli !== null ? file.brotli : file.bytes;
  response.writeHead(200, {
    ...headers,
    ...(body === file.brotli ? { 'content-encoding': 'br' } : {}),
    'content-type': file.contentType,
    'content-length': body.length,
  });
  response.end(body);
  return true;
}

/** RFC 9110 §13.1.2: any of the listed tags, weak or not, or `*`. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '');
    return bare === etag || bare === '*';
  });
}
