"""The paces of keys in Redis, for all processes together. While Redis does not answer, each process counts for itself:
a call is not refused for want of a counter.
"""

from importlib.resources import files
from math import ceil
from typing import Any

from mno.llm_gateway.model import KeyPolicy
from mno.llm_gateway.pace.limits import FREE, Limits, Ticket, too_many_calls, too_many_running, too_many_tokens
from mno.platform.errors import LimitExceeded, Unavailable
from mno.platform.ids import new_id
from mno.platform.redis import Redis
from mno.platform.turns import Asked, Turns

#: With what the names of its keys begin; the braces keep them on one node of a cluster.
ROOT = "mno:{pace}:"


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
        self._own = own
        script = (files(__package__) / "shared.lua").read_text()
        self._turns = Turns(redis, script, ROOT, _undone, "The limits of keys")

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
            refused = await self._turns.ask(asked)
        except Unavailable:
            return self._own.enter(policy, name, tokens)
        if refused:
            raise _refusal(refused, policy, name)
        return SharedTicket(self, policy, tokens, id_)

    def tell(self, ended: Asked) -> None:
        """Lets Redis know of an end; nobody waits for it."""
        self._turns.tell(ended)

    async def told(self) -> None:
        """Returns when Redis knows of every end."""
        await self._turns.told()

    async def close(self) -> None:
        await self._turns.close()


def _undone(asked: Asked) -> Asked:
    """Of a call that was let in when its caller had left."""
    return _ended(asked["key"], asked["id"], asked["tokens"], asked["wanted"])


def _ended(key: str, id_: str, per_minute: int, back: int) -> Asked:
    return {"ended": True, "key": key, "id": id_, "tokens": per_minute, "back": back}


def _refusal(told: dict[str, Any], policy: KeyPolicy, name: str) -> LimitExceeded:
    match told["hit"]:
        case "running":
            return too_many_running(name, told["running"])
        case "calls":
            return too_many_calls(name, policy, ceil(told["wait_s"]))
        case _:
            return too_many_tokens(name, policy, ceil(told["wait_s"]))
