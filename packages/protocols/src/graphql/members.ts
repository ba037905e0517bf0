/** The members of a request that are of interest (GraphQL over HTTP, "Request Parameters"). */
export interface RequestMembers {
  /** The document; null without one. */
  query: string | null;
  operationName: string | null;
  /** There are `extensions`, which name a document that the server has already ("persisted query"). */
  extended: boolean;
  /** The text ends within the document, or before the request's end. */
  cut: boolean;
}

/**
 * Reads the request, or the first of a list of them, in a text of JSON that may be cut anywhere. Values of other members
 * are passed over.
 * @returns null where the text is something else
 */
export function requestMembers(json: string): RequestMembers | null {
  const r: Reader = { text: json, at: 0, cut: false };
  let first = white(r);
  if (first === '[') {
    r.at++;
    first = white(r);
  }
  if (first !== '{') return null;
  r.at++;
  const members: RequestMembers = { query: null, operationName: null, extended: false, cut: true };
  while (white(r) === '"') {
    const name = string(r);
    if (r.cut || white(r) !== ':') break;
    r.at++;
    const isText = white(r) === '"';
    if (name === 'query') {
      // A search's `"query": {…}` is none.
      if (!isText && json[r.at] !== 'n') return null;
      if (isText) members.query = string(r);
    } else if (name === 'operationName' && isText) {
      const value = string(r);
      if (!r.cut) members.operationName = value;
    } else {
      members.extended ||= name === 'extensions';
      skipValue(r);
    }
    while (r.at < json.length && json[r.at] !== ',' && json[r.at] !== '}') r.at++;
    members.cut = json[r.at] === undefined;
    if (json[r.at] !== ',') break;
    r.at++;
  }
  return members;
}

interface Reader {
  readonly text: string;
  at: number;
  /** The text ended where more must come. */
  cut: boolean;
}

/** Skips white space. @returns the character that follows, '' at the end */
function white(r: Reader): string {
  for (; r.at < r.text.length; r.at++) {
    const char = r.text.charCodeAt(r.at);
    if (char !== 32 && (char < 9 || char > 13)) return r.text[r.at]!;
  }
  return '';
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** The string that begins here (RFC 8259 §7). */
function string(r: Reader): string {
  const { text } = r;
  let out = '';
  let from = ++r.at;
  for (; r.at < text.length; r.at++) {
    const char = text[r.at];
    if (char === '"') {
      out += text.slice(from, r.at++);
      return out;
    }
    if (char !== '\\') continue;
    out += text.slice(from, r.at++);
    const sign = text[r.at] ?? '';
    if (sign === 'u') {
      const code = Number.parseInt(text.slice(r.at + 1, r.at + 5), 16);
      out += String.fromCharCode(Number.isNaN(code) ? 0xfffd : code);
      r.at += 4;
    } else out += ESCAPES[sign] ?? sign;
    from = r.at + 1;
  }
  r.cut = true;
  return out + text.slice(from);
}

function skipValue(r: Reader): void {
  let depth = 0;
  for (; r.at < r.text.length; r.at++) {
    const char = r.text[r.at];
    if (char === '"') {
      string(r);
      r.at--;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      if (depth === 0) return;
      if (--depth === 0) {
        r.at++;
        return;
      }
    } else if (char === ',' && depth === 0) return;
  }
}
