"""A canary secret is planted through every way in, and then searched for wherever the program writes anything.

It is searched for as text, in base64 and in hexadecimal: in every log line of every level, every answer of the API
(errors and exports too), every table of both databases, and every file of the data folder and of Postgres.
"""

import asyncio
import base64
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from mno.bootstrap import Services
from mno.identity.model import OWNER_ROLE, VIEWER_ROLE, Home
from mno.platform.errors import MnoError
from mno.platform.ids import shown
from mno.platform.scope import Scope
from mno.secrets.own.sealer import Reseal
from support.consumer import a_person, an_agent, execute, the_owner
from support.gatekeeper import Gatekeeper
from support.promises import PATIENCE_S

CANARY = "cAnArY-5e3F9b1c7D"
TRACES = tuple(
    trace.encode()
    for trace in (
        CANARY,
        base64.b64encode(CANARY.encode()).decode().rstrip("=")[:-1],
        CANARY.encode().hex(),
    )
)
ROOM = "/api/config/runtime"
ADA, BOB, EVE = ("mno_" + name * 10 for name in ("ada1", "bob2", "eve3"))


def shows(content: bytes) -> bool:
    lowered = content.lower()
    return any(trace.lower() in lowered for trace in TRACES)


def with_canary(folder: Path) -> Iterator[Path]:
    """The engines go on meanwhile: what was there a moment ago may be gone, a whole folder as well."""
    for parent, _, names in os.walk(folder):
        for file in (Path(parent) / name for name in names if name != "postmaster.pid"):
            if file.is_file() and not file.is_symlink():
                with contextlib.suppress(FileNotFoundError):
                    if shows(file.read_bytes()):
                        yield file


class Caller:
    """Keeps every answer that was given."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost:8420")
        self.answers: list[tuple[str, bytes]] = []

    async def ask(self, method: str, path: str, key: str = ADA, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}", **more.pop("headers", {})}
        answer = await self.client.request(method, path, headers=headers, **more)
        told = f"{method} {path} {answer.status_code}"
        self.answers.append((told, answer.content + repr(answer.headers).encode()))
        return answer


def wish(name: str, value: Any = CANARY, **more: Any) -> dict[str, Any]:
    body = {"scope": {"level": "team"}, "name": name, "kind": "secret", "purpose": "for a test", "value": value}
    return body | more


@pytest.fixture
async def caller(services: Services, home: Home, app: FastAPI) -> AsyncIterator[Caller]:
    people = {
        ADA: await the_owner(services, home),
        BOB: await a_person(services, home, "Bob", OWNER_ROLE),
        EVE: await a_person(services, home, "Eve", VIEWER_ROLE),
    }
    # the application is shared by the tests of this process
    before, app.state.authenticator = app.state.authenticator, Gatekeeper(people)
    yield Caller(app)
    app.state.authenticator = before


async def plant_by_routes(caller: Caller, home: Home) -> str:
    """Set, changed, confirmed, refused, left waiting, deleted; the id of one that stays."""
    made = await caller.ask("PUT", ROOM, json=wish("TOKEN"))
    assert made.status_code == 200, made.text
    assert (await caller.ask("PUT", ROOM, json=wish("TOKEN", CANARY + "2"))).json()["entry"]["version"] == 2
    gone = (await caller.ask("PUT", ROOM, json=wish("GONE"))).json()["entry"]["id"]
    await caller.ask("DELETE", f"{ROOM}/{gone}")
    project = shown("prj", home.project.id)
    demanded = {"project": project, "second_person": True, "fresh_factor": False}
    assert (await caller.ask("PUT", f"{ROOM}/protection", json=demanded)).status_code == 200
    for name, decision in (("AGREED", "approve"), ("REFUSED", "refuse"), ("WAITING", "")):
        asked = await caller.ask("PUT", ROOM, json=wish(name, scope={"level": "project", "project": project}))
        assert asked.status_code == 202, asked.text
        if decision:
            path = f"/api/approvals/{asked.json()['approval']}/decision"
            assert (await caller.ask("POST", path, BOB, json={"decision": decision})).status_code == 200
    return str(made.json()["entry"]["id"])


async def plant_by_mistakes(caller: Caller, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is refused, from broken JSON to a bug of ours."""
    mistakes: list[Any] = [
        wish("A", [CANARY]), wish("A", {"deep": CANARY}), wish("A", CANARY + "\0"), wish("A", CANARY * 4000),
        wish("A", version=CANARY), wish("A", kind=CANARY), wish("A", scope={"level": CANARY}), wish("A", scope=CANARY),
        wish("A", purpose=[CANARY]), wish(CANARY), wish("A", purpose=CANARY * 40), wish("TOKEN", version=77),
        wish("A", scope={"level": "project"}), wish("LD_PRELOAD"), [CANARY], CANARY, wish("A", extra=CANARY),
    ]  # fmt: skip
    for mistake in mistakes:
        assert (await caller.ask("PUT", ROOM, json=mistake)).status_code in (400, 409)
    for broken in (f'{{"value": "{CANARY}", ', f"value={CANARY}", f'{{"value": "\\ud800{CANARY}"}}'):
        answer = await caller.ask("PUT", ROOM, content=broken, headers={"content-type": "application/json"})
        assert answer.status_code == 400
    assert (await caller.ask("PUT", ROOM, EVE, json=wish("TOKEN"))).status_code == 403
    assert (await caller.ask("POST", ROOM, json=wish("TOKEN"))).status_code == 405
    assert (await caller.ask("PUT", f"{ROOM}/protection", json=wish("TOKEN"))).status_code == 400
    assert (await caller.ask("PUT", ROOM, "mno_unknown", json=wish("TOKEN"))).status_code == 401
    with monkeypatch.context() as broken_part:

        def bug(*_: Any) -> None:
            raise RuntimeError("a bug in the very place that holds the value")

        broken_part.setattr("mno.secrets.envelope.sealed", bug)
        assert (await caller.ask("PUT", ROOM, json=wish("BUG"))).status_code == 500


