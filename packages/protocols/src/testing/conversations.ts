import fc from 'fast-check';
import { type Parser, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import * as dubbo from './dubbo.ts';
import * as fastcgi from './fastcgi.ts';
import { added, data, GET, HTTP, headers, literal, OK } from './frames.ts';
import * as mysql from './mysql.ts';
import { client, server } from './postgresql.ts';
import { bytesOf } from './recorder.ts';

/** One message as it is sent, with where its body of known length lies (from === to: there is none). */
export interface Sent {
  readonly side: Side;
  readonly bytes: Uint8Array;
  readonly bodyFrom: number;
  readonly bodyTo: number;
}

function sent(side: Side, head: string, body = '', tail = ''): Sent {
  return {
    side,
    bytes: bytesOf(head + body + tail),
    bodyFrom: head.length,
    bodyTo: head.length + body.length,
  };
}

const text = fc.string({
  unit: fc.constantFrom('a', 'é', '\r', '\n', ' ', '0', '{', '\x00', ':', '$', 'G'),
  maxLength: 60,
});
const path = fc.constantFrom('/', '/orders/7', '/a/b?x=1&y=2', '/%20');
const fields = fc.array(
  fc.constantFrom(
    'Host: shop:80\r\n',
    'User-Agent: u\r\n',
    `X-Long: ${'v'.repeat(90)}\r\n`,
    'Folded: a\r\n b\r\n',
    'c: d\r\n',
  ),
  { maxLength: 4 },
);

function chunks(parts: readonly string[], extension: string, trailer: string): string {
  const all = parts
    .filter((part) => part !== '')
    .map((part) => `${part.length.toString(16)}${extension}\r\n${part}\r\n`);
  return `${all.join('')}0\r\n${trailer}\r\n`;
}

/** A request and its responses. */
const httpExchange: fc.Arbitrary<readonly Sent[]> = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'PURGE'),
    path,
    fields,
    body: text,
    parts: fc.array(text, { maxLength: 4 }),
    extension: fc.constantFrom('', ';a=b', ' ;q="x;y"'),
    trailer: fc.constantFrom('', 'T: v\r\n'),
    requestForm: fc.constantFrom('none', 'length', 'chunked'),
    responseForm: fc.constantFrom('length', 'chunked', 'empty'),
    status: fc.constantFrom(200, 204, 304, 404, 500),
    interim: fc.constantFrom(
      '',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n',
    ),
  })
  .map((x) => {
    const start = `${x.method} ${x.path} HTTP/1.1\r\n${x.fields.join('')}`;
    const request =
      x.requestForm === 'none'
        ? sent(TO_SERVER, `${start}\r\n`)
        : x.requestForm === 'length'
          ? sent(TO_SERVER, `${start}Content-Length: ${x.body.length}\r\n\r\n`, x.body)
          : sent(
              TO_SERVER,
              `${start}Transfer-Encoding: chunked\r\n\r\n${chunks(x.parts, x.extension, x.trailer)}`,
            );
    const hasBody = x.method !== 'HEAD' && x.status !== 204 && x.status !== 304;
    const answer = `HTTP/1.1 ${x.status} Reason\r\n${x.fields.join('')}`;
    const response =
      x.responseForm === 'empty'
        ? sent(TO_CLIENT, `${answer}Content-Length: 0\r\n\r\n`)
        : x.responseForm === 'length'
          ? sent(TO_CLIENT, `${answer}content-length: ${x.body.length}\r\n\r\n`, hasBody ? x.body : '')
          : sent(
              TO_CLIENT,
              `${answer}Transfer-Encoding: chunked\r\n\r\n${hasBody ? chunks(x.parts, x.extension, x.trailer) : ''}`,
            );
    return x.interim === '' ? [request, response] : [request, sent(TO_CLIENT, x.interim), response];
  });

const bulkOf = (value: string): string => `$${value.length}\r\n${value}\r\n`;

const reply: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      '+OK\r\n',
      ':42\r\n',
      '$-1\r\n',
      '*-1\r\n',
      '*0\r\n',
      '_\r\n',
      '#t\r\n',
      ',1.5\r\n',
      '(123456789\r\n',
    ),
    text.map(bulkOf),
    text.map((value) => `=${value.length + 4}\r\ntxt:${value}\r\n`),
    fc.array(tie('value'), { minLength: 1, maxLength: 4 }).map((all) => `*${all.length}\r\n${all.join('')}`),
    fc.tuple(tie('value'), tie('value')).map(([key, value]) => `%1\r\n${key}${value}`),
    fc.tuple(tie('value'), tie('value')).map(([key, value]) => `|1\r\n+k\r\n${key}${value}`),
  ),
})).value;

