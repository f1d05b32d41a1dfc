"""What an event loop waits for and another thread brings about."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Value = TypeVar("Value")

_log = logging.getLogger(__name__)


class Promise(Generic[Value]):
    """Made on the event loop that awaits `kept`; kept or broken once, by any thread."""

    __slots__ = ("kept", "loop", "value")

    def __init__(self, value: Value) -> None:
        self.loop = asyncio.get_running_loop()
        self.kept: asyncio.Future[Value] = self.loop.create_future()
        #: What `kept` results in; may be set until the promise is kept.
        self.value = value


def keep_all(promises: Iterable[Promise[Value]]) -> None:
    """Whoever awaits one of these gets its value: one hop into each event loop."""
    _hop(promises, lambda promise: promise.kept.set_result(promise.value))


def break_all(promises: Iterable[Promise[Value]], error: BaseException) -> None:
    """Whoever awaits one of these gets the error."""
    _hop(promises, lambda promise: promise.kept.set_exception(error))


def _hop(promises: Iterable[Promise[Value]], resolve: Callable[[Promise[Value]], None]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Promise[Value]]] = {}
    for promise in promises:
        by_loop.setdefault(promise.loop, []).append(promise)
    for loop, awaited in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, awaited, resolve)
        except RuntimeError:
            _log.warning("An event loop ended before its deliveries were acknowledged.")


def _resolve(awaited: list[Promise[Value]], resolve: Callable[[Promise[Value]], None]) -> None:
    for promise in awaited:
        if not promise.kept.done():  # who awaited it may have left
            resolve(promise)
