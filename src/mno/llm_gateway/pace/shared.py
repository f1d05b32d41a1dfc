"""The paces of keys in Redis, for all processes together. While Redis does not answer, each process counts for itself:
a call is not refused for want of a counter.

What is asked while a turn is under way goes to Redis together, as the next; ends wait a moment for those who begin.
"""

import asyncio
import logging
from importlib.resources import files
from math import ceil
from typing import Any

import orjson

from mno.llm_gateway.model import KeyPolicy
from mno.llm_gateway.pace.limits import FREE, Limits, Ticket, too_many_calls, too_many_running, too_many_tokens
from mno.platform.errors import LimitExceeded, Unavailable
from mno.platform.ids import new_id
from mno.platform.redis import Redis

_log = logging.getLogger(__name__)

#: With what the names of its keys begin; the braces keep them on one node of a cluster.
ROOT = "mno:{pace}:"
#: What goes to Redis in one turn.
MAX_PACE_TURN = 500
#: How long an end waits where nobody begins, in seconds.
GATHER_S = 0.005

_Asked = tuple[dict[str, Any], "asyncio.Future[dict[str, Any]] | None"]


class SharedTicket:
    """One call that Redis let in."""

    def __init__(self, limits: "SharedLimits", policy: KeyPolicy, held: int, id_: str) -> None:
        self._limits = limits
        self._policy = policy
        self._held = held
        self._back = 0
        self._id = id_

    def used(self, tokens: int) -> None:
        self._back = self._held - tokens

    def end(self) -> None:
        self._limits.tell(_ended(self._policy.key_id.hex, self._id, self._policy.tokens_per_minute or 0, self._back))


class SharedLimits:
    """As `Limits`, which it falls back on."""

    def __init__(self, redis: Redis, own: Limits) -> None:
        self._redis = redis
        self._own = own
        self._script = redis.script((files(__package__) / "shared.lua").read_text())
        self._asked: list[_Asked] = []
        self._under_way: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_away = False

    async def admit(self, policy: KeyPolicy | None, name: str, tokens: int, lease_s: float) -> Ticket:
        """Lets a call in; `LimitExceeded` as in `Limits`. What a killed process let in comes back after `lease_s`."""
        if policy is None or not (policy.requests_per_minute or policy.tokens_per_minute or policy.concurrent_calls):
            return FREE
        id_ = new_id().hex
        asked = {
            "key": policy.key_id.hex,
            "id": id_,
            "calls": policy.requests_per_minute or 0,
            "tokens": policy.tokens_per_minute or 0,
            "running": policy.concurrent_calls or 0,
            "wanted": tokens,
            "lease_s": lease_s,
        }
        try:
            refused = await self._ask(asked)
        except Unavailable:
            return self._own.enter(policy, name, tokens)
        if refused:
            raise _refusal(refused, policy, name)
        return SharedTicket(self, policy, tokens, id_)

    def tell(self, ended: dict[str, Any]) -> None:
        """Lets Redis know of an end; nobody waits for it."""
        self._asked.append((ended, None))
        if self._timer is None and self._under_way is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._begin)

    async def told(self) -> None:
        """Returns when Redis knows of every end."""
        self._begin()
        while self._under_way is not None:
            await asyncio.wait([self._under_way])

    async def close(self) -> None:
        await self.told()
        await self._redis.close()

    async def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append((asked, answer))
        self._begin()
        return await answer

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._under_way is None and self._asked:
            self._under_way = asyncio.get_running_loop().create_task(self._go_on())

    async def _go_on(self) -> None:
        try:
            while self._asked:
                taking, self._asked = self._asked[:MAX_PACE_TURN], self._asked[MAX_PACE_TURN:]
                await self._turn(taking)
        finally:
            self._under_way = None

    async def _turn(self, taking: list[_Asked]) -> None:
        try:
            answers = orjson.loads(await self._script.run(ROOT, orjson.dumps([asked for asked, _ in taking])))
        except Unavailable as error:
            if not self._is_away:
                _log.warning("The limits of keys are counted in this process alone, until Redis answers: %s", error)
            self._is_away = True
            for _, answer in taking:  # a call's lease ends by itself, and a minute's worth comes back in a minute
                if answer is not None and not answer.done():
                    answer.set_exception(error)
            return
        self._is_away = False
        for (asked, answer), told in zip(taking, answers, strict=True):
            if answer is None:
                continue
            if not answer.done():
                answer.set_result(told)
            elif not told:  # it was let in when its caller had left
                self._asked.append((_ended(asked["key"], asked["id"], asked["tokens"], asked["wanted"]), None))


def _ended(key: str, id_: str, per_minute: int, back: int) -> dict[str, Any]:
    return {"ended": True, "key": key, "id": id_, "tokens": per_minute, "back": back}


def _refusal(told: dict[str, Any], policy: KeyPolicy, name: str) -> LimitExceeded:
    match told["hit"]:
        case "running":
            return too_many_running(name, told["running"])
        case "calls":
            return too_many_calls(name, policy, ceil(told["wait_s"]))
        case _:
            return too_many_tokens(name, policy, ceil(told["wait_s"]))
