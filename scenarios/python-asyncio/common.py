"""What the aiohttp services of this scenario share: the truth log, one client session and the shape of a handler."""

import atexit
import json
import os
import random
import secrets

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web


class TruthLog:
    """Appends who called whom, and why, to a file of its own; written every 100 lines and at the end."""

    def __init__(self, path):
        self._path = path
        self._lines = []
        atexit.register(self._write)

    def add(self, call, parent):
        self._lines.append(json.dumps({"call": call, "parent": parent}))
        if len(self._lines) >= 100:
            self._write()

    def _write(self):
        with open(self._path, "a", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in self._lines))
        self._lines = []


TRUTH = TruthLog(os.environ["TRUTH_LOG"])
SESSION = web.AppKey("session", ClientSession) if hasattr(web, "AppKey") else "session"


async def call(app, port, path, serving):
    """GET `path`/<fresh id> on behalf of the call `serving`; gives the status."""
    made = secrets.token_hex(16)
    TRUTH.add(made, serving)
    async with app[SESSION].get(f"http://127.0.0.1:{port}{path}/{made}") as response:
        await response.read()
        return response.status


def long_tailed(median_ms, limit_ms, sigma=0.8):
    """Seconds of a log-normal wait."""
    return min(random.lognormvariate(0, sigma) * median_ms, limit_ms) / 1000


def serve(work):
    """Serves `work(app, call id) -> (status, body)` on $PORT until SIGTERM."""

    async def handler(request):
        status, answer = await work(request.app, request.path.rsplit("/", 1)[-1])
        return web.json_response(answer, status=status)

    async def session(app):
        connector = TCPConnector(limit=0)
        app[SESSION] = ClientSession(connector=connector, timeout=ClientTimeout(total=30))
        yield
        await app[SESSION].close()

    app = web.Application()
    app.router.add_get("/{tail:.*}", handler)
    app.cleanup_ctx.append(session)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None, backlog=1024)
