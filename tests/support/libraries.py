"""Imports what takes long before anything else does, in a thread of its own.

While coverage measures, libraries load at half their speed, and of them nothing is measured: so it looks away. And the
library of SCIM looks through the whole stack for each of its classes; pytest's is deep, that of a new thread is not.

Nothing is measured of our own modules either until the tests begin: what they run while they are loaded is the same in
each process, and one test measures that (`unit/test_loading.py`).
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from coverage import Coverage

from mno.platform.interpreter import collect_seldom

LIBRARIES = (
    "fastapi", "hypothesis", "numpy", "procrastinate", "psycopg_pool", "pyarrow", "redis.asyncio", "scim2_models",
    "webauthn", "mno.identity.scim.service",
)  # fmt: skip


def import_aside(*names: str) -> None:
    """In a thread that nobody measures."""

    def load() -> None:
        sys.settrace(None)
        for name in names:
            import_module(name)

    collect_seldom()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(load).result()


import_aside(*LIBRARIES)
if Coverage.current():  # a debugger is let alone
    sys.settrace(None)
