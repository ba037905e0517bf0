// The shop's front: one event loop that gathers what the other services know.
//   GET /orders/{id}   POST /cart   GET /products/{sku}
import http from 'node:http';

const agent = new http.Agent({ keepAlive: true });
const services = {
  orders: Number(process.env.ORDERS_PORT ?? 0),
  pricing: Number(process.env.PRICING_PORT ?? 0),
};

/** Asks another service; resolves to its status and JSON, to status 0 when the service is not part of this shop. */
function ask(service, method, path, body) {
  const port = services[service];
  if (port === 0) return Promise.resolve({ status: 0, value: {} });
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers =
      text === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const request = http.request({ host: '127.0.0.1', port, method, path, agent, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        answer += part;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, value: JSON.parse(answer) }));
    });
    request.on('error', reject);
    request.end(text);
  });
}

async function showOrder(id) {
  const order = await ask('orders', 'GET', `/orders/${id}`);
  if (order.status !== 200)
    return [order.status === 404 ? 404 : 502, { error: 'no such order, or no orders' }];
  const prices = await Promise.all(
    order.value.items.map(({ sku }) => ask('pricing', 'GET', `/prices/${sku}`)),
  );
  const total = order.value.items.reduce(
    (sum, item, i) => sum + item.quantity * (prices[i].value.cents ?? 0),
    0,
  );
  return [200, { ...order.value, total }];
}

async function addToCart({ user, sku, quantity }) {
  const stock = await ask('orders', 'GET', `/stock/${sku}`);
  if (stock.status === 200 && stock.value.left < quantity) return [409, { error: 'sold out' }];
  const [quote, cart] = await Promise.all([
    ask('pricing', 'POST', '/quotes', { sku, quantity }),
    ask('orders', 'POST', `/carts/${user}`, { sku, quantity }),
  ]);
  if (cart.status >= 500 || quote.status >= 500) return [502, { error: 'try again' }];
  return [201, { cents: quote.value.cents, lines: cart.value.lines }];
}

async function showProduct(sku) {
  const [price, stock] = await Promise.all([
    ask('pricing', 'GET', `/prices/${sku}`),
    ask('orders', 'GET', `/stock/${sku}`),
  ]);
  if (price.status === 404) return [404, { error: 'unknown product' }];
  return [200, { sku, cents: price.value.cents, left: stock.value.left }];
}

async function bodyOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return JSON.parse(text);
}

async function route(request) {
  const [, place, name] = request.url.split('/');
  if (request.method === 'GET' && place === 'orders') return showOrder(name);
  if (request.method === 'GET' && place === 'products') return showProduct(name);
  if (request.method === 'POST' && place === 'cart') return addToCart(await bodyOf(request));
  return [404, { error: 'nothing here' }];
}

const server = http.createServer(async (request, response) => {
  let answer;
  try {
    answer = await route(request);
  } catch (error) {
    answer = [502, { error: error.message }];
  }
  const [status, value] = answer;
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
});
server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