async def plant_by_executions(services: Services, home: Home) -> None:
    """Used, refused, and damaged."""
    ada, eve = await the_owner(services, home), await a_person(services, home, "Eve 2", VIEWER_ROLE)
    runtime, agent = services.runtime.runtime, an_agent(home, "crawler")
    code = "import os; print(os.environ['TOKEN'] == 'cAnArY-5e3F9b1c7' + 'D2')"
    assert await execute(runtime, ada, agent, code) == "True"
    log = logging.getLogger("an agent")
    log.debug("starts with %s and %r", await runtime.environment(ada, agent), await runtime.environment(ada, agent))
    for names in (None, ["TOKEN"]):
        with pytest.raises(MnoError) as refused:
            await runtime.environment(eve, agent, names)
        log.error("refused", exc_info=refused.value)
    async with services.engines.database.across_teams() as tx:
        await tx.execute("UPDATE secrets_entries SET purpose = 'damaged', version = 40 WHERE name = 'AGREED'")
    with pytest.raises(MnoError) as damaged:
        await runtime.environment(ada, Scope.project(home.team.id, home.project.id))
    log.error("damaged", exc_info=damaged.value)


async def plant_for_the_program(services: Services) -> None:
    async def nowhere(_: Reseal) -> None:
        """What is sealed here is kept nowhere."""

    services.secrets.sealer.hold("canary", nowhere)
    services.secrets.sealer.open("canary:ada", services.secrets.sealer.seal("canary:ada", CANARY.encode()))
    await services.secrets.own.write_own(None, "mail.password", CANARY)
    assert await services.secrets.own.read_own(None, "mail.password") == CANARY


async def rotate(caller: Caller) -> None:
    for which in ("data-key", "master-key"):
        assert (await caller.ask("POST", f"{ROOM}/rotations/{which}")).status_code == 202
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = (await caller.ask("GET", f"{ROOM}/rotations")).json()["items"]
            if all(one["state"] != "running" for one in found):
                return
            await asyncio.sleep(0.1)


async def ask_everything(caller: Caller, app: FastAPI, ids: dict[str, str]) -> int:
    """Every GET route there is, with ids that exist where we have them."""
    asked = 0
    for path, methods in app.openapi()["paths"].items():
        if "get" not in methods or path.endswith(("/stream", "/agent/events")):
            continue
        for name, id_ in ids.items():
            path = path.replace(f"{{{name}}}", id_)
        await caller.ask("GET", path)
        asked += 1
    for path in ("/", "/secrets", "/api/openapi.json", f"{ROOM}?limit=1", "/api/audit/export?format=csv"):
        await caller.ask("GET", path)
    return asked


async def tables_with_canary(services: Services) -> list[str]:
    found = []
    async with services.engines.database.as_administrator() as tx:
        await tx.execute("SELECT set_config('mno.team', '*', true)")
        names = await (await tx.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).fetchall()
        for row in names:
            rows = await (await tx.execute(f"SELECT t::text AS line FROM {row['tablename']} t")).fetchall()
            found += [row["tablename"] for line in rows if shows(line["line"].encode())]
    for row in await services.engines.clickhouse.rows_of_all(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
    ):
        for trace in TRACES:
            hits = await services.engines.clickhouse.rows_of_all(
                f"SELECT count() AS n FROM {row['name']}"
                " WHERE positionCaseInsensitive(toString(tuple(*)), {trace:String}) > 0",
                {"trace": trace.decode()},
            )
            found += [row["name"]] * bool(hits[0]["n"])
    return found


async def test_a_planted_secret_appears_in_no_log_answer_table_or_file(
    caller: Caller,
    services: Services,
    home: Home,
    app: FastAPI,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    entry = await plant_by_routes(caller, home)
    await plant_by_mistakes(caller, services, monkeypatch)
    await plant_for_the_program(services)
    await plant_by_executions(services, home)
    await rotate(caller)
    await services.audit.audit._refusals.flush(everything=True)
    approvals = (await caller.ask("GET", "/api/approvals")).json()["items"]
    assert len(approvals) == 3
    ids = {
        "entry_id": entry,
        "approval_id": approvals[0]["id"],
        "team_id": shown("team", home.team.id),
        "user_id": shown("usr", home.owner.id),
    }
    assert await ask_everything(caller, app, ids) > 50
    history = await caller.ask("GET", f"{ROOM}/{entry}/history")
    assert {"secrets.create", "secrets.change", "secrets.use"} <= {one["action"] for one in history.json()["entries"]}

    assert not [told for told, content in caller.answers if shows(content)]
    assert not [line for line in caplog.text.splitlines() if shows(line.encode())]
    assert "a bug in the very place" in caplog.text
    assert not shows("".join(capfd.readouterr()).encode())
    assert not await tables_with_canary(services)
    async with services.engines.database.as_administrator() as tx:
        await tx.execute("SELECT pg_switch_wal()")
    # both engines' files, the journal, the anchors: all of them lie below
    everything = tmp_path_factory.getbasetemp()
    assert not list(with_canary(everything))
    for number, trace in enumerate(TRACES):
        (tmp_path / str(number)).write_bytes(b"before " + trace + b" after")
    assert len(list(with_canary(everything))) == len(TRACES), "the search finds what is there"
    await caller.client.aclose()
