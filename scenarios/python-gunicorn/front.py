"""Processes that were forked beforehand and share one listening socket (gunicorn, sync workers): one request at a time each."""

import http.client
import json
import os
import random
import secrets

MIDDLE = http.client.HTTPConnection("127.0.0.1", int(os.environ["MIDDLE_PORT"]), timeout=30)
TRUTH = os.open(os.environ["TRUTH_LOG"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
REASONS = {200: "200 OK", 502: "502 Bad Gateway"}


def call(serving):
    """GET /step/<fresh id> on behalf of the call `serving`; gives the status."""
    made = secrets.token_hex(16)
    # Several processes append: a line is one write.
    os.write(TRUTH, (json.dumps({"call": made, "parent": serving}) + "\n").encode())
    MIDDLE.request("GET", f"/step/{made}")
    response = MIDDLE.getresponse()
    response.read()
    return response.status


def application(environ, start_response):
    serving = environ["PATH_INFO"].rsplit("/", 1)[-1]
    status = 200
    if random.random() > 0.06:
        status = call(serving)
        if status == 503 or random.random() < 0.4:
            status = call(serving)
    body = json.dumps({"status": status}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(REASONS[200 if status < 500 else 502], headers)
    return [body]
