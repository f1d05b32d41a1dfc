"""Addresses that pages of every origin may ask (CORS): what a client must know and do before it has a token.

No cookie is sent along and none would count there, so a page learns and does nothing that any program may not.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

#: For how long a browser remembers that it may ask, in seconds.
REMEMBERED_S = 3_600


class OpenToPages:
    """Below these paths; everywhere else a browser keeps to its rule of one origin."""

    def __init__(self, app: ASGIApp, paths: tuple[str, ...]) -> None:
        self._app = app
        self._paths = paths
        self._open = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"], max_age=REMEMBERED_S
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] == "http" and scope["path"].startswith(self._paths)
        await (self._open if is_open else self._app)(scope, receive, send)
