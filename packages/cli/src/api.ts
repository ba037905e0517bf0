import http from 'node:http';
import https from 'node:https';
import { CliError, codeOf, reasonOf } from './errors.ts';

/** Where the server is and how to speak to it. */
export interface Api {
  readonly url: string;
  readonly token: string | null;
}

const TIMEOUT_MS = 30_000;

/**
 * `GET` of a path of the API.
 * @param query names and values; null values are left out
 * @returns the answer, or null on 404
 * @throws CliError when nobody answers there, or not with what was asked for
 */
export async function getJson<T>(
  api: Api,
  path: string,
  query: Readonly<Record<string, string | number | null>> = {},
  signal: AbortSignal = AbortSignal.timeout(TIMEOUT_MS),
): Promise<T | null> {
  const url = new URL(`${api.url}${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(name, String(value));
  }
  let response: Answer;
  try {
    response = await get(url, api.token, signal);
  } catch (error) {
    throw new CliError(
      `No Weft server answers at ${api.url} (${causeOf(error)}): start one with \`weft up\`, or name another with --url.`,
    );
  }
  if (response.status === 404) return null;
  if (response.status === 401 || response.status === 403) {
    throw new CliError(`The server at ${api.url} wants a token: name its file with --token-file.`);
  }
  if (response.status !== 200) {
    throw new CliError(`The server at ${api.url} answered ${response.status}: ${problemOf(response.body)}.`);
  }
  try {
    return JSON.parse(response.body) as T;
  } catch {
    throw new CliError(`What answers at ${api.url} is no Weft server: name the right one with --url.`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Not `fetch`: that one refuses ports which browsers keep for other things, and we listen where we are told. */
function get(url: URL, token: string | null, signal: AbortSignal): Promise<Answer> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  const send = url.protocol === 'https:' ? https.get : http.get;
  return new Promise((resolve, reject) => {
    const request = send(url, { headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    request.on('error', reject);
  });
}

function causeOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ABORT_ERR') return 'no answer in time';
  return code ?? reasonOf(error);
}

/** The server's own words about an error, without the final stop. */
function problemOf(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) {
      return String(parsed.error).replace(/\.$/, '');
    }
  } catch {
    // Not JSON: the text itself.
  }
  return body.slice(0, 200).replace(/\s+/g, ' ').trim() || 'nothing more';
}
