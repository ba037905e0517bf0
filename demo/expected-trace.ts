/** A span as the API tells it, as far as it is looked at here. */
export interface ShopSpan {
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly kind: string;
  readonly service: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Node {
  readonly service: string;
  readonly kind: string;
  /** `GET /stock/rope` or the text of the query, with its values. */
  readonly what: string;
  readonly status: number;
  readonly rows: number;
  readonly children: readonly Node[];
}

/** A call that a request has to make, in words and as a pattern. */
type Call = RegExp;

const escaped = (text: string) => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
const exactly = (text: string): Call => new RegExp(`^${escaped(text)}$`);
const beginning = (text: string): Call => new RegExp(`^${escaped(text)}`);

/** What a driver says on a connection that it has just made: in whose request it falls is right, that it does is not needed. */
const CONNECTION_SET_UP =
  /^(CONNECT|LOGIN|AUTHENTICATE|HELLO|CLIENT SETINFO|SET AUTOCOMMIT|SET NAMES|COM_|SSL)/i;

function nodeOf(span: ShopSpan, children: ReadonlyMap<string, readonly ShopSpan[]>): Node {
  const { attributes } = span;
  const path = attributes['url.path'];
  return {
    service: span.service,
    kind: span.kind,
    what:
      typeof path === 'string'
        ? `${String(attributes['http.request.method'])} ${path}`
        : String(attributes['db.query.text'] ?? span.name),
    status: Number(attributes['http.response.status_code'] ?? 0),
    rows: Number(attributes['db.response.returned_rows'] ?? 0),
    children: (children.get(span.spanId) ?? []).map((child) => nodeOf(child, children)),
  };
}

/** The calls that are neither asked for nor part of a connection's beginning, or are asked for and not there. */
function differences(server: Node, expected: readonly Call[]): string | null {
  const calls = server.children.map(({ what }) => what).filter((what) => !CONNECTION_SET_UP.test(what));
  for (const call of expected) {
    const at = calls.findIndex((what) => call.test(what));
    if (at < 0) return `${server.service}, ${server.what}: no call ${call.source}`;
    calls.splice(at, 1);
  }
  return calls.length === 0 ? null : `${server.service}, ${server.what}: a call too many, ${calls[0]}`;
}

const childWith = (server: Node, call: Call) => server.children.find(({ what }) => call.test(what));
/** The server's end of a call. */
const servedBy = (server: Node, call: Call) => childWith(server, call)?.children[0];

function ordersCalls(server: Node): Call[] {
  const [, place, name] = server.what.split('/');
  if (place === 'stock') {
    const remembered = exactly(`GET stock:${name}`);
    const select = exactly(`SELECT pieces FROM stock WHERE sku = '${name}'`);
    const selected = childWith(server, select);
    if (selected === undefined) return [remembered];
    return selected.rows > 0 ? [remembered, select, beginning(`SET stock:${name} `)] : [remembered, select];
  }
  if (place === 'carts') return [beginning(`RPUSH cart:${name} `), exactly(`EXPIRE cart:${name} 600`)];
  const number = Number(name);
  if (number % 20 === 13) {
    return [exactly(`SELECT sku, quantity FROM orders_archive WHERE number = ${number}`)];
  }
  const order = exactly(`SELECT customer FROM orders WHERE number = ${number}`);
  if ((childWith(server, order)?.rows ?? 0) === 0) return [order];
  return [order, exactly(`SELECT sku, quantity FROM items WHERE number = ${number}`)];
}

function pricingCalls(server: Node, sku: string): Call[] {
  const query =
    sku === 'anvil'
      ? 'SELECT cents FROM prices, pg_sleep(0.25 + 0.3 * random()) WHERE sku = $1'
      : 'SELECT cents FROM prices WHERE sku = $1';
  // Prepared, and then executed.
  const price = [exactly(query), exactly(query)];
  return server.what === 'POST /quotes' ? [...price, exactly(`GET /stock/${sku}`)] : price;
}

function storefrontCalls(server: Node): Call[] {
  const [, place, name] = server.what.split('/');
  if (place === 'products') return [exactly(`GET /prices/${name}`), exactly(`GET /stock/${name}`)];
  if (place === 'orders') {
    const order = exactly(`GET /orders/${name}`);
    const items = servedBy(server, order)?.children.find(({ what }) => what.includes(' FROM items '));
    return [order, ...Array.from({ length: items?.rows ?? 0 }, () => beginning('GET /prices/'))];
  }
  const sku = cartSku(server);
  const stock = exactly(`GET /stock/${sku}`);
  return server.status === 409 ? [stock] : [stock, exactly('POST /quotes'), beginning('POST /carts/')];
}

/** What a cart is asked for: its path does not say, its first call does. */
function cartSku(server: Node): string {
  return childWith(server, beginning('GET /stock/'))?.what.slice('GET /stock/'.length) ?? '?';
}

/** The products of an order are different ones, and the cart's line is about what its quote is about. */
function contradiction(server: Node): string | null {
  if (server.what.startsWith('GET /orders/')) {
    const prices = server.children.map(({ what }) => what).filter((what) => what.startsWith('GET /prices/'));
    return new Set(prices).size === prices.length ? null : 'a price was asked for twice';
  }
  if (server.what !== 'POST /cart' || server.status === 409) return null;
  const line = servedBy(server, beginning('POST /carts/'))?.children.find(({ what }) =>
    what.startsWith('RPUSH'),
  );
  return line?.what.includes(`"sku": "${cartSku(server)}"`) === true ? null : 'the cart got another product';
}

function expectedCalls(server: Node, sku: string): readonly Call[] | null {
  switch (server.service) {
    case 'nginx':
      return [exactly(server.what)];
    case 'storefront':
      return storefrontCalls(server);
    case 'orders':
      return ordersCalls(server);
    case 'pricing':
      return pricingCalls(
        server,
        server.what === 'POST /quotes' ? sku : server.what.slice('GET /prices/'.length),
      );
    case 'mariadbd':
    case 'redis-server':
    case 'postgres':
      return [];
    default:
      return null;
  }
}

function faultOfServer(server: Node, sku: string): string | null {
  const expected = expectedCalls(server, sku);
  if (expected === null) return `a service that the shop has not, ${server.service}`;
  const fault =
    differences(server, expected) ?? (server.service === 'storefront' ? contradiction(server) : null);
  if (fault !== null) return fault;
  const bought = server.what === 'POST /cart' && server.service === 'storefront' ? cartSku(server) : sku;
  for (const call of server.children) {
    const deeper = faultOfCall(call, bought);
    if (deeper !== null) return deeper;
  }
  return null;
}

function faultOfCall(call: Node, sku: string): string | null {
  const [served] = call.children;
  if (call.kind !== 'client')
    return `${call.service}, ${call.what}: a ${call.kind} span where a call was expected`;
  if (served === undefined) return `${call.service}, ${call.what}: nobody served it`;
  if (call.children.length > 1) return `${call.service}, ${call.what}: ${call.children.length} served it`;
  if (served.kind !== 'server') return `${call.service}, ${call.what}: served by a ${served.kind} span`;
  if (served.what !== call.what) return `${call.service}, ${call.what}: served as ${served.what}`;
  return faultOfServer(served, sku);
}

/**
 * What is wrong with a trace of one of the shop's requests, by what its programs do: each call that a request of its kind makes,
 * with its values, has both its ends and its place, and there is nothing else. Null: nothing.
 * @param spans the whole trace, unmasked
 * @param request what the shopper asked for, `GET /orders/7`
 */
export function faultOfTrace(spans: readonly ShopSpan[], request: string): string | null {
  const children = new Map<string, ShopSpan[]>();
  for (const span of spans) {
    if (span.parentSpanId !== null)
      children.set(span.parentSpanId, [...(children.get(span.parentSpanId) ?? []), span]);
  }
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === null);
  if (roots.length !== 1) return `${roots.length} roots`;
  const root = nodeOf(roots[0]!, children);
  if (root.service !== 'shoppers' || root.what !== request)
    return `its root is ${root.service}, ${root.what}`;
  return faultOfCall(root, '?');
}
