"""Programs in the registry: who may set them up, that their environment is kept, and that others call them."""

import json
import sys
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from integration.mcp_gateway.stdio.test_way import SCRIPT, gone
from mno.bootstrap import Services
from mno.identity.model import Home
from mno.mcp_gateway.given import Given
from mno.mcp_gateway.model import Caps, CredentialKind, Transport
from mno.mcp_gateway.servers.service import environment_name
from mno.platform.config import Config
from mno.platform.errors import Denied, Invalid
from mno.platform.principal import Principal, PrincipalKind

SECRET = "value-of-a-variable-0123456789"


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, mcp_stdio=sys.executable)


def administrator(home: Home, *more: str) -> Principal:
    may = frozenset({"mcp.write", "mcp.read", "mcp.call", *more})
    return Principal(PrincipalKind.USER, uuid4(), "Ada", home.team.id, home.project.id, may, may)


def wish(**more: Any) -> dict[str, Any]:
    args = (str(SCRIPT), "modern")
    return {
        "name": "local",
        "transport": Transport.STDIO,
        "address": "",
        "command": sys.executable,
        "args": args,
        **more,
    }


async def test_a_program_is_set_up_by_who_may_and_called_by_others(services: Services, home: Home) -> None:
    registry = services.mcp.registry
    with pytest.raises(Denied, match=r"mcp\.stdio"):
        await registry.add(administrator(home), wish(), Given())
    owner = administrator(home, "mcp.stdio")
    made = await registry.add(owner, wish(), Given(environment={"MY_TOKEN": SECRET}))
    assert made.env_names == ("MY_TOKEN",)
    with pytest.raises(Denied, match=r"mcp\.stdio"):
        await registry.change(administrator(home), made.id, {"description": "x"}, Given())
    answer = await services.mcp.calls.call(administrator(home), "local", "whoami", {}, Caps())
    assert SECRET in answer.result["content"][0]["text"]


async def test_the_environment_is_kept_and_goes_to_its_program_only(services: Services, home: Home) -> None:
    registry, owner = services.mcp.registry, administrator(home, "mcp.stdio")
    made = await registry.add(owner, wish(), Given(environment={"MY_TOKEN": SECRET}))
    async with services.engines.database.transaction(home.team.id) as tx:
        rows = await (await tx.execute("SELECT * FROM mcp_servers")).fetchall()
        entries = await (await tx.execute("SELECT * FROM audit_entries WHERE team_id = %s", (home.team.id,))).fetchall()
    assert SECRET not in str(rows) + str(entries)
    with pytest.raises(Invalid, match="Send the environment"):
        await registry.change(owner, made.id, {"args": (str(SCRIPT), "older")}, Given())
    await registry.change(owner, made.id, {"description": "x"}, Given())
    assert await services.secrets.own.read_own(home.team.id, environment_name(made.id)) is not None
    await registry.change(owner, made.id, {}, Given(environment={}))
    assert await services.secrets.own.read_own(home.team.id, environment_name(made.id)) is None


async def test_a_program_ends_once_its_entry_is_removed(services: Services, home: Home) -> None:
    registry, owner = services.mcp.registry, administrator(home, "mcp.stdio")
    made = await registry.add(owner, wish(), Given())
    answer = await services.mcp.calls.call(owner, "local", "whoami", {}, Caps())
    pid = json.loads(answer.result["content"][0]["text"])["pid"]
    await registry.remove(owner, made.id)
    await gone(pid)


@pytest.mark.parametrize(
    "more",
    [
        {"address": "https://example.com"},
        {"credential_kind": CredentialKind.BEARER},
        {"transport": Transport.HTTP, "address": "https://example.com"},
    ],
)
async def test_an_entry_is_of_one_kind(services: Services, home: Home, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await services.mcp.registry.add(administrator(home, "mcp.stdio"), wish(**more), Given(credential="x"))
