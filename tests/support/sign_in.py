"""Signing in as it runs in the program, over a database of the test's own: the application's rooms below /api/auth,
a mailbox that keeps letters, settings that a test can change, and people who want to come in.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from mno.audit.service import Audit
from mno.identity.memory import RememberedPrincipals
from mno.identity.model import OWNER_ROLE
from mno.identity.policy.service import Policy
from mno.identity.sign_in import routes as ways_in
from mno.identity.sign_in.answers import Front
from mno.identity.sign_in.attempts.service import Attempts
from mno.identity.sign_in.codes.service import Codes
from mno.identity.sign_in.model import Factor
from mno.identity.sign_in.outside.calls import Calls
from mno.identity.sign_in.outside.oidc import OidcClient
from mno.identity.sign_in.outside.providers.service import Providers
from mno.identity.sign_in.outside.service import Outside
from mno.identity.sign_in.outside.welcome.service import Welcome
from mno.identity.sign_in.passkeys.service import Passkeys
from mno.identity.sign_in.passwords.hashing import PasswordHashes
from mno.identity.sign_in.passwords.service import Passwords
from mno.identity.sign_in.rooms import Entrances
from mno.identity.sign_in.service import SignIn
from mno.identity.sign_in.sessions import store as sessions_store
from mno.identity.sign_in.sessions.access.service import SessionAccess
from mno.identity.sign_in.sessions.service import Sessions
from mno.identity.teams.members import store as members_store
from mno.identity.teams.model import Person
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Unauthenticated
from mno.platform.http.app import add_routes, bare_app
from mno.platform.ids import new_id
from mno.platform.principal import Principal
from mno.platform.versions import Versions
from support.applications import Kept
from support.sealing import KeySealer

BASE_URL = "http://localhost:8420"
PASSWORD = "seven green herons wade"
#: Fast, so that tests are; the real parameters have a test of their own.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OURS = {"sec-fetch-site": "same-origin"}


class Mailbox:
    def __init__(self) -> None:
        self.on = True
        self.letters: list[tuple[str, str]] = []

    def is_on(self) -> bool:
        return self.on

    async def send(self, to: str, subject: str, text: str, language: str = "en") -> None:
        self.letters.append((to, f"{subject}\n{text}\n{language}"))


@dataclass
class Chosen:
    """Settings and the program's own credentials."""

    values: dict[str, Any] = field(
        default_factory=lambda: {
            "security.webauthn_rp_id": "",
            "security.session_hours": 720,
            "security.session_idle_hours": 168,
            "security.password_sign_in": True,
            "security.passkey_sign_in": True,
            "github.client_id": "",
            "general.language": "",
        }
    )
    secrets: dict[str, str] = field(default_factory=dict)

    def value(self, name: str, team_id: UUID | None = None) -> Any:  # noqa: ARG002 - one team is as the other here
        return self.values[name]

    async def read_own(self, team_id: UUID | None, name: str) -> str | None:
        assert team_id is None
        return self.secrets.get(name)

    async def write_own(self, team_id: UUID | None, name: str, value: str) -> None:
        assert team_id is None
        self.secrets[name] = value


class Joining:
    """Membership as `identity/teams` makes it, without its limits."""

    async def join(self, tx: Connection, actor: Principal, team_id: UUID, user_id: UUID) -> bool:
        assert actor.team_id == team_id
        return await members_store.insert_member(tx, team_id, user_id, clock.now())


class Keyless:
    """The gate's authenticator where only people come."""

    def __init__(self, access: SessionAccess) -> None:
        self._access = access

    async def principal_of_key(self, key: str) -> Principal:
        raise Unauthenticated(f"There are no keys here, nor {key[:4]}…")

    async def principal_of_session(self, token: str) -> Principal:
        return await self._access.principal_of_session(token)


