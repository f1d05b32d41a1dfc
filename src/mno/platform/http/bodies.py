"""A cap on request bodies, counted as they arrive, for every route that does not set its own.

Ingest has larger limits and looks at its own bodies: its paths are exempt here.
"""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mno.platform.http.problems import problem_response


class BodyLimit:
    """Refuses a body above `max_bytes` with 413, before or while it arrives."""

    def __init__(self, app: ASGIApp, max_bytes: int, exempt: tuple[str, ...] = ()) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._exempt):
            await self._app(scope, receive, send)
            return
        if self._announced(scope) > self._max_bytes:
            refusal = problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._detail(), instance=scope["path"])
            await refusal(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                # the framework turns any other error of a body into a 400
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._detail())
            return message

        await self._app(scope, receive_counted, send)

    def _announced(self, scope: Scope) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0

    def _detail(self) -> str:
        return f"The body is larger than {self._max_bytes} bytes, which is the limit here."
