// GraphQL over HTTP by graphql-http, both ends: `serve http|http2`, `ask http|http2 PORT`. The server prints its port.
import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { buildSchema } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import { createHandler as createHttp2Handler } from 'graphql-http/lib/use/http2';

const schema = buildSchema(`
  type Cart { id: ID!, items: Int! }
  type Query { cart(id: ID!): Cart! }
  type Mutation { add(id: ID!, note: String): Cart! }
`);
const cart = ({ id }) => ({ id, items: 3 });
const rootValue = { cart, add: cart };

function serve(isHttp2) {
  const server = isHttp2
    ? createHttp2Server(createHttp2Handler({ schema, rootValue }))
    : createServer(createHandler({ schema, rootValue }));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

/** What is asked: path and, of a POST, body. */
const REQUESTS = [
  ['/graphql', { query: 'query Cart($id: ID!) { cart(id: $id) { items } }', variables: { id: 'secret' } }],
  ['/graphql', { query: 'mutation Add { add(id: "secret", note: "secret") { id } }' }],
  [
    '/graphql',
    { query: 'query A { cart(id: 1) { id } } query B { cart(id: 2) { id } }', operationName: 'B' },
  ],
  ['/graphql', { query: '{ cart(id: "secret") { id } }' }],
  [`/graphql?query=${encodeURIComponent('query Got { cart(id: "secret") { id } }')}`],
];

async function askHttp(port) {
  for (const [path, body] of REQUESTS) {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const how = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await (await fetch(`http://127.0.0.1:${port}${path}`, how)).json();
    if (answer.errors !== undefined) throw new Error(JSON.stringify(answer));
  }
}

async function askHttp2(port) {
  const session = connect(`http://127.0.0.1:${port}`);
  for (const [path, body] of REQUESTS) {
    const stream = session.request({
      ':method': body === undefined ? 'GET' : 'POST',
      ':path': path,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    });
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    let text = '';
    for await (const chunk of stream) text += chunk;
    if (JSON.parse(text).errors !== undefined) throw new Error(text);
  }
  session.close();
}

const [mode, version, port] = process.argv.slice(2);
if (mode === 'serve') serve(version === 'http2');
else await (version === 'http2' ? askHttp2 : askHttp)(port);
