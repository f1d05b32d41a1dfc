"""`mno serve`: the program itself."""

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mno.bootstrap import Services
    from mno.identity.model import Home
    from mno.platform.config import Config

Host = Annotated[str | None, typer.Option(help="Address to listen on. [MNO_HOST]")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one. [MNO_PORT]")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder for everything that lasts. [MNO_DATA_DIR]")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Parent = Annotated[int | None, typer.Option(help="Stop once this process, which started it, is gone.")]
#: How often a server that a verb has started looks whether that verb still lives, in seconds.
PARENT_INTERVAL_S = 1.0


def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    parent: Parent = None,
) -> None:
    """Start the hub: web pages, API and ingest on one address."""
    import asyncio
    import sys

    from mno.platform import logs
    from mno.platform.config import Config

    config = Config.from_environment(os.environ)
    config = replace(
        config,
        host=host or config.host,
        port=config.port if port is None else port,
        data_folder=data_dir.expanduser().absolute() if data_dir else config.data_folder,
    )
    logs.configure(config.log_level, config.log_format)
    run = _serve(config, quiet=quiet, parent=parent)
    if sys.platform == "win32":
        asyncio.run(run)
        return
    import uvloop

    uvloop.run(run)


async def _serve(config: "Config", *, quiet: bool, parent: int | None) -> None:
    from mno.entry.listener import listen
    from mno.identity.keys.bootstrap import check_bootstrap_key
    from mno.platform.paths import DataFolder

    if config.bootstrap_api_key:
        check_bootstrap_key(config.bootstrap_api_key)
    DataFolder(config.data_folder).check_free()
    with listen(config) as listener:
        # what takes long to import comes when nothing stands in the way any more
        from mno.bootstrap import build
        from mno.entry.web import serve as serve_web

        services = build(config)

        def report(step: str) -> None:
            if not quiet:
                typer.echo(f"  {step} …", err=True)

        @contextlib.asynccontextmanager
        async def on_ready(home: "Home", port: int) -> AsyncIterator[None]:
            await _announce(services, home, port, quiet=quiet)
            async with contextlib.nullcontext() if parent is None else _ending_with(parent):
                yield
            services.engines.folder.withdraw()
            if not quiet:
                typer.echo("Stopping …", err=True)

        await serve_web(services, listener, report=report, on_ready=on_ready)


@contextlib.asynccontextmanager
async def _ending_with(parent: int) -> AsyncIterator[None]:
    """Stops the server in order once the verb that started it is gone, however and whenever it went."""
    import asyncio
    import signal

    from mno.platform.ending import ended

    async def watch() -> None:
        while True:
            await asyncio.sleep(PARENT_INTERVAL_S)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    watching = asyncio.create_task(watch(), name="parent")
    try:
        yield
    finally:
        await ended(watching)


async def _announce(services: "Services", home: "Home", port: int, *, quiet: bool) -> None:
    """Tells the command line where we are, and a person how to come in."""
    from mno.identity.service import owner_of
    from mno.platform.paths import RunningServer

    local = services.config.local_url(port)
    services.engines.folder.announce(RunningServer(local, os.getpid(), services.identity.admit_local(home)))
    if quiet:
        return
    url = services.config.url(port)
    token = await services.entrances.sessions.create_link(owner_of(home, "first start"))
    typer.echo(f"\nMachineNativeOps runs at  {url}")
    typer.echo(f"Data folder               {services.config.data_folder}")
    typer.echo(f"Sign in (works once)      {url}/api/auth/link?token={token}")
    if home.created:
        await _welcome(services, home, url)
    typer.echo("\nStop with Ctrl-C.")


async def _welcome(services: "Services", home: "Home", url: str) -> None:
    from mno.identity.keys.model import KeyScope, KeyWish
    from mno.identity.service import owner_of

    wish = KeyWish("first ingest key", (KeyScope.INGEST,))
    _, key = await services.access.keys.create(owner_of(home, "first start"), wish)
    typer.echo(f"Ingest key (shown once)   {key}")
    typer.echo("\nSend a first token event:\n")
    typer.echo(f"  curl {url}/api/usage-events -H 'Authorization: Bearer {key}' \\")
    typer.echo("    -H 'Content-Type: application/json' \\")
    typer.echo("""    -d '[{"provider":"openai","model":"gpt-4o","input_tokens":1200,"output_tokens":80}]'""")
