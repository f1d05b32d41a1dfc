"""Use cases of identity: the first team, keys, sign-in by a one-time link, and who a secret belongs to."""

import logging
from uuid import UUID

from mno.identity import store
from mno.identity.memory import RememberedPrincipals
from mno.identity.model import (
    EVERYTHING,
    HUB_ADMINISTRATOR_ROLE,
    LAST_USE_RESOLUTION,
    OWNER_ROLE,
    SESSION_LIFETIME,
    SIGN_IN_LINK_LIFETIME,
    ApiKey,
    Home,
    Project,
    Scope,
    Team,
    User,
    permissions_of,
)
from mno.platform import clock, crypto
from mno.platform.database import Connection, Database
from mno.platform.errors import Invalid, LimitExceeded, NotFound, Unauthenticated
from mno.platform.ids import new_id
from mno.platform.limits import MAX_KEYS_PER_TEAM, MAX_NAME_CHARACTERS
from mno.platform.principal import Principal, PrincipalKind

_log = logging.getLogger(__name__)


def check_bootstrap_key(key: str) -> None:
    """`Invalid`, with one that fits, for a bootstrap key that does not look like a key."""
    if not crypto.looks_like_key(key):
        raise Invalid(
            "MNO_BOOTSTRAP_API_KEY must be 'mno_' and at least 24 letters, digits, '-' or '_'. "
            f"One that fits: {crypto.new_key()}"
        )


def owner_of(home: Home, name: str) -> Principal:
    """The owner's principal for what the program itself does on their behalf, under `name`."""
    return Principal(PrincipalKind.USER, home.owner.id, name, home.team.id, home.project.id, EVERYTHING)


class Identity:
    """Also the `Authenticator` of the gate."""

    def __init__(self, database: Database, remembered: RememberedPrincipals | None = None) -> None:
        self._database = database
        self._remembered = remembered or RememberedPrincipals()
        self._local: dict[bytes, Principal] = {}

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
            known = await store.key_by_fingerprint(tx, crypto.fingerprint(key))
            if known is None:
                await self._insert_key(tx, home.team.id, home.project.id, "bootstrap", (Scope.ADMIN,), key)
            elif known.revoked_at is not None:
                _log.warning("MNO_BOOTSTRAP_API_KEY (%s…) was revoked and stays so; set another one.", known.prefix)

    def admit_local(self, home: Home) -> str:
        """A secret for the command line on this machine, valid as long as this process lives."""
        secret = crypto.new_key()
        self._local[crypto.fingerprint(secret)] = owner_of(home, "local command line")
        return secret

    # — keys —

    async def create_key(self, principal: Principal, name: str, scopes: tuple[Scope, ...]) -> tuple[ApiKey, str]:
        """A new key and its secret, which is not stored and cannot be shown again.

        `Invalid` for an empty or long name or no scope, `LimitExceeded` at MAX_KEYS_PER_TEAM working keys.
        """
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME_CHARACTERS:
            raise Invalid(f"A key needs a name of at most {MAX_NAME_CHARACTERS} characters.")
        if not scopes:
            raise Invalid("A key needs at least one scope: ingest, read or admin.")
        secret = crypto.new_key()
        async with self._database.transaction(principal.team_id) as tx:
            if await store.count_working_keys(tx, principal.team_id) >= MAX_KEYS_PER_TEAM:
                raise LimitExceeded(f"A team may have {MAX_KEYS_PER_TEAM} working keys; revoke some first.")
            key = await self._insert_key(tx, principal.team_id, principal.project_id, name, scopes, secret)
        return key, secret

    async def _insert_key(
        self, tx: Connection, team_id: UUID, project_id: UUID, name: str, scopes: tuple[Scope, ...], secret: str
    ) -> ApiKey:
        distinct = tuple(dict.fromkeys(scopes))
        key = ApiKey(new_id(), team_id, project_id, name, crypto.visible_part(secret), distinct, clock.now())
        await store.insert_key(tx, key, crypto.fingerprint(secret))
        return key

    async def keys(self, principal: Principal) -> list[ApiKey]:
        async with self._database.transaction(principal.team_id) as tx:
            return await store.keys_of(tx, principal.team_id)

    async def names_of_keys(self, team_id: UUID) -> dict[UUID, str]:
        """How the team calls its keys, revoked ones included."""
        async with self._database.transaction(team_id) as tx:
            return {key.id: key.name for key in await store.keys_of(tx, team_id)}

    async def revoke_key(self, principal: Principal, key_id: UUID) -> None:
        """Ends a key: at once here, within a second in other processes. Revoking twice changes nothing."""
        async with self._database.transaction(principal.team_id) as tx:
            fingerprint = await store.revoke_key(tx, principal.team_id, key_id, clock.now())
        if fingerprint is None:
            raise NotFound("There is no such key.")
        self._remembered.forget(fingerprint)

    # — people —

    async def projects(self, principal: Principal) -> list[Project]:
        async with self._database.transaction(principal.team_id) as tx:
            return await store.projects_of(tx, principal.team_id)

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
        fingerprint = crypto.fingerprint(key)
        principal = self._remembered.get(fingerprint) or self._local.get(fingerprint)
        return principal or await self._read_key(key, fingerprint)

    async def principal_of_session(self, token: str) -> Principal:
        fingerprint = crypto.fingerprint(token)
        return self._remembered.get(fingerprint) or await self._read_session(fingerprint)

    async def _read_key(self, key: str, fingerprint: bytes) -> Principal:
        if not crypto.looks_like_key(key):
            raise Unauthenticated("This is not an API key of this server: they begin with 'mno_'.")
        generation = self._remembered.generation
        now = clock.now()
        async with self._database.across_teams() as tx:
            found = await store.key_by_fingerprint(tx, fingerprint)
            if found is None:
                raise Unauthenticated("This API key is not known here.")
            if found.revoked_at is not None:
                raise Unauthenticated(f"The API key {found.prefix}… was revoked.")
            if found.last_used_at is None or now - found.last_used_at >= LAST_USE_RESOLUTION:
                await store.note_use(tx, found.id, now)
        permissions = permissions_of(found.scopes)
        principal = Principal(PrincipalKind.API_KEY, found.id, found.name, found.team_id, found.project_id, permissions)
        self._remembered.remember(fingerprint, principal, generation)
        return principal

    async def _read_session(self, fingerprint: bytes) -> Principal:
        generation = self._remembered.generation
        async with self._database.across_teams() as tx:
            found = await store.session_by_fingerprint(tx, fingerprint, clock.now())
        if found is None:
            raise Unauthenticated("The session has ended; sign in again.")
        principal = Principal(
            PrincipalKind.USER, found["user_id"], found["name"], found["team_id"], found["project_id"], EVERYTHING
        )
        self._remembered.remember(fingerprint, principal, generation)
        return principal
