"""A process for each connection (fork): one or two calls a request, one after the other, over a connection of the process's own."""

import http.client
import json
import os
import random
import secrets
import signal
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ForkingMixIn

MIDDLE = int(os.environ["MIDDLE_PORT"])
TRUTH = os.open(os.environ["TRUTH_LOG"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    middle = None

    def call(self, serving):
        """GET /step/<fresh id> on behalf of the call `serving`; gives the status."""
        call = secrets.token_hex(16)
        # Several processes append: a line is one write.
        os.write(TRUTH, (json.dumps({"call": call, "parent": serving}) + "\n").encode())
        if self.middle is None:
            self.middle = http.client.HTTPConnection("127.0.0.1", MIDDLE, timeout=30)
        self.middle.request("GET", f"/step/{call}")
        response = self.middle.getresponse()
        response.read()
        return response.status

    def do_GET(self):
        serving = self.path.rsplit("/", 1)[-1]
        status = 200
        if random.random() > 0.06:
            status = self.call(serving)
            if status == 503 or random.random() < 0.4:
                status = self.call(serving)
        body = json.dumps({"status": status}).encode()
        self.send_response(200 if status < 500 else 502)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ForkingMixIn, HTTPServer):
    max_children = 512
    request_queue_size = 256


server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
parent = os.getpid()


def stop(*_):
    # Children inherit the handler, and have nobody to shut down.
    if os.getpid() != parent:
        os._exit(0)
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, stop)
server.serve_forever()
