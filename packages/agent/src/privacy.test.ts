import { encodeBlock, epoch } from '@weft/model';
import { describe, expect, test } from 'vitest';
import { Pipeline } from './pipeline.ts';
import { Story, ToldProcesses } from './testing/story.ts';

/** Stands wherever people keep what is nobody's business, with the place's name behind it. */
const SECRET = 'Geheim';
const secret = (place: string): string => `${SECRET}-${place}`;
/** The same of a number, in which SQL and GraphQL have them too. */
const NUMBER = '4711471147';

const byte = (...values: readonly number[]): string => String.fromCharCode(...values);
const int32 = (value: number): string =>
  byte(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
const length24 = (text: string): string => int32(text.length).slice(1);

/** Messages of PostgreSQL, packets of MySQL, frames of HTTP/2 with literal fields, commands of Redis. */
const pg = (type: string, body: string): string => `${type}${int32(body.length + 4)}${body}`;
const my = (sequence: number, body: string): string =>
  byte(body.length & 255, body.length >> 8, 0, sequence) + body;
const h2 = (type: number, flags: number, stream: number, body: string): string =>
  length24(body) + byte(type, flags) + int32(stream) + body;
const field = (name: string, value: string): string => byte(0, name.length) + name + lengthOf(value) + value;
const lengthOf = (text: string): string =>
  text.length < 127 ? byte(text.length) : byte(127, text.length - 127);
const resp = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
const grpc = (text: string): string => byte(0) + int32(text.length) + text;

const FIELDS: readonly (readonly [string, string])[] = [
  ['authorization', `Bearer ${secret('authorization')}`],
  ['proxy-authorization', `Basic ${secret('proxy-authorization')}`],
  ['cookie', `session=${secret('cookie')}`],
  ['x-api-key', secret('api-key')],
  ['x-request-id', secret('request-id')],
  ['referer', `http://a/?token=${secret('referer')}`],
];
const ANSWER_FIELDS: readonly (readonly [string, string])[] = [
  ['set-cookie', `session=${secret('set-cookie')}`],
  ['location', `/?code=${secret('location')}`],
  ['x-request-id', secret('answered-id')],
];
const GRAPHQL = JSON.stringify({
  query: `mutation Pay($v: V = "${secret('default')}") { pay(card: "${secret('literal')}", pin: ${NUMBER}, note: """${secret('block')}""") { ok } } # ${secret('comment')}`,
  variables: { v: secret('variable'), n: Number(NUMBER) },
  extensions: { e: secret('extension') },
});
const QUERY = `?token=${secret('query')}&${secret('bare')}`;
const SQL = `SELECT name /* ${secret('sql-comment')} */ FROM cards WHERE pin = ${NUMBER} AND name = '${secret('sql-literal')}' -- ${secret('line')}`;

function http1(): readonly [string, string][] {
  const head = (line: string, fields: readonly (readonly [string, string])[]) =>
    `${line}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
  const answer = (body: string) =>
    `${head('HTTP/1.1 200 OK', ANSWER_FIELDS)}Content-Length: ${body.length}\r\n\r\n${body}`;
  const post = (type: string, body: string, path = '/pay') =>
    `${head(`POST ${path}${QUERY} HTTP/1.1`, FIELDS)}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  return [
    [
      `${head(`GET http://user:${secret('user-info')}@a/page${QUERY}#${secret('fragment')} HTTP/1.1`, FIELDS)}\r\n`,
      answer(secret('answer')),
    ],
    [post('application/json', JSON.stringify({ pin: secret('body') })), answer(secret('answer'))],
    [post('application/x-www-form-urlencoded', `password=${secret('form')}`), answer('')],
    [post('application/json', GRAPHQL, '/graphql'), answer(JSON.stringify({ data: secret('data') }))],
    [post('application/graphql', `{ pay(card: "${secret('document')}") }`), answer('')],
    [
      `${head(`GET /graphql?query=${encodeURIComponent(`{ a(b: "${secret('url-literal')}") }`)}&variables=${secret('url-variables')} HTTP/1.1`, FIELDS)}\r\n`,
      answer(''),
    ],
    [
      post('application/grpc-web', grpc(secret('grpc-web')), '/shop.Cart/Pay'),
      `HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\nGrpc-Status: 5\r\nGrpc-Message: ${secret('grpc-message')}\r\nContent-Length: 0\r\n\r\n`,
    ],
  ];
}

function http2(): readonly [string, string][] {
  const fields = (list: readonly (readonly [string, string])[]) =>
    list.map(([name, value]) => field(name, value)).join('');
  const ask = (method: string, path: string, type: string) =>
    field(':method', method) +
    field(':path', path) +
    field(':authority', `user:${secret('user-info')}@a`) +
    field('content-type', type) +
    fields(FIELDS);
  const call = (
    stream: number,
    method: string,
    path: string,
    type: string,
    body: string,
  ): [string, string] => [
    h2(1, 4, stream, ask(method, path, type)) + h2(0, 1, stream, body),
    h2(1, 4, stream, field(':status', '200') + field('content-type', type) + fields(ANSWER_FIELDS)) +
      h2(0, 0, stream, secret('answer')) +
      h2(1, 5, stream, field('grpc-status', '5') + field('grpc-message', secret('grpc-message'))),
  ];
  return [
    [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${h2(4, 0, 0, '')}`, h2(4, 0, 0, '')],
    call(1, 'GET', `/page${QUERY}`, '', ''),
    call(3, 'POST', '/graphql', 'application/json', GRAPHQL),
    call(5, 'POST', '/shop.Cart/Pay', 'application/grpc', grpc(secret('grpc'))),
    call(7, 'GET', `/graphql?query=${encodeURIComponent(`{ a(b: "${secret('url-literal')}") }`)}`, '', ''),
  ];
}

function redis(): readonly [string, string][] {
  return [
    [resp('AUTH', 'user', secret('auth')), '+OK\r\n'],
    [resp('HELLO', '3', 'AUTH', 'user', secret('hello')), '+OK\r\n'],
    [resp('SET', 'key', secret('value'), 'EX', '60'), '+OK\r\n'],
    [resp('HSET', 'key', 'field', secret('hash')), ':1\r\n'],
    [resp('EVAL', `return '${secret('script')}'`, '0', secret('argument')), `$6\r\n${SECRET}\r\n`],
    [resp('CONFIG', 'SET', 'requirepass', secret('config')), `-ERR ${secret('error')}\r\n`],
    [resp('PUBLISH', 'news', secret('published')), ':1\r\n'],
    [`SET key ${secret('inline')}\r\n`, '+OK\r\n'],
  ];
}

function postgresql(): readonly [string, string][] {
  const ready = pg('Z', 'I');
  const parameters = `user\0shop\0database\0cards\0options\0${secret('options')}\0\0`;
  const startup = int32(parameters.length + 8) + int32(0x30000) + parameters;
  const bind = `\0s\0${byte(0, 0, 0, 1)}${int32(secret('bound').length)}${secret('bound')}${byte(0, 0)}`;
  const error = pg(
    'E',
    `SERROR\0VERROR\0C23505\0Mduplicate ${secret('message')}\0DKey (pin)=(${secret('detail')})\0\0`,
  );
  return [
    [startup, pg('R', int32(3))],
    [pg('p', `${secret('password')}\0`), pg('R', int32(0)) + ready],
    [
      pg('Q', `${SQL}\0`),
      pg('T', `${byte(0, 1)}name\0${'\0'.repeat(18)}`) +
        pg('D', `${byte(0, 1)}${int32(10)}${SECRET}-row`) +
        pg('C', 'SELECT 1\0') +
        ready,
    ],
    [pg('Q', `CREATE USER a PASSWORD '${secret('new-password')}'\0`), error + ready],
    [
      pg('P', `s\0INSERT INTO cards VALUES ($1, $$${secret('dollar')}$$)\0${byte(0, 0)}`) +
        pg('B', bind) +
        pg('E', `\0${int32(0)}`) +
        pg('S', ''),
      pg('1', '') + pg('2', '') + pg('C', 'INSERT 0 1\0') + ready,
    ],
    [
      pg('Q', `NOTIFY jobs, '${secret('payload')}'\0`),
      pg('C', 'NOTIFY\0') + ready + pg('A', `${int32(7)}jobs\0${secret('notification')}\0`),
    ],
  ];
}

function mysql(): readonly [string, string][] {
  const ok = my(1, '\0\0\0\x02\0\0\0');
  const execute = `\x17${byte(1, 0, 0, 0)}\0${byte(1, 0, 0, 0)}\0\x01\xfe\0${byte(secret('parameter').length)}${secret('parameter')}`;
  return [
    [my(0, `\x03${SQL}`), my(1, `\xff\x7a\x0442S02${secret('message')}`.replace('\x04', '\x04#'))],
    [
      my(
        0,
        `\x03INSERT INTO cards VALUES ("${secret('double')}", 0x${'ab'.repeat(9)}, '${secret('single')}')`,
      ),
      ok,
    ],
    [my(0, `\x03SET PASSWORD = '${secret('password')}'`), ok],
    [
      my(0, `\x16SELECT name FROM cards WHERE pin = ? AND name = '${secret('prepared')}'`),
      my(1, `\0${byte(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}`),
    ],
    [my(0, execute), ok],
  ];
}

const websocket = (): readonly [string, string][] => {
  const frame = (text: string) => byte(0x81, text.length) + text;
  return [
    [
      'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n${frame(secret('pushed'))}`,
    ],
    [byte(0x81, 0x80 | 9, 0, 0, 0, 0) + secret('ws'), frame(secret('answer'))],
  ];
};

const opaque = (): readonly [string, string][] => [
  [`\x01\x02${secret('asked')}`, `\x03${secret('answered')}`],
];

/** The blocks of both ends of a connection on which that is said. @param cut so many bytes of each call's end are not seen */
function shipped(
  turns: readonly [string, string][],
  mask: boolean,
  cut = 0,
): { text: string; spans: number } {
  const records: Parameters<typeof encodeBlock>[0][number][] = [];
  const processes = new ToldProcesses();
  processes.listening.set(20, 9_000);
  const pipeline = new Pipeline(processes, { mask, without: [] }, (span) => records.push(span));
  const story = new Story();
  const [client, server] = [
    { tgid: 10, tid: 10 },
    { tgid: 20, tid: 20 },
  ];
  const wire = story.connection(9_000).connect(client);
  const seen = (text: string) => Math.max(1, text.length - cut);
  for (const [request, answer] of turns) {
    wire.clientSends(client, request.slice(0, seen(request))).serverReads(server);
    wire.unseen('to-server', request.length - Math.min(request.length, seen(request)));
    wire.serverSends(server, answer.slice(0, seen(answer))).clientReads(client);
    wire.unseen('to-client', answer.length - Math.min(answer.length, seen(answer)));
  }
  story.feed(pipeline);
  pipeline.finish();
  const origin = { agentId: 'a', host: 'h', epoch: epoch(0n) };
  return { text: Buffer.from(encodeBlock(records, origin)).toString('latin1'), spans: records.length };
}

const CONVERSATIONS: readonly [string, () => readonly [string, string][], RegExp][] = [
  ['http', http1, /token=|mutation Pay/],
  ['http2', http2, /token=|mutation Pay/],
  ['redis', redis, /value/],
  ['postgresql', postgresql, /sql-literal/],
  ['mysql', mysql, /sql-literal/],
  ['websocket', websocket, /websocket text/],
  ['opaque', opaque, /opaque/],
];

describe('what is masked never leaves the agent', () => {
  test.each(CONVERSATIONS)('%s: no secret is in a block', (_, turns) => {
    const said = turns();
    const { text, spans } = shipped(said, true);
    expect(spans).toBeGreaterThanOrEqual(said.length);
    const found =
      text.match(new RegExp(`.{0,80}(${SECRET}|${encodeURIComponent(SECRET)}|${NUMBER}).{0,30}`, 'gs')) ?? [];
    expect(found).toEqual([]);
  });

  test.each(CONVERSATIONS)('%s: without the mask the conversation is understood', (_, turns, shown) => {
    expect(shipped(turns(), false).text).toMatch(shown);
  });

  test.each(CONVERSATIONS)(
    '%s: nor when calls are cut anywhere',
    (_, turns) => {
      for (let cut = 1; cut < 400; cut += 7) {
        const { text } = shipped(turns(), true, cut);
        expect(text.includes(SECRET) || text.includes(NUMBER), `cut by ${cut}`).toBe(false);
      }
    },
    60_000,
  );
});