const redisExchange: fc.Arbitrary<readonly Sent[]> = fc.oneof(
  fc
    .record({
      words: fc.array(text, { maxLength: 4 }),
      command: fc.constantFrom('GET', 'set', 'CONFIG', 'FT.SEARCH', 'HELLO'),
      reply: fc.oneof(reply, fc.constantFrom('-ERR no\r\n', '!5\r\nERR x\r\n')),
    })
    .map((x) => {
      const last = x.words.at(-1);
      const isWhole = x.words.length < 2;
      const head = `*${x.words.length + 1}\r\n${[x.command, ...(isWhole ? x.words : x.words.slice(0, -1))].map(bulkOf).join('')}`;
      const request =
        // The word after a container is a part of the name.
        last === undefined || isWhole
          ? sent(TO_SERVER, head)
          : sent(TO_SERVER, `${head}$${last.length}\r\n`, last, '\r\n');
      return [request, sent(TO_CLIENT, x.reply)];
    }),
  text.map((value) => [
    sent(TO_SERVER, '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n'),
    sent(TO_CLIENT, `$${value.length}\r\n`, value, '\r\n'),
  ]),
  fc.constant([
    sent(TO_SERVER, '*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n'),
    sent(TO_CLIENT, '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n'),
    sent(TO_CLIENT, '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n'),
    sent(TO_SERVER, '*1\r\n$11\r\nUNSUBSCRIBE\r\n'),
    sent(
      TO_CLIENT,
      '*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n',
    ),
  ]),
);

const mysqlExchange: fc.Arbitrary<readonly Sent[]> = fc.oneof(
  fc
    .record({ rows: fc.array(text, { maxLength: 4 }), eofs: fc.boolean(), more: fc.boolean() })
    .map(({ rows, eofs, more }) => {
      const first = mysql.resultSet(rows, eofs, more);
      const all = more ? [...first, ...mysql.resultSet(['x'], eofs)] : first;
      return [sent(TO_SERVER, mysql.query('SELECT c FROM t')), sent(TO_CLIENT, mysql.packets(...all))];
    }),
  // The literal is the body: what is lost of it is lost of the text alone.
  text.map((value) => {
    const literal = value.replaceAll('\x00', '0');
    const whole = mysql.query(`INSERT INTO t VALUES ('${literal}')`);
    const head = whole.slice(0, whole.length - literal.length - 2);
    return [sent(TO_SERVER, head, literal, "')"), sent(TO_CLIENT, mysql.packets(mysql.OK))];
  }),
  // So is the value of a row, behind its length.
  text.map((value) => {
    const whole = mysql.packets(...mysql.resultSet([value], true));
    const from = whole.length - 9 - value.length;
    return [
      sent(TO_SERVER, mysql.query('SELECT c FROM t')),
      sent(TO_CLIENT, whole.slice(0, from), value, whole.slice(from + value.length)),
    ];
  }),
  fc.constantFrom(
    [sent(TO_SERVER, mysql.packet(0, '\x0e')), sent(TO_CLIENT, mysql.packets(mysql.OK))],
    [sent(TO_SERVER, mysql.packet(0, '\x02shop')), sent(TO_CLIENT, mysql.packets(mysql.OK))],
    [sent(TO_SERVER, mysql.query('DROP TABLE t')), sent(TO_CLIENT, mysql.packets(mysql.ERR))],
    [
      sent(TO_SERVER, mysql.prepare('SELECT c FROM t WHERE c = ?')),
      sent(
        TO_CLIENT,
        mysql.packets(mysql.prepared(7, 1, 1), mysql.COLUMN, mysql.EOF, mysql.COLUMN, mysql.EOF),
      ),
      sent(TO_SERVER, mysql.execute(7)),
      sent(TO_CLIENT, mysql.packets('\x01', mysql.COLUMN, mysql.EOF, '\x00\x00\x01x', mysql.EOF)),
      sent(TO_SERVER, mysql.closeStatement(7)),
    ],
  ),
);

