"""One greenlet for each request, on one thread: blocking code whose waits are turned into switches (gevent)."""

from gevent import monkey

monkey.patch_all()

import os
import random
import signal
import socket

import gevent
from common import TRUTH, Downstream
from gevent.pywsgi import WSGIServer

MIDDLE = Downstream(int(os.environ["MIDDLE_PORT"]))
LEAF = Downstream(int(os.environ["LEAF_PORT"]))
REASONS = {200: "200 OK", 500: "500 Internal Server Error", 502: "502 Bad Gateway"}


def work(serving):
    if random.random() < 0.06:
        return 200
    if random.random() < 0.4:
        calls = [gevent.spawn(MIDDLE.call, "/step", serving), gevent.spawn(LEAF.call, "/leaf", serving)]
        gevent.joinall(calls, raise_error=True)
        status = max(call.value for call in calls)
    else:
        status = MIDDLE.call("/step", serving)
    if status == 503 or random.random() < 0.5:
        status = LEAF.call("/leaf", serving)
    if random.random() < 0.03:
        return 500
    return 200 if status < 500 else 502


def application(environ, start_response):
    status = work(environ["PATH_INFO"].rsplit("/", 1)[-1])
    body = b'{"status": %d}' % status
    start_response(REASONS[status], [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=1024)
# Accepted sockets inherit it: head and body are written apart, and Nagle would hold the body back.
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
server = WSGIServer(listener, application, log=None)
gevent.signal_handler(signal.SIGTERM, server.stop)
server.serve_forever()
TRUTH.close()
