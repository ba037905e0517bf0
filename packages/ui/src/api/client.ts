/** A request that the server refused, or (status 0) did not answer at all. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const TOKEN_KEY = 'weft.token';

/** Keeps the server's token for this tab; it is sent with each request from now on. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Whether a token is kept; if the server still refuses, it is a wrong one. */
export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

/**
 * One answer of the API. The type is the caller's claim: page and server come from one build.
 * @param query parameters; null and empty ones are left out
 * @throws ApiError
 */
export async function getJson<T>(
  path: string,
  query: Readonly<Record<string, string | null>>,
  signal: AbortSignal,
): Promise<T> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== '') parameters.set(name, value);
  }
  const text = parameters.toString();
  const token = sessionStorage.getItem(TOKEN_KEY);
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}${text === '' ? '' : `?${text}`}`, { headers, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, 'The server does not answer.');
  }
  if (response.ok) return (await response.json()) as T;
  throw new ApiError(response.status, await refusal(response));
}

/** The server's own sentence, where it sent one. */
async function refusal(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  } catch {
    // A proxy in between speaks another language.
  }
  return `The server answered ${response.status}.`;
}