const value = fc.string({
  unit: fc.constantFrom('a', ' ', '0', 'Z', '\x00', '\x05', 'I', '\xff', 'C'),
  maxLength: 60,
});
const SQL = fc.constantFrom(
  'SELECT * FROM orders WHERE id = $1',
  "INSERT INTO a VALUES ('x', 1)",
  'BEGIN',
  'x',
);
const rowsOf = (rows: readonly string[]): string => rows.map((text) => server.row(text, '1')).join('');

/** Requests of PostgreSQL and their responses: each a round, so that each begins a message. */
const postgresqlExchange: fc.Arbitrary<readonly Sent[]> = fc.oneof(
  fc
    .record({ sql: SQL, rows: fc.array(value, { maxLength: 4 }), notice: fc.boolean() })
    .map((x) => [
      sent(TO_SERVER, client.query(x.sql)),
      sent(
        TO_CLIENT,
        (x.notice ? server.notice : '') +
          server.columns('id', 'b') +
          rowsOf(x.rows) +
          server.complete(`SELECT ${x.rows.length}`) +
          server.ready(),
      ),
    ]),
  fc
    .record({ sql: SQL, values: fc.array(value, { maxLength: 3 }), rows: fc.array(value, { maxLength: 3 }) })
    .map((x) => [
      sent(
        TO_SERVER,
        client.parse(x.sql) +
          client.bind(x.values) +
          client.describePortal() +
          client.execute() +
          client.sync,
      ),
      sent(
        TO_CLIENT,
        server.parseComplete +
          server.bindComplete +
          server.columns('id', 'b') +
          rowsOf(x.rows) +
          server.complete('INSERT 0 1') +
          server.ready('T'),
      ),
    ]),
  // A value that is the rest of its message, and a row.
  value.map((text) => [
    sent(
      TO_SERVER,
      client.bind([text], 's').slice(0, -2 - text.length),
      text,
      `\0\0${client.execute()}${client.sync}`,
    ),
    sent(
      TO_CLIENT,
      server.bindComplete + server.row(text).slice(0, -text.length || undefined),
      text,
      server.suspended + server.ready('T'),
    ),
  ]),
  fc.constantFrom(
    [
      sent(TO_SERVER, client.parse('SELECT 1', 's') + client.describeStatement('s') + client.sync),
      sent(TO_CLIENT, server.parseComplete + server.parameters + server.columns('a') + server.ready()),
    ],
    [sent(TO_SERVER, client.query('SELECT')), sent(TO_CLIENT, server.error('42601') + server.ready('E'))],
    [
      sent(TO_SERVER, client.query('LISTEN a')),
      sent(TO_CLIENT, server.complete('LISTEN') + server.ready()),
      sent(TO_CLIENT, server.notification('a', 'b')),
    ],
    [
      sent(TO_SERVER, client.query('COPY a FROM STDIN')),
      sent(TO_CLIENT, server.copyIn + server.complete('COPY 0') + server.ready()),
    ],
  ),
);

/** A stream of HTTP/2: its id is given when the conversation is put together. */
const http2Exchange: fc.Arbitrary<(streamId: number) => readonly Sent[]> = fc
  .record({ path, isAdded: fc.boolean(), upload: text, body: text, frames: fc.nat(3) })
  .map((x) => (streamId) => {
    const target = x.isAdded ? added(':path', x.path) : literal(':path', x.path);
    const request = headers(streamId, GET + HTTP + target, x.upload === '');
    const upload = x.upload === '' ? '' : data(streamId, x.upload, true);
    const answer = headers(streamId, OK) + data(streamId, 'x').repeat(x.frames);
    const end = data(streamId, x.body, true);
    const split = end.length - x.body.length;
    return [
      sent(TO_SERVER, request + upload.slice(0, upload.length - x.upload.length), x.upload),
      sent(TO_CLIENT, answer + end.slice(0, split), x.body),
    ];
  });

