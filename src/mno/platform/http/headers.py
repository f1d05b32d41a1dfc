"""Security headers on every answer, as a plain ASGI layer: it touches the start message and never a body,
so a stream is not held back.

The policy allows what our own pages need and nothing from elsewhere: the hub may stand in a closed network.
Mantine and ECharts write style attributes, hence `unsafe-inline` for styles only.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

_ON_EVERY_ANSWER = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
_OF_THE_API = (*_ON_EVERY_ANSWER, (b"cache-control", b"no-store"))


class SecurityHeaders:
    """Adds the headers that an answer does not set itself; API answers are never cached unless they say so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                named = {name for name, _ in headers}
                wanted = _OF_THE_API if scope["path"].startswith(("/api/", "/scim/")) else _ON_EVERY_ANSWER
                message["headers"] = [*headers, *(header for header in wanted if header[0] not in named)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
