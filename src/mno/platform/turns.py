"""Taking turns at Redis: what is asked while a turn is under way goes there together, as the next; what is only told
waits a moment for those who ask.

One script decides a whole turn as one piece: it gets a JSON list and answers with a list of the same length.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson

from mno.platform.errors import Unavailable
from mno.platform.redis import Redis, Script

_log = logging.getLogger(__name__)

#: What goes to Redis in one turn.
MAX_REDIS_TURN = 500
#: How long what is told waits where nobody asks, in seconds.
GATHER_S = 0.005

Asked = dict[str, Any]
_Waiting = tuple[Asked, "asyncio.Future[Any] | None"]


class Turns:
    """Of one script over keys that begin with `root`; for one event loop. `undoing` makes of what was granted to
    somebody who had left what is told instead. `what` is counted, for the log.
    """

    def __init__(self, redis: Redis, script: str, root: str, undoing: Callable[[Asked], Asked], what: str) -> None:
        self._redis = redis
        self._script: Script = redis.script(script)
        self._root = root
        self._undoing = undoing
        self._what = what
        self._asked: list[_Waiting] = []
        self._under_way: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_away = False

    async def ask(self, asked: Asked) -> Any:
        """The script's answer; an empty one grants. `Unavailable` while Redis does not answer."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((asked, answer))
        self._begin()
        return await answer

    def tell(self, told: Asked) -> None:
        """Nobody waits for it."""
        self._asked.append((told, None))
        if self._timer is None and self._under_way is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._begin)

    async def told(self) -> None:
        """Returns when Redis knows all that it was told."""
        self._begin()
        while self._under_way is not None:
            await asyncio.wait([self._under_way])

    async def close(self) -> None:
        await self.told()
        await self._redis.close()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._under_way is None and self._asked:
            self._under_way = asyncio.get_running_loop().create_task(self._go_on())

    async def _go_on(self) -> None:
        try:
            while self._asked:
                taking, self._asked = self._asked[:MAX_REDIS_TURN], self._asked[MAX_REDIS_TURN:]
                await self._turn(taking)
        finally:
            self._under_way = None

    async def _turn(self, taking: list[_Waiting]) -> None:
        try:
            answers = orjson.loads(await self._script.run(self._root, orjson.dumps([asked for asked, _ in taking])))
        except Unavailable as error:
            if not self._is_away:
                _log.warning("%s are counted in this process alone, until Redis answers: %s", self._what, error)
            self._is_away = True
            for _, answer in taking:  # what was granted has a lease that ends, and a minute's worth comes back
                if answer is not None and not answer.done():
                    answer.set_exception(error)
            return
        self._is_away = False
        for (asked, answer), told in zip(taking, answers, strict=True):
            if answer is None:
                continue
            if not answer.done():
                answer.set_result(told)
            elif not told:
                self._asked.append((self._undoing(asked), None))
