"""First service: calls one after the other, or two at once, on one event loop."""

import asyncio
import os
import random

from common import call, serve

MIDDLE = int(os.environ["MIDDLE_PORT"])
LEAF = int(os.environ["LEAF_PORT"])


async def work(app, serving):
    if random.random() < 0.06:
        return 200, {"cached": True}
    if random.random() < 0.4:
        statuses = await asyncio.gather(call(app, MIDDLE, "/step", serving), call(app, LEAF, "/leaf", serving))
        status = max(statuses)
    else:
        status = await call(app, MIDDLE, "/step", serving)
    if status == 503 or random.random() < 0.5:
        status = await call(app, LEAF, "/leaf", serving)
    if random.random() < 0.03:
        return 500, {"error": "front"}
    return (200 if status < 500 else 502), {"status": status}


serve(work)
