"""What a protected resource says to a client that may not: where it learns how to get access.

Sources: RFC 6750 (Bearer), RFC 9728, 5.1.
"""

import re

from starlette.types import Scope

from mno.platform.errors import Denied, Unauthenticated
from mno.platform.principal import Principal

_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,260}")


def challenge(scope: Scope, resource: str, wanted: str, error: Exception) -> str | None:
    """The value of `WWW-Authenticate` for this refusal at `resource` (a path) where the scope `wanted` is needed; None
    where another token would not help.
    """
    headers = dict(scope["headers"])
    principal: Principal | None = scope.get("state", {}).get("principal")
    if isinstance(error, Unauthenticated):
        code = "invalid_token" if b"authorization" in headers else ""
    elif isinstance(error, Denied) and principal is not None and principal.audience:
        code = "insufficient_scope"
    else:
        return None
    parts = [f'error="{code}"'] if code else []
    base_url = _base_url(scope, headers.get(b"host", b"").decode("latin-1"))
    if base_url:
        parts.append(f'resource_metadata="{base_url}/.well-known/oauth-protected-resource{resource}"')
    return "Bearer " + ", ".join([*parts, f'scope="{wanted}"'])


def _base_url(scope: Scope, host: str) -> str:
    public_url: str = scope["app"].state.public_url
    return public_url or (f"{scope['scheme']}://{host}" if _HOST.fullmatch(host) else "")
