"""Applications on real ports of this machine, in the loop of the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from mno.entry.web import uvicorn_config


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address of the hub's application, served as the program serves it."""
    config = uvicorn_config(app)
    config.port = 0
    async with _running(config) as address:
        yield address


@asynccontextmanager
async def serving(app: Any, lifespan: Any = "auto") -> AsyncIterator[str]:
    """The address of any other ASGI application."""
    config = uvicorn.Config(
        app, port=0, lifespan=lifespan, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1
    )
    async with _running(config) as address:
        yield address


@asynccontextmanager
async def _running(config: uvicorn.Config) -> AsyncIterator[str]:
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
