"""Imports what takes long before anything else does, in a thread of its own.

While coverage measures, libraries load at half their speed, and of them nothing is measured: so it looks away. And the
library of SCIM looks through the whole stack for each of its classes; pytest's is deep, that of a new thread is not.

What our own modules run while they are loaded is the same in each worker, so it is measured in the first.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from mno.platform.interpreter import collect_seldom

LIBRARIES = (
    "fastapi", "hypothesis", "numpy", "procrastinate", "psycopg_pool", "pyarrow", "redis.asyncio", "scim2_models",
    "webauthn",
)  # fmt: skip


MEASURED = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"


def import_aside(*names: str, measured: bool) -> None:
    def load() -> None:
        if not measured:
            sys.settrace(None)
        for name in names:
            import_module(name)

    collect_seldom()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(load).result()


import_aside(*LIBRARIES, measured=False)
if not MEASURED:
    sys.settrace(None)
