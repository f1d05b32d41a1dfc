"""`mno doctor`: looks at the machine and the installation, and says what would go wrong."""

import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from mno.entry.cli.output import JsonFlag, print_json

if TYPE_CHECKING:
    from mno.platform.config import Config

_LOW_DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One look. `level` is ok, warning or problem."""

    check: str
    level: str
    message: str


def doctor(as_json: JsonFlag = False) -> None:
    """Check Python, the packages, the data folder, the disk, the port and the running server."""
    from mno.platform.config import Config
    from mno.platform.errors import MnoError

    config = Config.from_environment(os.environ)
    checks: tuple[Callable[[Config], Finding], ...] = (
        _python,
        _postgres,
        _clickhouse,
        _budgets,
        _pages,
        _folder,
        _disk,
        _server,
    )
    findings = []
    for check in checks:
        try:
            findings.append(check(config))
        except (MnoError, OSError) as error:
            findings.append(Finding(check.__name__.strip("_"), "problem", str(error)))
    if as_json:
        print_json({"findings": [{"check": one.check, "level": one.level, "message": one.message} for one in findings]})
    else:
        for one in findings:
            colour = {"ok": "green", "warning": "yellow", "problem": "red"}[one.level]
            typer.secho(f"{one.level:8} ", fg=colour, nl=False)
            typer.echo(f"{one.check:11} {one.message}")
    if any(one.level == "problem" for one in findings):
        raise typer.Exit(1)


def _python(_: "Config") -> Finding:
    return Finding("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")


def _postgres(config: "Config") -> Finding:
    if config.postgres_url:
        return Finding("postgres", "ok", "a server of yours, by MNO_POSTGRES_URL")
    from mno.platform.postgres_server import binaries

    program = binaries() / "postgres"
    if not os.access(program, os.X_OK):
        return Finding("postgres", "problem", f"{program} cannot be run; install again with `make setup`")
    return Finding("postgres", "ok", f"embedded, {program}")


def _clickhouse(config: "Config") -> Finding:
    if config.clickhouse_url:
        return Finding("clickhouse", "ok", "a server of yours, by MNO_CLICKHOUSE_URL")
    from importlib.util import find_spec

    if find_spec("chdb") is None:
        return Finding("clickhouse", "problem", "the package chdb is missing; install again with `make setup`")
    return Finding("clickhouse", "ok", "embedded (chdb)")


def _budgets(config: "Config") -> Finding:
    if not config.redis_url:
        return Finding("budgets", "ok", "are counted in Postgres")
    import asyncio

    from mno.platform.redis import Redis

    async def asked() -> None:
        redis = Redis(config.redis_url)
        try:
            await redis.ask("PING")
        finally:
            await redis.close()

    asyncio.run(asked())
    return Finding("budgets", "ok", "are counted in Redis, by MNO_REDIS_URL")


def _pages(_: "Config") -> Finding:
    from mno.platform.paths import built_web_folder

    folder = built_web_folder()
    if folder is None:
        return Finding("web pages", "warning", "not built: `make web` builds them")
    return Finding("web pages", "ok", str(folder))


def _folder(config: "Config") -> Finding:
    folder = config.data_folder
    if not folder.exists():
        return Finding("data folder", "ok", f"{folder} (will be made)")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("data folder", "problem", f"{folder} cannot be written to; set MNO_DATA_DIR")
    return Finding("data folder", "ok", str(folder))


def _disk(config: "Config") -> Finding:
    place = config.data_folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    level = "ok" if free >= _LOW_DISK_BYTES else "warning"
    return Finding("disk", level, f"{free / 1024**3:.1f} GiB free at {place}")


def _server(config: "Config") -> Finding:
    from mno.platform.paths import DataFolder

    running = DataFolder(config.data_folder).running_server()
    if running is not None:
        return Finding("server", "ok", f"runs at {running.url} (process {running.pid})")
    with socket.socket() as probe:
        probe.settimeout(1)
        if config.port and probe.connect_ex((config.host, config.port)) == 0:
            return Finding(
                "server", "warning", f"does not run, and another program has port {config.port}: set MNO_PORT"
            )
    return Finding("server", "ok", f"does not run; port {config.port} is free")
