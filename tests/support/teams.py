"""Teams as they run in the program, over a database of the test's own: their rooms beside those of signing in, keys
that work, and people with sessions. No ClickHouse is needed for any of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from mno.audit.service import Audit
from mno.bootstrap.identity import Access, build_access
from mno.identity.admission.service import Admission, SessionEndings
from mno.identity.keys.model import KeyScope, KeyWish
from mno.identity.model import ADMIN_ROLE, HUB_ADMINISTRATOR_ROLE, OWNER_ROLE
from mno.identity.scim import routes as scim_routes
from mno.identity.scim.service import Directory
from mno.identity.sign_in.model import Factor
from mno.identity.sign_in.sessions.access.service import SessionAccess
from mno.identity.teams import routes as teams_routes
from mno.identity.teams.groups.service import Groups
from mno.identity.teams.invitations import routes as invitations_routes
from mno.identity.teams.invitations.service import Invitations
from mno.identity.teams.members import store as people
from mno.identity.teams.members.service import Members
from mno.identity.teams.model import Person
from mno.identity.teams.ports import Letters
from mno.identity.teams.projects.service import Projects
from mno.identity.teams.service import Teams
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.facts import Fact
from mno.platform.http.app import add_routes
from mno.platform.ids import new_id, shown
from mno.platform.permissions import TEAM
from mno.platform.principal import Principal, PrincipalKind
from support.applications import Kept
from support.sign_in import BASE_URL, OURS, Rooms, app_over, rooms_over


class Told:
    """Facts as they were published."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def publish(self, tx: Connection, fact: Fact) -> None:
        assert tx.info.transaction_status.name == "INTRANS"
        self.facts.append(fact)

    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.facts]


class Days:
    """The settings that invitations ask for."""

    def __init__(self) -> None:
        self.days = 7
        self.language = ""

    def value(self, name: str, team_id: UUID) -> object:
        assert isinstance(team_id, UUID)
        return {"security.invitation_days": self.days, "general.language": self.language}[name]


class Doorkeeper:
    """The gate's authenticator, for keys and people."""

    def __init__(self, access: Access, sessions: SessionAccess) -> None:
        self._access = access
        self._sessions = sessions

    async def principal_of_key(self, key: str) -> Principal:
        return await self._access.keys.principal_of_key(key)

    async def principal_of_session(self, token: str) -> Principal:
        return await self._sessions.principal_of_session(token)


@dataclass
class Someone:
    """A person with a browser that is signed in."""

    id: UUID
    team_id: UUID
    project_id: UUID
    browser: httpx.AsyncClient

    @property
    def shown(self) -> str:
        return shown("usr", self.id)

    @property
    def team(self) -> str:
        return shown("team", self.team_id)

    @property
    def project(self) -> str:
        return shown("prj", self.project_id)


