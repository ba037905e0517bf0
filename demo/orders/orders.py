"""Orders, stock and carts, kept in Redis. A thread serves each connection.

GET /orders/{id}   GET /stock/{sku}   POST /carts/{user}
"""

import json
import os
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from memory import Memory
from redis import Redis

SKUS = ["anvil", "rope", "magnet", "rocket", "paint", "spring", "tunnel", "umbrella"]
ORDERS = 60

redis_port = os.environ.get("REDIS_PORT")
store = Redis(int(redis_port)) if redis_port else Memory()


def fill():
    """Gives the shop something to sell."""
    orders = []
    for number in range(1, ORDERS + 1):
        items = [{"sku": sku, "quantity": random.randint(1, 4)} for sku in random.sample(SKUS, random.randint(1, 3))]
        orders += [f"order:{number}", json.dumps({"id": number, "items": items})]
    store.run("MSET", *orders)
    stock = []
    for sku in SKUS:
        stock += [sku, 0 if sku == "tunnel" else random.randint(20, 500)]
    store.run("HSET", "stock", *stock)


def order(number):
    found = store.run("GET", f"order:{number}")
    if found is None:
        return 404, {"error": "unknown order"}
    if number.endswith("13"):
        # A bug of the shop: these orders were written by an old version.
        raise ValueError("order has no currency")
    return 200, json.loads(found)


def stock(sku):
    left = store.run("HGET", "stock", sku)
    return (404, {"error": "unknown product"}) if left is None else (200, {"sku": sku, "left": int(left)})


def add_to_cart(user, line):
    lines, _ = store.pipeline(("RPUSH", f"cart:{user}", json.dumps(line)), ("EXPIRE", f"cart:{user}", 600))
    return 201, {"user": user, "lines": lines}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        _, place, name = self.path.split("/", 2)
        self.answer({"orders": order, "stock": stock}.get(place), name)

    def do_POST(self):
        _, place, name = self.path.split("/", 2)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"carts": add_to_cart}.get(place), name, body)

    def answer(self, work, *arguments):
        try:
            status, value = work(*arguments) if work else (404, {"error": "nothing here"})
        except Exception as error:
            status, value = 500, {"error": str(error)}
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


fill()
ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
