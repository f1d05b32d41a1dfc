"""The certificates of the machine, read once for a process and not once for each HTTP client of a test."""

import functools
import os
import ssl
from typing import Any

from httpx._config import create_ssl_context
from httpx._transports import default


def share_trust() -> None:
    """For every client of httpx that this process makes from now on."""
    vars(default)["create_ssl_context"] = _context


def _context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    told = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if trust_env else ()
    return _shared(verify, cert, trust_env, told)


@functools.cache
def _shared(verify: Any, cert: Any, trust_env: bool, _: tuple[str | None, ...]) -> ssl.SSLContext:
    return create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
