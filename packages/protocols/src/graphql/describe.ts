import type { AttributeValue } from '@weft/model';
import { isGraphqlName, readDocument } from './document.ts';
import { type RequestMembers, requestMembers } from './members.ts';
import { type RequestText, textOf } from './request-text.ts';

const LONGEST_NAME = 256;
/** As long as a `db.query.text` may be. */
const LONGEST_DOCUMENT = 2_048;

/**
 * Adds what a body says if it is a GraphQL request (OpenTelemetry semantic conventions, GraphQL): `graphql.operation.name`,
 * `.type`, `graphql.document`. Variables are not looked at.
 * @returns the span's name, `query Cart`; '' where it is none
 */
export function describeRequestText(
  text: RequestText,
  attributes: Record<string, AttributeValue>,
  mask: boolean,
): string {
  if (text.length === 0) return '';
  const source = textOf(text);
  if (!text.isJson) {
    const { cut } = text;
    return describe({ query: source, operationName: null, extended: false, cut }, attributes, mask);
  }
  const members = requestMembers(source);
  return members === null ? '' : describe(members, attributes, mask);
}

/**
 * The same of a GET (GraphQL over HTTP, §5.3).
 * @param query of the URL, not masked
 * @param cut it goes on behind its end
 */
export function describeUrlQuery(
  query: string,
  cut: boolean,
  attributes: Record<string, AttributeValue>,
  mask: boolean,
): string {
  if (!query.includes('query=') && !query.includes('operationName=')) return '';
  const document = parameter(query, 'query');
  const operationName = parameter(query, 'operationName');
  const extended = parameter(query, 'extensions')?.includes('persistedQuery') === true;
  return describe({ query: document, operationName, extended, cut }, attributes, mask);
}

function describe(
  members: RequestMembers,
  attributes: Record<string, AttributeValue>,
  mask: boolean,
): string {
  const { operationName } = members;
  // What a client says it is called is not believed to be one of few unless it is a name.
  const asked = operationName !== null && isGraphqlName(operationName) ? operationName : '';
  const query = members.query ?? '';
  const document = query === '' ? null : readDocument(query, members.cut);
  const isNamed = asked !== '' && query === '' && (members.extended || members.cut);
  if (document === null && !isNamed) return '';
  const operations = document?.operations ?? [];
  const operation = asked === '' ? operations[0] : operations.find(({ name }) => name === asked);
  const name = (operation?.name || asked).slice(0, LONGEST_NAME);
  if (name !== '') attributes['graphql.operation.name'] = name;
  // A document of one operation has its type, whatever it is called where the text is cut.
  const type = operation?.type ?? operations[0]?.type;
  if (type !== undefined) attributes['graphql.operation.type'] = type;
  if (document !== null) {
    attributes['graphql.document'] = (mask ? document.masked : query).slice(0, LONGEST_DOCUMENT);
  }
  return type === undefined ? name : name === '' ? type : `${type} ${name}`;
}

/** Value of a parameter of a query string, decoded; null without one, or where its coding is wrong. */
function parameter(query: string, name: string): string | null {
  for (let from = 0; from < query.length; ) {
    const next = query.indexOf('&', from);
    const to = next < 0 ? query.length : next;
    if (query.startsWith(name, from) && query.charCodeAt(from + name.length) === 0x3d) {
      return decoded(query.slice(from + name.length + 1, to).replaceAll('+', ' '));
    }
    from = to + 1;
  }
  return null;
}

/** Bytes of the longest character, which the text's end may have cut. */
const LONGEST_CHARACTER = 4;

function decoded(value: string): string | null {
  let text = value;
  for (let i = 0; i <= LONGEST_CHARACTER; i++) {
    try {
      return decodeURIComponent(text);
    } catch {
      const last = text.lastIndexOf('%');
      if (last < text.length - 3) return null;
      text = text.slice(0, last);
    }
  }
  return null;
}
