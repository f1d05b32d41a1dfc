"""How much may be called, counted in Redis for all processes together. While Redis does not answer, each process counts
for itself: a call is not refused for want of a counter.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from importlib.resources import files

from mno.mcp_gateway.calls.pace import Limit, Paces, Use, too_many_calls, too_many_running
from mno.mcp_gateway.model import Server
from mno.platform.errors import Unavailable
from mno.platform.ids import new_id
from mno.platform.redis import Redis
from mno.platform.turns import Asked, Turns

#: With what the names of its keys begin; the braces keep them on one node of a cluster.
ROOT = "mno:{tools}:"


class SharedPaces:
    """As `Paces`, which goes on counting what this process does, and decides while Redis is away."""

    def __init__(self, redis: Redis, own: Paces) -> None:
        self._own = own
        script = (files(__package__) / "shared_pace.lua").read_text()
        self._turns = Turns(redis, script, ROOT, _ended, "The limits of tools")

    @contextlib.asynccontextmanager
    async def admitted(self, limits: Sequence[Limit], lease_s: float) -> AsyncIterator[None]:
        asked: Asked = {"id": new_id().hex, "lease_s": lease_s, "limits": [_told(limit) for limit in limits]}
        try:
            refused = await self._turns.ask(asked)
        except Unavailable:
            async with self._own.admitted(limits, lease_s):
                yield
            return
        if refused:
            limit = limits[refused["place"] - 1]
            raise (
                too_many_running(limit, refused["running"])
                if "running" in refused
                else too_many_calls(limit, refused["wait_s"])
            )
        try:
            with self._own.counted(limits):
                yield
        finally:
            self._turns.tell(_ended(asked))

    def use_of(self, server: Server) -> Use:
        return self._own.use_of(server)

    async def told(self) -> None:
        """Returns when Redis knows of every end."""
        await self._turns.told()

    async def close(self) -> None:
        await self._turns.close()


def _told(limit: Limit) -> Asked:
    return {"key": limit.key, "per_minute": limit.per_minute or 0, "at_once": limit.at_once or 0}


def _ended(asked: Asked) -> Asked:
    """The end of a call that was let in."""
    return {"ended": True, "id": asked["id"], "keys": [limit["key"] for limit in asked["limits"]]}
