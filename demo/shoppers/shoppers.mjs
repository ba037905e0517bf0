// A few people who use the shop at the same time: they look, buy, wait, and now and then ask for what fails.
import { appendFileSync } from 'node:fs';
import http from 'node:http';

const port = Number(process.env.SHOP_PORT);
const shoppers = Number(process.env.SHOPPERS ?? 4);
/** For whoever wants to know what was asked for: a line of JSON a request. */
const log = process.env.SHOPPERS_LOG;
const agent = new http.Agent({ keepAlive: true });
const skus = ['rope', 'magnet', 'rocket', 'paint', 'spring', 'tunnel', 'umbrella'];

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** One in twelve wants an anvil, whose price takes long. */
const sku = () => (Math.random() < 1 / 12 ? 'anvil' : pick(skus));
/** Now and then someone asks for what was never sold. */
const lookedFor = () => (Math.random() < 0.04 ? 'piano' : sku());

function send(method, path, body) {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers =
    text === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const from = Date.now();
  return new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, agent, headers }, (response) => {
      const { localPort } = response.socket;
      response.resume();
      response.on('end', () => {
        if (log) {
          const line = { from, to: Date.now(), localPort, method, path, status: response.statusCode };
          appendFileSync(log, `${JSON.stringify(line)}\n`);
        }
        resolve();
      });
      response.on('error', resolve);
    });
    request.on('error', resolve);
    request.end(text);
  });
}

/** Orders 1 to 60 exist, 13, 33 and 53 cannot be shown, a few ask for one that never was. */
const lookAtOrder = () =>
  send('GET', `/orders/${Math.random() < 0.05 ? 404_404 : 1 + Math.floor(Math.random() * 60)}`);
const lookAtProduct = () => send('GET', `/products/${lookedFor()}`);
const buy = (user) =>
  send('POST', '/cart', { user, sku: sku(), quantity: 1 + Math.floor(Math.random() * 3) });

async function shopper(name) {
  for (;;) {
    await pick([lookAtOrder, lookAtOrder, lookAtProduct, buy])(name);
    await pause(150 + Math.random() * 600);
  }
}

for (let i = 0; i < shoppers; i++) void shopper(`shopper-${i + 1}`);
