"""The whole instrumentation: runs an aiohttp program so that what a request brought as X-Request-ID goes with every call made for it."""

import runpy
import sys
from contextvars import ContextVar

from aiohttp import ClientSession, web

current = ContextVar("request_id", default=None)
make_application = web.Application.__init__
call = ClientSession._request


@web.middleware
async def remember(request, handler):
    current.set(request.headers.get("X-Request-ID"))
    return await handler(request)


async def call_with_id(self, method, url, *, headers=None, **options):
    known = current.get()
    sent = headers if known is None else {**(headers or {}), "X-Request-ID": known}
    return await call(self, method, url, headers=sent, **options)


web.Application.__init__ = lambda self, **options: make_application(self, middlewares=[remember], **options)
ClientSession._request = call_with_id
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
