"""Imports what takes long before anything else does, in a thread of its own.

While coverage measures, libraries load at half their speed, and of them nothing is measured: so it looks away. And the
library of SCIM looks through the whole stack for each of its classes; pytest's is deep, that of a new thread is not.

What our own modules run while they are loaded is the same in each worker, so the first measures it, of all of them and
of nothing else that is loaded.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pkgutil import walk_packages

from coverage import Coverage

import mno
from mno.platform.interpreter import collect_seldom

LIBRARIES = (
    "fastapi", "hypothesis", "numpy", "procrastinate", "psycopg_pool", "pyarrow", "redis.asyncio", "scim2_models",
    "webauthn",
)  # fmt: skip

_FIRST = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"


def import_aside(*names: str, measured: bool) -> None:
    def load() -> None:
        if not measured:
            sys.settrace(None)
        for name in names:
            import_module(name)

    collect_seldom()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(load).result()


def _import_ours() -> None:
    """All modules of the program where they are measured, else the one that is slow under a deep stack."""
    measured = Coverage.current() is not None  # a debugger is let alone
    if measured and _FIRST:
        ours = (module.name for module in walk_packages(mno.__path__, "mno."))
        import_aside(*(name for name in ours if not name.endswith("__main__")), measured=True)
    else:
        import_aside("mno.identity.scim.service", measured=False)
    if measured:
        sys.settrace(None)


import_aside(*LIBRARIES, measured=False)
_import_ours()
