"""Use cases of identity: the first team, and who a secret belongs to."""

import logging

from mno.identity import store
from mno.identity.keys.bootstrap import check_bootstrap_key
from mno.identity.keys.service import Keys
from mno.identity.memory import RememberedPrincipals
from mno.identity.model import (
    HUB_ADMINISTRATOR_ROLE,
    OWNER_ROLE,
    Home,
    Project,
    Team,
    User,
)
from mno.identity.oauth.tokens.service import Tokens
from mno.identity.policy.service import Policy
from mno.identity.sign_in.sessions.access.service import SessionAccess
from mno.platform import clock, crypto
from mno.platform.database import Connection, Database
from mno.platform.ids import new_id
from mno.platform.permissions import HUB, PROJECT, TEAM
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.versions import Versions

_log = logging.getLogger(__name__)


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
        tokens: Tokens | None = None,
        remembered: RememberedPrincipals | None = None,
    ) -> None:
        self._database = database
        self.keys = keys
        self._tokens = tokens
        self._sessions = SessionAccess(database, policy, versions, remembered)

    async def ensure_home(self) -> Home:
        """The first team, project and owner, created when there are none."""
        async with self._database.across_teams() as tx:
            await store.lock_first_team(tx)
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

    # — the gate's questions —

    async def principal_of_key(self, key: str) -> Principal:
        """Of an API key, or of an access token that a program got with a person's consent."""
        if self._tokens is not None and key.startswith(crypto.ACCESS_PREFIX):
            return await self._tokens.principal_of_token(key)
        return await self.keys.principal_of_key(key)

    async def principal_of_session(self, token: str) -> Principal:
        return await self._sessions.principal_of_session(token)
