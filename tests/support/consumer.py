"""A consumer of the runtime environment: what an execution of an agent does, until agents are here.

It asks for its environment in the name of its principal and starts a process that has nothing but that.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.platform import clock
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope
from mno.secrets.runtime.model import Kind, Wish
from mno.secrets.runtime.service import Runtime
from mno.secrets.secret import Secret
from support.nodes import Node


async def execute(
    runtime: Runtime, principal: Principal, scope: Scope, code: str, names: Sequence[str] | None = None
) -> str:
    """What a Python program prints that runs on this scope; `Denied` before it starts, without a grant."""
    environment = await runtime.environment(principal, scope, names)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", code, env=environment.reveal(), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return printed.decode().strip()


async def a_person(
    services: Services, home: Home, name: str, role_id: UUID | None = None, project_id: UUID | None = None
) -> Principal:
    """A member of the home team with this role, whose second factor is fresh."""
    node = Node(services.engines.database, services.versions, services.access, services.identity)
    person = await node.person(home, name, role_id, project_id)
    return replace(person, verified_at=clock.now())


async def the_owner(services: Services, home: Home) -> Principal:
    """The first owner, who also administers the hub, with a fresh second factor."""
    node = Node(services.engines.database, services.versions, services.access, services.identity)
    return await node.acting(home, home.owner.id, "Owner")


def an_agent(home: Home, name: str) -> Scope:
    return Scope(Level.AGENT, home.team.id, home.project.id, name)


def a_secret(scope: Scope, name: str, value: str, *, version: int | None = None) -> Wish:
    return Wish(scope, name, Kind.SECRET, "for a test", Secret(value), version)


def a_variable(scope: Scope, name: str, value: str) -> Wish:
    return Wish(scope, name, Kind.VARIABLE, "for a test", Secret(value))