@dataclass
class Rooms:
    """One node: its services, and the application over them while it runs."""

    database: Database
    entrances: Entrances
    front: Front
    access: SessionAccess
    sign_in: SignIn
    outside: Outside
    versions: Versions
    mailbox: Mailbox
    chosen: Chosen
    remembered: RememberedPrincipals
    app: FastAPI = field(init=False)

    @property
    def keyless(self) -> Keyless:
        return Keyless(self.access)

    def browser(self) -> httpx.AsyncClient:
        """A new one, without cookies, at our own pages."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("203.0.113.7", 5000))
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=OURS)

    async def person(
        self,
        email: str = "ada@example.com",
        password: str | None = PASSWORD,
        *,
        verified: bool = True,
        role: UUID = OWNER_ROLE,
    ) -> UUID:
        """Somebody in a new team with one project, by default its Owner."""
        user_id, team_id = new_id(), new_id()
        async with self.database.across_teams() as tx:
            await tx.execute("INSERT INTO identity_teams (id, name) VALUES (%(id)s, 'Team')", {"id": team_id})
            await tx.execute(
                "INSERT INTO identity_projects (id, team_id, name) VALUES (%(id)s, %(team)s, 'Project')",
                {"id": new_id(), "team": team_id},
            )
            made = Person(user_id, email.partition("@")[0].title(), email, clock.now() if verified else None, None, "")
            await members_store.insert_person(tx, made)
            await members_store.insert_member(tx, team_id, user_id, clock.now())
            await members_store.give_role(tx, team_id, user_id, role, None, "test")
            if password:
                await self.sign_in.set_password(tx, user_id, password)
        return user_id

    async def make_hub_administrator(self, user_id: UUID) -> None:
        async with self.database.across_teams() as tx:
            await tx.execute(
                "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)"
                " SELECT gen_random_uuid(), team_id, 'user', user_id, '00000000-0000-7000-8000-000000000005', 'hub'"
                " FROM identity_members WHERE user_id = %(id)s",
                {"id": user_id},
            )
            row = await (
                await tx.execute("SELECT team_id FROM identity_members WHERE user_id = %(id)s", {"id": user_id})
            ).fetchone()
            assert row is not None
            await Policy(self.database, self.versions).changed(tx, row["team_id"])

    async def signed_in(self, user_id: UUID, factors: tuple[Factor, ...] = (Factor.PASSWORD,)) -> httpx.AsyncClient:
        """A browser with a session of this person, in which these factors were shown."""
        async with self.database.across_teams() as tx:
            opened = await self.sign_in.open_session(tx, user_id, None, factors)
        browser = self.browser()
        browser.cookies.set("mno_session", opened.token, domain="localhost.local")
        return browser

    async def audited(self, outcome: str | None = None) -> list[dict[str, Any]]:
        """The audit entries of all teams, in the order in which they were written."""
        async with self.database.across_teams() as tx:
            rows = await tx.execute("SELECT * FROM audit_entries ORDER BY at, seq")
            found = await rows.fetchall()
        return [row for row in found if outcome in (None, row["outcome"])]

    async def place(self, user_id: UUID) -> tuple[UUID, UUID]:
        async with self.database.across_teams() as tx:
            place = await sessions_store.place_of(tx, user_id, None, None)
        assert place is not None
        return place.team_id, place.project_id


def rooms_over(
    database: Database,
    *,
    sealing_key: bytes | None = None,
    github_url: str = "http://127.0.0.1:1",
    client: httpx.AsyncClient | None = None,
) -> Rooms:
    """A node over this database. Outgoing calls go by `client`, which may reach this machine."""
    mailbox, chosen = Mailbox(), Chosen()
    versions, audit = Versions(database), Audit(database)
    sealer = KeySealer(sealing_key or os.urandom(32))
    policy = Policy(database, versions)
    attempts = Attempts(database)
    sessions = Sessions(database, audit, versions, chosen)
    passwords = Passwords(database, audit, sessions, attempts, PasswordHashes(CHEAP), mailbox)
    passkeys = Passkeys(database, audit, sessions)
    sign_in = SignIn(database, audit, chosen, attempts, sessions, passwords, passkeys, Codes(database, audit, sealer))
    calls = Calls(client or httpx.AsyncClient())
    oidc = OidcClient(calls, refetch_wait_s=0)
    providers = Providers(database, audit, sealer, oidc, policy)
    outside = Outside(
        database,
        audit,
        sessions,
        attempts,
        chosen,
        chosen,
        providers,
        calls,
        oidc,
        Welcome(Joining(), policy, audit),
        github_url,
        github_url,
    )
    front = Front("", BASE_URL, chosen)
    remembered = RememberedPrincipals()
    access = SessionAccess(database, policy, versions, remembered)
    entrances = Entrances(sign_in, outside, providers)
    return Rooms(database, entrances, front, access, sign_in, outside, versions, mailbox, chosen, remembered)


def app_over(rooms: Rooms) -> FastAPI:
    app = bare_app(version="test", authenticator=rooms.keyless)
    add_routes(app, ways_in.router(rooms.entrances, rooms.front))
    return app


_applications = Kept(app_over)


@asynccontextmanager
async def running_rooms(database: Database, **more: Any) -> AsyncIterator[Rooms]:
    async with httpx.AsyncClient(trust_env=False) as client:
        rooms = rooms_over(database, client=client, **more)
        with _applications.over(rooms) as rooms.app:
            async with rooms.versions.running():
                yield rooms
