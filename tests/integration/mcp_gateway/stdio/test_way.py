"""Programs as servers: asked side by side, in either era, restarted when they die, ended with all that they started."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest

from mno.mcp_gateway.model import Server, Transport
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import MODERN, Object, Raw
from mno.mcp_gateway.protocol.question import Question, ServerQuestion, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.stdio.rules import Commands
from mno.mcp_gateway.ways.stdio.way import Stdio
from mno.platform import clock
from mno.platform.errors import LimitExceeded, TooLarge
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.upstream.pool import Origin
from support.coverage import UNMEASURED
from support.processes import alive, keepers
from support.promises import PATIENCE_S

SCRIPT = Path(__file__).parents[3] / "support" / "stdio_server.py"
TEAM = uuid4()


def ready(era: str = "modern", **environment: str) -> Ready:
    server = Server(
        id=uuid4(),
        team_id=TEAM,
        name="local",
        address="",
        created_at=clock.now(),
        transport=Transport.STDIO,
        command=sys.executable,
        args=(str(SCRIPT), era),
    )
    return Ready(server, Origin(secure=False, host="", port=0), "", "", None, environment=environment)


class Hub:
    """The way, and the registry as it stands."""

    def __init__(self, folder: Path, commands: str, **more: Any) -> None:
        self.current: dict[str, Ready] = {}
        self.way = Stdio(Commands.of(commands), folder, self._of, **more)

    async def _of(self, _team_id: UUID) -> dict[str, Ready]:
        return self.current

    async def messages(
        self, one: Ready, tool: str, *, timeout_s: float = 60, limit: int = 10**6, token: Any = None, **arguments: Any
    ) -> list[Object]:
        params = {"name": Raw(message.encoded(tool)), "arguments": Raw(message.encoded(arguments))}
        if token is not None:
            params["_meta"] = Raw(message.encoded({"progressToken": token}))
        question = Question("tools/call", params, tool, timeout_s, limit)
        async with contextlib.aclosing(self.way.ask(one, question)) as found:
            return [each async for each in found]

    async def call(self, one: Ready, tool: str, **more: Any) -> str:
        """The text that a tool answers."""
        response = (await self.messages(one, tool, **more))[-1]
        return str(message.value_of(response["result"])["content"][0]["text"])

    async def pid(self, one: Ready) -> int:
        return int(json.loads(await self.call(one, "whoami"))["pid"])


@contextlib.asynccontextmanager
async def running(folder: Path, commands: str = "*", **more: Any) -> AsyncIterator[Hub]:
    hub = Hub(folder, commands, **more)
    async with hub.way.running():
        yield hub


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with running(tmp_path) as one:
        yield one


async def gone(*pids: int) -> None:
    """Returns once none of these processes is alive."""
    async with asyncio.timeout(PATIENCE_S):
        while any(alive(pid) for pid in pids):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("era", "version"), [("modern", MODERN), ("older", "2025-06-18"), ("strict", "2025-06-18")])
async def test_a_program_of_either_era_is_asked_in_its_own(hub: Hub, era: str, version: str) -> None:
    one = ready(era)
    assert await hub.call(one, "echo", a=1) == '{"a": 1}'
    assert hub.way.version_at(one) == version


async def test_calls_go_side_by_side_through_one_process(hub: Hub) -> None:
    one = ready()
    slow = asyncio.create_task(hub.call(one, "slow", s=30))
    answers = await asyncio.gather(*(hub.call(one, "echo", number=number) for number in range(50)))
    assert [json.loads(each)["number"] for each in answers] == list(range(50))
    assert not slow.done()
    slow.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await slow


async def test_a_call_that_is_given_up_is_cancelled_at_the_program(hub: Hub) -> None:
    one = ready()
    await hub.call(one, "echo")
    with pytest.raises(ServerTrouble, match=r"within 0\.2 seconds"):
        await hub.messages(one, "slow", timeout_s=0.2)
    # the ids are ours: discover, echo, slow
    assert await hub.call(one, "slow", s=0.1) == "cancelled: [3]"


async def test_progress_goes_to_whoever_asked_under_its_own_token(hub: Hub) -> None:
    one = ready()
    told = await asyncio.gather(*(hub.messages(one, "progress", token=token) for token in (1, "1", 1)))
    for token, messages in zip((1, "1", 1), told, strict=True):
        params = [message.value_of(each["params"]) for each in messages[:-1]]
        assert [each["progressToken"] for each in params] == [token] * 3
    ours = {message.value_of(messages[-1]["result"])["content"][0]["text"] for messages in told}
    assert len(ours) == 3


async def test_what_is_no_message_and_what_nobody_asked_for_harms_nobody(hub: Hub) -> None:
    one = ready()
    assert await hub.call(one, "noise") == "fine"
    assert await hub.call(one, "echo") == "{}"


async def test_what_an_older_program_asks_back_reaches_the_one_caller_that_it_can_be_about(hub: Hub) -> None:
    one = ready("older")
    await hub.call(one, "echo")
    asker = Principal(PrincipalKind.USER, uuid4(), "Ada", TEAM, uuid4(), frozenset())
    wish = Question("tools/call", {"name": Raw(b'"ask"')}, "ask", 20, 10**6, principal=asker)
    async with contextlib.aclosing(hub.way.ask(one, wish)) as messages:
        asked = await anext(messages)
        assert isinstance(asked, ServerQuestion)
        assert (asked.method, message.value_of(asked["params"])) == ("sampling/createMessage", {"maxTokens": 1})
        await asked.answer({"result": Raw(b'{"text":"yes"}')})
        response = await anext(messages)
    assert message.value_of(response["result"])["content"][0]["text"] == '{"text": "yes"}'
    slow = asyncio.create_task(anext(hub.way.ask(one, replace(wish, params={"name": Raw(b'"slow"')}))))
    await hub.call(one, "echo")
    refused = [each async for each in hub.way.ask(one, wish)]
    assert message.value_of(refused[-1]["result"])["content"][0]["text"] == str(message.METHOD_NOT_FOUND)
    slow.cancel()


async def test_what_a_program_of_the_newer_era_may_not_ask_is_refused(hub: Hub) -> None:
    assert await hub.call(ready("modern"), "ask") == str(message.METHOD_NOT_FOUND)


async def test_an_answer_beyond_its_limit_costs_only_its_own_call(hub: Hub) -> None:
    one = ready()
    with pytest.raises(TooLarge):
        await hub.messages(one, "long", bytes=100_000, limit=50_000)
    with pytest.raises(TooLarge):  # longer than is read at all
        await hub.messages(one, "long", bytes=9_000_000, limit=10_000_000)
    assert len(await hub.call(one, "long", bytes=2_000_000, limit=3_000_000)) == 2_000_000


async def test_a_program_that_dies_fails_its_calls_and_is_started_again(hub: Hub) -> None:
    one = ready(MY_TOKEN="very-secret-token")
    first = await hub.pid(one)
    waiting = asyncio.create_task(hub.messages(one, "slow", s=30))
    await hub.call(one, "echo")
    with pytest.raises(ServerTrouble, match=r"ended with status 3 \(dying with \*\*\*\)"):
        await hub.messages(one, "die")
    with pytest.raises(ServerTrouble, match="may have been carried out"):
        await waiting
    assert await hub.pid(one) != first


async def test_a_program_that_dies_again_and_again_rests_longer(hub: Hub) -> None:
    one = ready()
    for _ in range(3):
        with pytest.raises(ServerTrouble, match="status 3"):
            await hub.messages(one, "die")
    with pytest.raises(ServerTrouble, match=r"is not ready|died again"):
        await hub.messages(one, "echo", timeout_s=0.2)


async def test_a_program_gets_its_own_environment_and_folder_and_nothing_of_the_hub(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNO_MASTER_KEY", "the-hub-s-own")
    one = ready(MY_TOKEN="abc")
    told = json.loads(await hub.call(one, "whoami"))
    assert (told["env"]["MY_TOKEN"], told["cwd"]) == ("abc", str(tmp_path / one.server.id.hex))
    assert not [name for name in told["env"] if name.startswith(("MNO_", "PYTEST"))]


async def test_nothing_of_a_program_stays_when_the_hub_ends(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        pids = [int(pid) for pid in (await hub.call(ready(), "child", stubborn=True)).split()]
        assert all(alive(pid) for pid in pids)
    await gone(*pids)


async def test_nothing_of_a_program_stays_when_it_dies(hub: Hub) -> None:
    one = ready()
    pids = [int(pid) for pid in (await hub.call(one, "child")).split()]
    with pytest.raises(ServerTrouble):
        await hub.messages(one, "die")
    await gone(*pids)


async def test_nothing_of_a_program_stays_when_the_hub_is_killed(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "support.stdio_owner", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[1]), **UNMEASURED},
    )
    assert owner.stdout is not None
    pids = [int(pid) for pid in (await asyncio.wait_for(owner.stdout.readline(), PATIENCE_S)).split()]
    keeper = psutil.Process(pids[0]).ppid()
    assert len(pids) == 2
    owner.kill()
    await owner.wait()
    await gone(*pids, keeper)


@pytest.mark.skipif(sys.platform != "linux", reason="The kernel's death signal is Linux's.")
async def test_a_program_ends_with_its_keeper_and_comes_back(hub: Hub) -> None:
    one = ready()
    first = await hub.pid(one)
    psutil.Process(psutil.Process(first).ppid()).kill()
    await gone(first)
    back = first
    async with asyncio.timeout(PATIENCE_S):
        while back == first:
            with contextlib.suppress(ServerTrouble):  # who asks before its end is noticed is told of it
                back = await hub.pid(one)
            await asyncio.sleep(0.02)


async def test_a_program_that_nobody_asks_is_ended_and_comes_back_when_it_is_needed(tmp_path: Path) -> None:
    async with running(tmp_path, idle_stop_s=0.1) as hub:
        one = ready()
        first = await hub.pid(one)
        await gone(first)
        assert await hub.pid(one) != first


async def test_a_program_whose_entry_changes_or_goes_is_ended(hub: Hub) -> None:
    one, other = ready(), ready()
    hub.current = {"one": one, "other": other}
    first, second = await hub.pid(one), await hub.pid(other)
    hub.current = {"other": other}
    hub.way.changed(TEAM)
    await gone(first)
    assert await hub.pid(other) == second


async def test_the_longest_idle_program_makes_room_for_another_and_a_busy_one_does_not(tmp_path: Path) -> None:
    async with running(tmp_path, most=2) as hub:
        first, second, third = ready(), ready(), ready()
        ended = await hub.pid(first)
        await hub.pid(second)
        await hub.pid(third)
        await gone(ended)
        busy = [asyncio.create_task(hub.call(one, "slow", s=20)) for one in (second, third)]
        await asyncio.gather(hub.call(second, "echo"), hub.call(third, "echo"))
        with pytest.raises(LimitExceeded, match="2 programs run"):
            await hub.call(first, "echo")
        for call in busy:
            call.cancel()
        await asyncio.wait(busy)
        assert await hub.call(first, "echo") == "{}"


async def test_only_what_the_operator_names_is_started(tmp_path: Path) -> None:
    async with running(tmp_path, commands="npx, uvx") as hub:
        with pytest.raises(ServerTrouble, match=r"MNO_MCP_STDIO"):
            await hub.messages(ready(), "echo")


async def test_whoever_listens_hears_that_the_tools_of_an_older_program_changed(hub: Hub) -> None:
    one = ready("older")
    await hub.call(one, "echo")
    question = Question("subscriptions/listen", {}, None, 30, 10**6)
    async with contextlib.aclosing(hub.way.ask(one, question)) as heard:
        following = asyncio.ensure_future(anext(heard))
        await asyncio.sleep(0)
        await hub.call(one, "change")
        found = await asyncio.wait_for(following, PATIENCE_S)
    assert message.text_of(found["method"]) == "notifications/tools/list_changed"


async def test_no_program_is_started_only_to_be_listened_to(hub: Hub) -> None:
    before = {keeper.pid for keeper in keepers()}
    question = Question("subscriptions/listen", {}, None, 30, 10**6)
    async with contextlib.aclosing(hub.way.ask(ready(), question)) as heard:
        assert [one async for one in heard] == []
    assert {keeper.pid for keeper in keepers()} <= before


async def test_what_cannot_be_started_says_why(hub: Hub) -> None:
    one = ready()
    broken = replace(one, server=replace(one.server, args=("/there/is/no/such.py",)))
    with pytest.raises(ServerTrouble, match="No such file"):
        await hub.messages(broken, "echo")
    missing = replace(one, server=replace(one.server, id=uuid4(), command="no-such-program"))
    with pytest.raises(ServerTrouble, match="no program 'no-such-program'"):
        await hub.messages(missing, "echo")
