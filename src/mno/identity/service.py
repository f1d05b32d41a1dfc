"""Use cases of identity: the first team, sign-in by a one-time link, and who a secret belongs to."""

import logging
from uuid import UUID

from mno.identity import store
from mno.identity.keys.service import Keys
from mno.identity.memory import RememberedPrincipals
from mno.identity.model import (
    HUB_ADMINISTRATOR_ROLE,
    OWNER_ROLE,
    SESSION_LIFETIME,
    SIGN_IN_LINK_LIFETIME,
    Home,
    Project,
    Team,
    User,
)
from mno.identity.policy.service import TOPICS, Policy
from mno.platform import clock, crypto
from mno.platform.database import Connection, Database
from mno.platform.errors import Invalid, NotFound, Unauthenticated
from mno.platform.ids import new_id
from mno.platform.permissions import HUB, PROJECT, TEAM
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.versions import Versions

_log = logging.getLogger(__name__)


def check_bootstrap_key(key: str) -> None:
    """`Invalid`, with one that fits, for a bootstrap key that does not look like a key."""
    if not crypto.looks_like_key(key):
        raise Invalid(
            "MNO_BOOTSTRAP_API_KEY must be 'mno_' and at least 24 letters, digits, '-' or '_'. "
            f"One that fits: {crypto.new_key()}"
        )


def owner_of(home: Home, name: str) -> Principal:
    """What the program itself does in the first team's name, under `name`: it may everything."""
    return Principal(
        PrincipalKind.PROGRAM, home.owner.id, name, home.team.id, home.project.id, PROJECT, TEAM | PROJECT, HUB
    )


class Identity:
    """Also the `Authenticator` of the gate."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        keys: Keys,
        versions: Versions,
        remembered: RememberedPrincipals | None = None,
    ) -> None:
        self._database = database
        self._policy = policy
        self.keys = keys
        self._remembered = remembered or RememberedPrincipals()
        versions.watch(TOPICS, self._forget)

    async def ensure_home(self) -> Home:
        """The first team, project and owner, created when there are none; also drops expired sessions."""
        async with self._database.across_teams() as tx:
            await store.lock_first_team(tx)
            await store.delete_expired(tx, clock.now())
            team = await store.first_team(tx)
            if team is None:
                return await self._create_home(tx)
            owner = await store.owner_of(tx, team.id)
            projects = await store.projects_of(tx, team.id)
        assert owner is not None
        assert projects
        return Home(team, projects[0], owner, created=False)

    async def _create_home(self, tx: Connection) -> Home:
        team = Team(new_id(), "Default team")
        project = Project(new_id(), team.id, "Default project", clock.now())
        owner = User(new_id(), team.id, "Owner", "")
        await store.insert_team(tx, team)
        await store.insert_project(tx, project)
        await store.insert_user(tx, owner)
        await store.insert_grant(tx, team.id, owner.id, OWNER_ROLE, "team")
        await store.insert_grant(tx, team.id, owner.id, HUB_ADMINISTRATOR_ROLE, "hub")
        return Home(team, project, owner, created=True)

    async def ensure_bootstrap_key(self, home: Home, key: str) -> None:
        """Makes the operator's own key an admin key, for unattended installs.

        `Invalid` when it does not look like a key (`check_bootstrap_key`). One that was revoked here stays
        revoked: the environment of a restart must not bring a leaked key back.
        """
        check_bootstrap_key(key)
        async with self._database.across_teams() as tx:
            await store.lock_first_team(tx)
            known = await self.keys.ensure(tx, home.team.id, home.project.id, "bootstrap", key)
        if known.revoked_at is not None:
            _log.warning("MNO_BOOTSTRAP_API_KEY (%s…) was revoked and stays so; set another one.", known.prefix)

    def admit_local(self, home: Home) -> str:
        """A secret for the command line on this machine, valid as long as this process lives."""
        return self.keys.admit(owner_of(home, "local command line"))

    # — people —

    async def create_link(self, principal: Principal) -> str:
        """The token of a link that signs the team's owner in, once, within an hour."""
        token = crypto.new_token()
        expires_at = clock.now() + SIGN_IN_LINK_LIFETIME
        async with self._database.transaction(principal.team_id) as tx:
            owner = await store.owner_of(tx, principal.team_id)
            if owner is None:
                raise NotFound("The team has no owner.")
            await store.insert_link(tx, crypto.fingerprint(token), owner, principal.project_id, expires_at)
        return token

    async def sign_in(self, link_token: str) -> str:
        """Spends the link and opens a session; the answer is the session's secret for the cookie."""
        now = clock.now()
        token = crypto.new_token()
        async with self._database.across_teams() as tx:
            whose = await store.use_link(tx, crypto.fingerprint(link_token), now)
            if whose is None:
                raise Unauthenticated(
                    "This sign-in link was used already or is too old. "
                    "Run `mno link` on the server's machine for a new one."
                )
            await store.insert_session(tx, crypto.fingerprint(token), whose, now + SESSION_LIFETIME)
        return token

    async def sign_out(self, session_token: str) -> None:
        fingerprint = crypto.fingerprint(session_token)
        async with self._database.across_teams() as tx:
            await store.delete_session(tx, fingerprint)
        self._remembered.forget(fingerprint)

    async def about(self, principal: Principal) -> tuple[User | None, Team, Project]:
        """The user (None for a key), team and project that a principal acts for."""
        async with self._database.transaction(principal.team_id) as tx:
            team = await store.team_of(tx, principal.team_id)
            projects = await store.projects_of(tx, principal.team_id)
            user = await store.user_of(tx, principal.team_id, principal.id)
        return user, team, next(project for project in projects if project.id == principal.project_id)

    # — the gate's questions —

    async def principal_of_key(self, key: str) -> Principal:
        return await self.keys.principal_of_key(key)

    async def principal_of_session(self, token: str) -> Principal:
        fingerprint = crypto.fingerprint(token)
        return self._remembered.get(fingerprint) or await self._read_session(fingerprint)

    async def _read_session(self, fingerprint: bytes) -> Principal:
        generation, read_at = self._remembered.generation, self._remembered.clock()
        async with self._database.across_teams() as tx:
            found = await store.session_by_fingerprint(tx, fingerprint, clock.now())
        if found is None:
            raise Unauthenticated("The session has ended; sign in again.")
        principal = await self._policy.user_principal(
            found["team_id"],
            found["project_id"],
            found["user_id"],
            found["name"],
            session_id=found["id"],
            verified_at=found["verified_at"],
        )
        self._remembered.remember(fingerprint, principal, generation, read_at=read_at)
        return principal

    def _forget(self, topic: str) -> None:
        team = topic.removeprefix(TOPICS)
        if team:
            self._remembered.forget_team(UUID(team))
        else:
            self._remembered.forget_everybody()