@dataclass
class House:
    """One node."""

    rooms: Rooms
    access: Access
    told: Told
    days: Days
    teams: Teams
    projects: Projects
    members: Members
    groups: Groups
    invitations: Invitations
    audit: Audit

    @property
    def database(self) -> Database:
        return self.rooms.database

    @cached_property
    def doorkeeper(self) -> Doorkeeper:
        return Doorkeeper(self.access, SessionAccess(self.database, self.access.policy, self.rooms.versions))

    def directory(self) -> Directory:
        return Directory(self.database, self.members, self.groups, self.access.policy, self.audit)

    def stranger(self, key: str | None = None) -> httpx.AsyncClient:
        """A caller without a session, with a key if one is given."""
        headers = {"authorization": f"Bearer {key}"} if key else OURS
        transport = httpx.ASGITransport(self.rooms.app, raise_app_exceptions=False, client=("203.0.113.8", 1))
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers)

    async def founder(self, email: str = "ada@example.com", *, hub: bool = True) -> Someone:
        """The Owner of a new team, by default an administrator of the hub as well."""
        user_id = await self.rooms.person(email)
        team_id, _ = await self.rooms.place(user_id)
        if hub:
            async with self.database.across_teams() as tx:
                await tx.execute(
                    "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)"
                    " VALUES (%(id)s, %(team)s, 'user', %(user)s, %(role)s, 'hub')",
                    {"id": new_id(), "team": team_id, "user": user_id, "role": HUB_ADMINISTRATOR_ROLE},
                )
                await self.access.policy.changed(tx, team_id)
        return await self.signed_in(user_id)

    async def member(
        self, team_id: UUID, email: str, role: UUID | None = ADMIN_ROLE, *, verified: bool = True
    ) -> Someone:
        """Somebody who joins a team that is there already."""
        user_id = new_id()
        async with self.database.across_teams() as tx:
            known = await people.person_by_email(tx, email)
            if known is None:
                name = email.partition("@")[0].title()
                made = Person(user_id, name, email, clock.now() if verified else None, None, "")
                await people.insert_person(tx, made)
            else:
                user_id = known.id
            await people.insert_member(tx, team_id, user_id, clock.now())
            if role is not None:
                await people.give_role(tx, team_id, user_id, role, None, "test")
            await self.access.policy.changed(tx, team_id)
        return await self.signed_in(user_id, team_id)

    async def signed_in(self, user_id: UUID, team_id: UUID | None = None) -> Someone:
        async with self.database.across_teams() as tx:
            opened = await self.rooms.sign_in.open_session(tx, user_id, team_id, (Factor.PASSWORD, Factor.TOTP))
            row = await (
                await tx.execute(
                    "SELECT team_id, project_id FROM identity_sessions WHERE user_id = %(user)s"
                    " ORDER BY created_at DESC LIMIT 1",
                    {"user": user_id},
                )
            ).fetchone()
        assert row is not None
        browser = self.rooms.browser()
        browser.cookies.set("mno_session", opened.token, domain="localhost.local")
        return Someone(user_id, row["team_id"], row["project_id"], browser)

    async def key(self, owner: Someone, *scopes: KeyScope, permissions: tuple[str, ...] = ()) -> str:
        """A key that this person made."""
        principal = await self.access.policy.user_principal(
            owner.team_id, owner.project_id, owner.id, "maker", verified_at=clock.now()
        )
        _, secret = await self.access.keys.create(principal, KeyWish("key", scopes, permissions=permissions))
        return secret

    async def directory_key(self, team_id: UUID, project_id: UUID) -> str:
        """A key that lives as long as this process, with directory.write."""
        principal = Principal(
            PrincipalKind.API_KEY, new_id(), "directory", team_id, project_id, frozenset(), TEAM, frozenset()
        )
        return self.access.keys.admit(principal)


def house_over(database: Database, letters: Letters | None = None) -> House:
    rooms = rooms_over(database)
    audit, told, days = Audit(database), Told(), Days()
    access = build_access(database, rooms.versions, audit)
    policy, endings = access.policy, SessionEndings(rooms.versions)
    members = Members(database, policy, endings, audit, told)
    groups = Groups(database, policy, audit)
    invitations = Invitations(
        database, members, policy, audit, letters or rooms.mailbox, Admission(rooms.sign_in), days
    )
    teams, projects = Teams(database, policy, endings, audit, told), Projects(database, policy, audit, told)
    return House(rooms, access, told, days, teams, projects, members, groups, invitations, audit)


def _app_over(house: House) -> FastAPI:
    app = app_over(house.rooms)
    app.state.authenticator = house.doorkeeper
    add_routes(app, teams_routes.router(house.teams, house.projects, house.members, house.groups))
    add_routes(app, invitations_routes.router(house.invitations, house.rooms.front))
    add_routes(app, scim_routes.router(house.directory, ""))
    return app


_applications = Kept(_app_over)


@asynccontextmanager
async def running_house(database: Database, **more: Any) -> AsyncIterator[House]:
    house = house_over(database, **more)
    with _applications.over(house) as house.rooms.app:
        async with house.rooms.versions.running():
            yield house


OWNER = shown("role", OWNER_ROLE)
ADMIN = shown("role", ADMIN_ROLE)
