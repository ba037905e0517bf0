"""What the services of this chain share: the truth log, a connection pool and the shape of a handler."""

import http.client
import json
import os
import queue
import random
import secrets
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TruthLog:
    """Appends who called whom, and why, to a file of its own; written every 100 lines and at the end."""

    def __init__(self, path):
        self._path = path
        self._lines = []
        self._lock = threading.Lock()

    def add(self, call, parent):
        with self._lock:
            self._lines.append(json.dumps({"call": call, "parent": parent}))
            if len(self._lines) >= 100:
                self._write()

    def _write(self):
        with open(self._path, "a", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in self._lines))
        self._lines = []

    def close(self):
        with self._lock:
            self._write()


TRUTH = TruthLog(os.environ["TRUTH_LOG"])


class Downstream:
    """Blocking HTTP/1.1 client with a pool of kept connections, shared by all threads."""

    def __init__(self, port):
        self._port = port
        self._idle = queue.LifoQueue()

    def call(self, path, serving):
        """GET `path`/<fresh id> on behalf of the call `serving`; gives the status."""
        call = secrets.token_hex(16)
        TRUTH.add(call, serving)
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", f"{path}/{call}")
        response = connection.getresponse()
        response.read()
        self._idle.put(connection)
        return response.status


def long_tailed(median_ms, limit_ms, sigma=0.8):
    """Seconds of a log-normal wait."""
    return min(random.lognormvariate(0, sigma) * median_ms, limit_ms) / 1000


def wait(median_ms, limit_ms):
    time.sleep(long_tailed(median_ms, limit_ms))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(work):
    """Serves `work(call id) -> (status, body)` on $PORT until SIGTERM."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            status, answer = work(self.path.rsplit("/", 1)[-1])
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)

    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()
    TRUTH.close()
