"""Who a session's secret belongs to: the gate's question, answered from memory for at most a second.

What is remembered is forgotten at once, on every node, when a session of its person ends or gets a new secret,
and when what its team allows has changed.
"""

from dataclasses import replace
from uuid import UUID

from mno.identity.memory import RememberedPrincipals
from mno.identity.policy.service import TOPICS, Policy
from mno.identity.sign_in.model import SECOND_FACTORS
from mno.identity.sign_in.sessions import store
from mno.identity.sign_in.sessions.service import SESSION_TOPICS
from mno.platform import clock, crypto
from mno.platform.database import Database
from mno.platform.errors import Unauthenticated
from mno.platform.principal import Principal
from mno.platform.versions import Versions


class SessionAccess:
    def __init__(
        self,
        database: Database,
        policy: Policy,
        versions: Versions,
        remembered: RememberedPrincipals | None = None,
    ) -> None:
        self._database = database
        self._policy = policy
        self._remembered = remembered or RememberedPrincipals()
        versions.watch(TOPICS, self._forget_team)
        versions.watch(SESSION_TOPICS, self._forget)

    async def principal_of_session(self, token: str) -> Principal:
        """`Unauthenticated` when the session is unknown, has ended, or its person may not come in any more."""
        fingerprint = crypto.fingerprint(token)
        return self._remembered.get(fingerprint) or await self._read(fingerprint)

    async def _read(self, fingerprint: bytes) -> Principal:
        generation, read_at, now = self._remembered.generation, self._remembered.clock(), clock.now()
        async with self._database.across_teams() as tx:
            found = await store.session_by_fingerprint(tx, fingerprint, now)
        if found is None:
            raise Unauthenticated("The session has ended; sign in again.")
        # a role that demands a second factor holds only where one was shown; a password shown again is none
        has_second = bool(SECOND_FACTORS & set(found["factors"]))
        principal = await self._policy.user_principal(
            found["team_id"],
            found["project_id"],
            found["user_id"],
            found["name"],
            session_id=found["id"],
            verified_at=(found["verified_at"] or now) if has_second else None,
        )
        principal = replace(principal, verified_at=found["verified_at"])
        ends_in_s = (min(found["expires_at"], found["idle_until"]) - now).total_seconds()
        self._remembered.remember(fingerprint, principal, generation, read_at=read_at, lasts_s=ends_in_s)
        return principal

    def _forget_team(self, topic: str) -> None:
        team = topic.removeprefix(TOPICS)
        if team:
            self._remembered.forget_team(UUID(team))
        else:
            self._remembered.forget_everybody()

    def _forget(self, _: str) -> None:
        # sessions change seldom and are read again in a millisecond
        self._remembered.forget_everybody()
