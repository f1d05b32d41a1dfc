"""Redis: one client, whose errors are ours, and scripts that are atomic.

It holds only what can be counted or made again: nothing that is lost with it is missed for long. Every key of the
program begins with `mno:`.
"""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError, ResponseError

from mno.platform.errors import Invalid, Unavailable

#: How long Redis may take to answer, in seconds.
REDIS_WAIT_S = 2.0
#: Commands that go to it in one piece.
MAX_REDIS_PIPELINE = 1_000
#: A connection that was idle for so long is asked whether it lives before it is used, in seconds.
REDIS_IDLE_S = 10


class Redis:
    """Connects when it is first asked; `Unavailable` while nobody answers. A command may be sent twice."""

    def __init__(self, url: str) -> None:
        """`redis://`, `rediss://` or `unix://`; `Invalid` for anything else."""
        self.url = url
        try:
            self._client: Client = Client.from_url(
                url,
                decode_responses=True,
                socket_timeout=REDIS_WAIT_S,
                socket_connect_timeout=REDIS_WAIT_S,
                health_check_interval=REDIS_IDLE_S,
                retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 1),
            )
        except ValueError as error:
            raise Invalid(
                "MNO_REDIS_URL is no address of a Redis: redis://host:6379/0, rediss://… or unix://…"
            ) from error

    async def ask(self, *command: str | int | float) -> Any:
        """One command's answer; text is text."""
        return await _answered(self._client.execute_command(*command))  # type: ignore[no-untyped-call]

    async def ask_all(self, commands: Sequence[Sequence[str | int | float]]) -> list[Any]:
        """Many commands' answers, MAX_REDIS_PIPELINE at a time."""
        found: list[Any] = []
        for place in range(0, len(commands), MAX_REDIS_PIPELINE):
            pipeline = self._client.pipeline(transaction=False)
            for command in commands[place : place + MAX_REDIS_PIPELINE]:
                pipeline.execute_command(*command)
            found += await _answered(pipeline.execute())
        return found

    def script(self, text: str) -> "Script":
        return Script(self._client, text)

    async def close(self) -> None:
        await self._client.aclose()


class Script:
    """Lua that runs as one piece, whoever else asks at the same moment."""

    def __init__(self, client: Client, text: str) -> None:
        self._script = client.register_script(text)

    async def run(self, key: str, argument: bytes) -> Any:
        return await _answered(self._script(keys=[key], args=[argument]))


async def _answered(asking: Any) -> Any:
    try:
        return await asking
    except ResponseError as error:
        raise Unavailable(f"Redis refuses: {str(error)[:200]}.") from error
    except (RedisError, OSError) as error:
        raise Unavailable("Redis does not answer; try again.") from error