/** Exchanges one after the other; or pipelined, all requests of a group before its responses. */
function conversation(
  exchange: fc.Arbitrary<readonly Sent[]>,
  pipelined: boolean,
): fc.Arbitrary<readonly Sent[]> {
  const one = fc.array(exchange, { minLength: 1, maxLength: 6 });
  if (!pipelined) return one.map((all) => all.flat());
  return fc
    .array(fc.array(exchange, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((groups) =>
      groups.flatMap((group) => {
        const all = group.flat();
        // Turns of several steps (SUBSCRIBE … UNSUBSCRIBE) keep their order.
        if (group.some((messages) => messages.filter((m) => m.side === TO_SERVER).length > 1)) return all;
        return [...all.filter((m) => m.side === TO_SERVER), ...all.filter((m) => m.side === TO_CLIENT)];
      }),
    );
}

export const httpConversation = (pipelined: boolean) => conversation(httpExchange, pipelined);
export const redisConversation = (pipelined: boolean) => conversation(redisExchange, pipelined);

export const mysqlConversation = (pipelined: boolean) => conversation(mysqlExchange, pipelined);
export const postgresqlConversation = (pipelined: boolean) => conversation(postgresqlExchange, pipelined);
/** Requests of FastCGI and their responses, which differ in their records; the id is told by the conversation. */
const fastcgiExchange: fc.Arbitrary<(id: number) => readonly Sent[]> = fc
  .record({
    uri: path,
    body: text,
    form: fc.constantFrom('none', 'whole', 'parts'),
    page: text,
    head: fc.constantFrom('Content-type: a\r\n\r\n', 'Status: 404 No\r\nA: b\r\n\r\n', 'X-A: b\n\n'),
    parts: fc.array(text, { maxLength: 3 }),
    errors: fc.constantFrom('', 'PHP Warning: no'),
    cutHead: fc.boolean(),
  })
  .map((x) => (id) => {
    const start =
      fastcgi.begin(id) +
      fastcgi.params(id, { QUERY_STRING: '', REQUEST_METHOD: 'POST', REQUEST_URI: x.uri });
    const request =
      x.form === 'whole' && x.body !== ''
        ? sent(
            TO_SERVER,
            start + fastcgi.record(5, id, x.body, false).slice(0, 8),
            x.body,
            fastcgi.record(5, id),
          )
        : sent(TO_SERVER, start + fastcgi.stdin(id, ...(x.form === 'none' ? [] : x.parts)));
    const errors = x.errors === '' ? '' : fastcgi.stderr(id, x.errors);
    const rest = x.parts.filter((part) => part !== '').map((part) => fastcgi.stdout(id, part));
    const colon = x.head.indexOf(':') + 1;
    const first = x.cutHead
      ? fastcgi.stdout(id, x.head.slice(0, colon)) +
        fastcgi.record(6, id, x.head.slice(colon) + x.page, false)
      : fastcgi.record(6, id, x.head + x.page, false);
    // Errors that come first, and are lost together with the end of the response before, are not missed by anybody.
    const end = errors + rest.join('') + fastcgi.end(id);
    const headEnd = first.length - x.page.length;
    return [request, sent(TO_CLIENT, first.slice(0, headEnd), x.page, end)];
  });
/** One request after the other as web servers send them, or all at once. */
export const fastcgiConversation = (pipelined: boolean) =>
  fc.array(fastcgiExchange, { minLength: 1, maxLength: 6 }).map((exchanges) => {
    const all = exchanges.flatMap((exchange, i) => exchange(pipelined ? i + 1 : 1));
    if (!pipelined) return all;
    return [...all.filter((m) => m.side === TO_SERVER), ...all.filter((m) => m.side === TO_CLIENT)];
  });

/** Calls of Dubbo and their answers, by id; an argument, and a value, is the body that may be lost. */
const dubboExchange: fc.Arbitrary<(id: number) => readonly Sent[]> = fc.oneof(
  fc
    .record({ argument: text, answer: text, fails: fc.constantFrom('', 'shop.SoldOut') })
    .map((x) => (id: number) => {
      const argument = x.argument.replaceAll('é', 'e');
      const call = dubbo.request(
        id,
        dubbo.call('add', 'Ljava/lang/String;', `S\0${String.fromCharCode(argument.length)}${argument}`),
      );
      // Behind the texts and the head of the argument, before the attachments.
      const from = call.lastIndexOf(`S\0${String.fromCharCode(argument.length)}${argument}H`) + 3;
      const value = x.answer.replaceAll('é', 'e');
      const answer = dubbo.response(
        id,
        x.fails === '' ? dubbo.value(dubbo.text(value)) : dubbo.thrown(x.fails),
      );
      return [
        sent(TO_SERVER, call.slice(0, from), argument, call.slice(from + argument.length)),
        sent(TO_CLIENT, answer),
      ];
    }),
  fc.constant((id: number) => [
    sent(TO_SERVER, dubbo.heartbeat(id)),
    sent(TO_CLIENT, dubbo.heartbeatAnswer(id)),
  ]),
  fc.constant((id: number) => [sent(TO_SERVER, dubbo.oneWay(id, dubbo.call('log', '', '')))]),
  fc.constant((id: number) => [
    sent(TO_SERVER, dubbo.request(id, dubbo.jsonbCall('add', {}), 23)),
    sent(TO_CLIENT, dubbo.response(id, dubbo.jsonbThrown('shop.SoldOut'), 20, 23)),
  ]),
);
/** Answers come in any order where calls do not wait for each other. */
export const dubboConversation = (pipelined: boolean) =>
  fc.array(dubboExchange, { minLength: 1, maxLength: 8 }).map((exchanges) => {
    const all = exchanges.flatMap((exchange, i) => exchange(100 + i));
    if (!pipelined) return all;
    return [...all.filter((m) => m.side === TO_SERVER), ...all.filter((m) => m.side === TO_CLIENT).reverse()];
  });
export const http2Conversation = (pipelined: boolean) =>
  fc.array(http2Exchange, { minLength: 1, maxLength: 8 }).map((streams) => {
    const all = streams.flatMap((stream, i) => stream(101 + 2 * i));
    if (!pipelined) return all;
    return [...all.filter((m) => m.side === TO_SERVER), ...all.filter((m) => m.side === TO_CLIENT)];
  });

export const ORIGINS: readonly [number, number] = [4_294_967_200, 77];

/** Feeds each message as one read. */
export function feedWhole(parser: Parser, messages: readonly Sent[]): void {
  const at: [number, number] = [...ORIGINS];
  for (const { side, bytes } of messages) {
    parser.feed(side, bytes, at[side]);
    at[side] += bytes.length;
  }
  finishBoth(parser, at);
}

/** Joins what one side says without being interrupted, and cuts it anew. @param cuts 0..1, taken in turn */
export function feedCut(parser: Parser, messages: readonly Sent[], cuts: readonly number[]): void {
  const at: [number, number] = [...ORIGINS];
  let cut = 0;
  for (let i = 0; i < messages.length; ) {
    const side = messages[i]!.side;
    const joined: number[] = [];
    for (; i < messages.length && messages[i]!.side === side; i++) joined.push(...messages[i]!.bytes);
    for (let from = 0; from < joined.length; ) {
      const share = cuts.length === 0 ? 1 : cuts[cut++ % cuts.length]!;
      const length = Math.max(1, Math.round(share * share * (joined.length - from)));
      // A buffer of its own that is overwritten afterwards: the parser must not keep it.
      const bytes = Uint8Array.from(joined.slice(from, from + length));
      parser.feed(side, bytes, at[side]);
      bytes.fill(0x2a);
      at[side] += bytes.length;
      from += bytes.length;
    }
  }
  finishBoth(parser, at);
}

/** Feeds each message as one read, but for bytes [from, to) of one side (counted from its first), which are lost. */
export function feedLossy(
  parser: Parser,
  messages: readonly Sent[],
  side: Side,
  from: number,
  to: number,
): void {
  const at: [number, number] = [...ORIGINS];
  const begin = ORIGINS[side] + from;
  const end = ORIGINS[side] + to;
  for (const message of messages) {
    const start = at[message.side];
    const { bytes } = message;
    const stop = start + bytes.length;
    at[message.side] = stop;
    const cutFrom = message.side === side ? Math.max(start, begin) : stop;
    const cutTo = message.side === side ? Math.min(stop, end) : stop;
    if (cutFrom >= cutTo) {
      parser.feed(message.side, bytes, start);
      continue;
    }
    parser.feed(side, bytes.subarray(0, cutFrom - start), start);
    parser.gap(side, cutFrom, cutTo - cutFrom);
    parser.feed(side, bytes.subarray(cutTo - start), cutTo);
  }
  finishBoth(parser, at);
}

function finishBoth(parser: Parser, at: readonly [number, number]): void {
  parser.finish(TO_SERVER, at[TO_SERVER]);
  parser.finish(TO_CLIENT, at[TO_CLIENT]);
}

/** Position of each message's first byte. */
export function startsOf(messages: readonly Sent[]): number[] {
  const at: [number, number] = [...ORIGINS];
  return messages.map(({ side, bytes }) => {
    const start = at[side];
    at[side] += bytes.length;
    return start;
  });
}
