"""The application under test for clients that only speak WSGI from a thread of their own, as scim2-client does."""

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import httpx

from support.promises import PATIENCE_S


def wsgi_over(client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that asks `client` in `loop`, with the client's own headers."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        query = environ.get("QUERY_STRING")
        request = client.request(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"] + (f"?{query}" if query else ""),
            content=environ["wsgi.input"].read(),
            headers=headers,
        )
        answer = asyncio.run_coroutine_threadsafe(request, loop).result(timeout=PATIENCE_S)
        start_response(f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}", list(answer.headers.items()))
        return [answer.content]

    return application
