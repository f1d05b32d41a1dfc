"""Real servers behind the gateway: programs of npm and PyPI, and one of them over both transports of HTTP as well."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client

from contract.mcp_gateway.conftest import Team, node
from contract.runs import CONTRACT, ROOT
from integration.mcp_gateway.conftest import META, modern
from integration.mcp_gateway.test_calls import eventually
from mno.platform.config import Config
from support.ports import free_port
from support.processes import keepers
from support.promises import PATIENCE_S

PACKAGES = CONTRACT / "node" / "node_modules" / "@modelcontextprotocol"
EVERYTHING = str(PACKAGES / "server-everything" / "dist" / "index.js")
PYTHON = ROOT / ".venv-contract" / "bin"

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, mcp_stdio="*")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file, and a repository of git with one commit."""
    folder = (tmp_path / "work").resolve()
    folder.mkdir()
    (folder / "note.txt").write_text("written in a file\n")
    who = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b.c",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b.c",
    }
    for command in (["init", "-q"], ["add", "note.txt"], ["commit", "-q", "-m", "The first one"]):
        subprocess.run(["git", *command], cwd=folder, check=True, env={**os.environ, **who})
    return folder


def programs(folder: Path) -> dict[str, dict[str, Any]]:
    files = str(PACKAGES / "server-filesystem" / "dist" / "index.js")
    return {
        "everything": {"command": node(), "args": [EVERYTHING, "stdio"]},
        "files": {"command": node(), "args": [files, str(folder)]},
        "git": {"command": str(PYTHON / "mcp-server-git"), "args": ["--repository", str(folder)]},
        "time": {"command": str(PYTHON / "mcp-server-time"), "args": ["--local-timezone", "Asia/Taipei"]},
    }


@contextmanager
def everything(kind: str) -> Iterator[int]:
    """The port of the everything-server over a transport of HTTP."""
    port = free_port()
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(
        [node(), EVERYTHING, kind], env={**os.environ, "PORT": str(port)}, stdout=nowhere, stderr=nowhere
    )
    try:
        while not _listens(port):
            assert process.poll() is None, "the server ended instead of starting"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _listens(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


async def model(context: Any, params: Any) -> types.CreateMessageResult:
    """The model of the client, which servers may ask."""
    text = types.TextContent(type="text", text="said by a model")
    return types.CreateMessageResult(role="assistant", content=text, model="m")


@contextlib.asynccontextmanager
async def client_of(team: Team, mode: Any) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {team.key}"}, timeout=PATIENCE_S) as http,
        Client(
            streamable_http_client(f"{team.hub}/mcp", http_client=http), mode=mode, sampling_callback=model
        ) as client,
    ):
        yield client


async def listed(team: Team, servers: set[str]) -> set[str]:
    """Every tool, once all of these servers have listed theirs."""

    async def all_of_them() -> set[str] | None:
        found = set(await team.tools())
        return found if servers <= {name.partition("_")[0] for name in found} else None

    async with asyncio.timeout(PATIENCE_S):
        while (found := await all_of_them()) is None:
            await asyncio.sleep(0.1)
    return found


async def text_of(client: Client, tool: str, **arguments: Any) -> str:
    found = await client.call_tool(tool, arguments)
    assert not found.is_error, found.content
    return str(found.content[0].text)  # type: ignore[union-attr]


async def test_real_servers_of_every_kind_are_called_by_clients_of_both_eras(team: Team, folder: Path) -> None:
    with everything("streamableHttp") as http_port, everything("sse") as sse_port:
        for name, wish in programs(folder).items():
            await team.add(name, "", transport="stdio", **wish)
        await team.add("over-http", f"http://127.0.0.1:{http_port}/mcp")
        await team.add("over-sse", f"http://127.0.0.1:{sse_port}/sse", transport="sse")
        tools = await listed(team, {"everything", "files", "git", "time", "over-http", "over-sse"})
        wanted = {"everything_echo", "files_read_text_file", "git_git_log", "time_get_current_time"}
        assert wanted | {"over-http_echo", "over-sse_echo"} <= tools
        for mode in ("auto", "legacy"):
            async with client_of(team, mode) as client:
                for server in ("everything", "over-http", "over-sse"):
                    assert "hello" in await text_of(client, f"{server}_echo", message="hello")
                    sampled = await text_of(client, f"{server}_trigger-sampling-request", prompt="x", maxTokens=5)
                    assert "said by a model" in sampled
                path = str(folder / "note.txt")
                assert await text_of(client, "files_read_text_file", path=path) == "written in a file\n"
                assert "The first one" in await text_of(client, "git_git_log", repo_path=str(folder))
                assert "Asia/Taipei" in await text_of(client, "time_get_current_time", timezone="Asia/Taipei")
                outside = await client.call_tool("files_read_text_file", {"path": "/etc/passwd"})
                assert outside.is_error


async def test_a_real_server_that_is_killed_while_it_works_comes_back_and_leaves_nothing(
    team: Team, folder: Path
) -> None:
    await team.add("everything", "", transport="stdio", **programs(folder)["everything"])
    await listed(team, {"everything"})
    keeper, program = programs_of_this_hub()
    async with long_running(team) as messages:
        assert (await anext(messages))["method"] == "notifications/progress"
        program.kill()
        failed = [message async for message in messages][-1]
    assert failed["error"]["code"] == -32006
    assert "may have been carried out" in failed["error"]["message"]
    answer = await team.tool("everything_echo", message="again")
    assert answer["result"]["content"][0]["text"] == "Echo: again"

    async def gone() -> bool:
        return not keeper.is_running() and not program.is_running()

    await eventually(gone)
    assert len(programs_of_this_hub()) == 2


@contextlib.asynccontextmanager
async def long_running(team: Team) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """What the hub says of a call that lasts for minutes, and tells ten times a second how far it is."""
    name, arguments = "everything_trigger-long-running-operation", {"duration": 120, "steps": 1200}
    params = {"name": name, "arguments": arguments, "_meta": {**META, "progressToken": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    async with team.caller.stream("POST", "/mcp", json=body, headers=modern("tools/call", name)) as answer:
        yield (
            json.loads(line.removeprefix("data:")) async for line in answer.aiter_lines() if line.startswith("data:")
        )


def programs_of_this_hub() -> list[psutil.Process]:
    """The keepers that this process has started, each before its program."""
    return [one for keeper in keepers() for one in (keeper, *keeper.children())]
