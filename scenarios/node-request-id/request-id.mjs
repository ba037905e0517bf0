// The whole instrumentation (node --import): what a request brought as X-Request-ID goes with every call that is made for it.
import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';

const current = new AsyncLocalStorage();

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, ...args) {
  if (event !== 'request') return emit.call(this, event, ...args);
  return current.run(args[0].headers['x-request-id'], () => emit.call(this, event, ...args));
};

const withId = (headers) => {
  const id = current.getStore();
  return id === undefined ? headers : { ...headers, 'x-request-id': id };
};

const { get } = http;
http.get = (options, then) => get({ ...options, headers: withId(options.headers) }, then);

const { fetch } = globalThis;
globalThis.fetch = (url, options) => fetch(url, { ...options, headers: withId(options?.headers) });
