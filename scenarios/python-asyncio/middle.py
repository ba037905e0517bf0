"""Middle of the chain: calls the leaf, sometimes twice, sometimes not at all."""

import os
import random

from common import call, serve

LEAF = int(os.environ["LEAF_PORT"])


async def work(app, serving):
    if random.random() < 0.04:
        return 503, {"error": "busy"}
    status = await call(app, LEAF, "/leaf", serving)
    if status != 200 or random.random() < 0.25:
        status = await call(app, LEAF, "/leaf", serving)
    return status, {"status": status}


serve(work)
