"""The paces of keys in Redis, for all processes together. While Redis does not answer, each process counts for itself:
a call is not refused for want of a counter.
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

#: With what the names of its keys begin; the braces keep a key's two on one node of a cluster.
ROOT = "mno:pace:"


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
        ended = {"ended": True, "id": self._id, "tokens": self._policy.tokens_per_minute or 0, "back": self._back}
        self._limits.tell(self._policy, ended)


class SharedLimits:
    """As `Limits`, which it falls back on."""

    def __init__(self, redis: Redis, own: Limits) -> None:
        self._redis = redis
        self._own = own
        self._script = redis.script((files(__package__) / "shared.lua").read_text())
        self._telling: set[asyncio.Task[None]] = set()
        self._is_away = False

    async def admit(self, policy: KeyPolicy | None, name: str, tokens: int, lease_s: float) -> Ticket:
        """Lets a call in; `LimitExceeded` as in `Limits`. What a killed process let in comes back after `lease_s`."""
        if policy is None or not (policy.requests_per_minute or policy.tokens_per_minute or policy.concurrent_calls):
            return FREE
        id_ = new_id().hex
        asked = {
            "id": id_,
            "calls": policy.requests_per_minute or 0,
            "tokens": policy.tokens_per_minute or 0,
            "running": policy.concurrent_calls or 0,
            "wanted": tokens,
            "lease_s": lease_s,
        }
        try:
            refused = await self._ask(policy, asked)
        except Unavailable:
            return self._own.enter(policy, name, tokens)
        if refused:
            raise _refusal(refused, policy, name)
        return SharedTicket(self, policy, tokens, id_)

    def tell(self, policy: KeyPolicy, ended: dict[str, Any]) -> None:
        """Lets Redis know of an end; nobody waits for it."""
        task = asyncio.get_running_loop().create_task(self._told(policy, ended))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def close(self) -> None:
        if self._telling:
            await asyncio.wait(self._telling)
        await self._redis.close()

    async def _told(self, policy: KeyPolicy, ended: dict[str, Any]) -> None:
        try:
            await self._ask(policy, ended)
        except Unavailable:
            return  # the call's lease ends by itself, and a minute's worth comes back in a minute

    async def _ask(self, policy: KeyPolicy, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = orjson.loads(await self._script.run(f"{ROOT}{{{policy.key_id.hex}}}", orjson.dumps(asked)))
        except Unavailable as error:
            if not self._is_away:
                _log.warning("The limits of keys are counted in this process alone, until Redis answers: %s", error)
            self._is_away = True
            raise
        self._is_away = False
        return dict(answer)


def _refusal(told: dict[str, Any], policy: KeyPolicy, name: str) -> LimitExceeded:
    match told["hit"]:
        case "running":
            return too_many_running(name, told["running"])
        case "calls":
            return too_many_calls(name, policy, ceil(told["wait_s"]))
        case _:
            return too_many_tokens(name, policy, ceil(told["wait_s"]))
