"""Codes and tokens: exchanged, renewed, ended, and whom one stands for.

Each refresh token works once and gives the next. One that comes a second time, or a code that does, was copied: the
whole grant ends, whoever of the two was right.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mno.audit.model import Outcome
from mno.audit.service import Audit
from mno.identity.memory import REMEMBERED_S, RememberedPrincipals, SharedReads
from mno.identity.oauth import rules, store
from mno.identity.oauth.clients.service import Clients
from mno.identity.oauth.model import (
    ACCESS_TOKEN_LIFETIME,
    IDLE_CLIENT_LIFETIME,
    PERMISSIONS,
    REFRESH_TOKEN_LIFETIME,
    UNUSED_CLIENT_LIFETIME,
    IssuedTokens,
    KeptToken,
    OauthGrant,
    OauthRefusal,
    TokenKind,
)
from mno.identity.oauth.service import told
from mno.identity.policy.rules import mask_of, names_of, narrowed
from mno.identity.policy.service import TOPICS, Policy
from mno.identity.sign_in.outside.oidc import challenge_of
from mno.platform import clock, crypto
from mno.platform.database import Connection, Database
from mno.platform.errors import Unauthenticated
from mno.platform.ids import shown
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Scope
from mno.platform.versions import Versions

_GONE = "It is unknown, over, used already or taken back. Let the client connect anew."


@dataclass(frozen=True, slots=True)
class CodeExchange:
    """What a client sends with its code."""

    client_id: str
    code: str
    verifier: str
    redirect_uri: str
    resource: str = ""


class Tokens:
    """Of all teams; for one event loop."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        audit: Audit,
        versions: Versions,
        clients: Clients,
        remembered: RememberedPrincipals | None = None,
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._clients = clients
        self._remembered = remembered or RememberedPrincipals()
        self._reads = SharedReads(self._remembered, self._read)
        versions.watch(TOPICS, self._forget)

    # — for clients —

    async def exchange(self, wish: CodeExchange, secret: str, base_url: str) -> IssuedTokens:
        """Tokens for a code, once; `OauthRefusal` for anything that does not fit."""
        await self._clients.check_is(wish.client_id, secret)
        async with self._database.across_teams() as tx:
            kept = await self._kept(tx, wish.code, TokenKind.CODE, wish.client_id)
            issued = None
            if kept.used_at is not None:
                await self._end(tx, kept.grant, "Its code came a second time.")
            else:
                _check_exchange(kept, wish, base_url)
                issued = await self._issue(tx, kept)
        return _issued(issued)

    async def renew(
        self, client_id: str, secret: str, token: str, scope: str, resource: str, base_url: str
    ) -> IssuedTokens:
        """The next tokens for a refresh token, once; `OauthRefusal` for anything that does not fit."""
        await self._clients.check_is(client_id, secret)
        async with self._database.across_teams() as tx:
            kept = await self._kept(tx, token, TokenKind.REFRESH, client_id)
            issued = None
            if kept.used_at is not None:
                await self._end(tx, kept.grant, "Its refresh token came a second time.")
            else:
                _check_place(kept.grant, resource, base_url)
                if not set(scope.split()) <= set(kept.grant.scopes):
                    raise OauthRefusal("invalid_scope", "More was not granted; let the client ask for it.")
                issued = await self._issue(tx, kept)
        return _issued(issued)

    async def end(self, client_id: str, secret: str, token: str) -> None:
        """Ends the grant that a token stands for, if it is this client's; nothing happens for any other (RFC 7009)."""
        await self._clients.check_is(client_id, secret)
        async with self._database.across_teams() as tx:
            kept = await store.token(tx, crypto.fingerprint(token), lock=True)
            if kept is not None and kept.grant.client_id == client_id:
                await self._end(tx, kept.grant, "The client gave it back.", outcome=Outcome.DONE)

    async def prune(self) -> None:
        """Drops what works no more; nothing depends on it but space."""
        now = clock.now()
        async with self._database.across_teams() as tx:
            await store.delete_expired(tx, now)
            await store.delete_unused_clients(tx, now - UNUSED_CLIENT_LIFETIME, now - IDLE_CLIENT_LIFETIME)

    # — for the gate —

    async def principal_of_token(self, token: str) -> Principal:
        """The person who consented, narrowed to what they consented to; `Unauthenticated` for a token that is unknown,
        over or taken back, or whose person may not act in its team any more.
        """
        return await self._reads.principal(token)

    async def _read(self, _: str, fingerprint: bytes) -> Principal:
        generation, read_at, now = self._remembered.generation, self._remembered.clock(), clock.now()
        async with self._database.across_teams() as tx:
            kept = await store.token(tx, fingerprint)
            name = None if kept is None else await store.person_name(tx, kept.grant)
        if kept is None or name is None or kept.kind is not TokenKind.ACCESS or kept.expires_at <= now:
            raise Unauthenticated("This access token is unknown, over or was taken back. Let the client renew it.")
        grant = kept.grant
        rights = await self._policy.rights_of_user(grant.team_id, grant.user_id, verified=grant.second_factor)
        allowed = frozenset[str]().union(*(PERMISSIONS.get(scope, frozenset()) for scope in grant.scopes))
        rights = narrowed(rights, grant.project_id, mask_of(allowed))
        principal = Principal(
            PrincipalKind.USER,
            grant.user_id,
            f"{name} by {grant.client_name or grant.client_id}",
            grant.team_id,
            grant.project_id,
            names_of(rights.mask(Scope.project(grant.team_id, grant.project_id))),
            names_of(rights.in_team()),
            user_id=grant.user_id,
            audience=grant.audience,
            rights=rights,
        )
        lasts_s = (kept.expires_at - now).total_seconds()
        self._remembered.remember(
            fingerprint, principal, generation, read_at=read_at, lasts_s=min(lasts_s, REMEMBERED_S)
        )
        return principal

    def _forget(self, topic: str) -> None:
        team = topic.removeprefix(TOPICS)
        if team:
            self._remembered.forget_team(UUID(team))
        else:
            self._remembered.forget_everybody()

    # — parts —

    async def _kept(self, tx: Connection, token: str, kind: TokenKind, client_id: str) -> KeptToken:
        kept = await store.token(tx, crypto.fingerprint(token), lock=True)
        now = clock.now()
        if kept is None or kept.kind is not kind or kept.grant.client_id != client_id:
            raise OauthRefusal("invalid_grant", _GONE)
        if kept.used_at is None and kept.expires_at <= now:
            raise OauthRefusal("invalid_grant", _GONE)
        return kept

    async def _issue(self, tx: Connection, kept: KeptToken) -> IssuedTokens:
        grant, now = kept.grant, clock.now()
        if await store.person_name(tx, grant) is None:
            raise OauthRefusal("invalid_grant", _GONE)
        await store.mark_used(tx, kept.fingerprint, now)
        access = await _make(tx, grant, TokenKind.ACCESS, crypto.ACCESS_PREFIX, now + ACCESS_TOKEN_LIFETIME)
        refresh = await _make(tx, grant, TokenKind.REFRESH, crypto.REFRESH_PREFIX, now + REFRESH_TOKEN_LIFETIME)
        await store.note_use(tx, grant.id, now)
        await store.note_client_use(tx, grant.client_id, now)
        if kept.kind is TokenKind.CODE:
            actor = _acting(grant, await store.person_name(tx, grant) or "")
            await self._audit.record(
                tx,
                actor,
                "oauth_grants.begin",
                shown("oag", grant.id),
                name=grant.client_name,
                after=told(grant),
                team_id=grant.team_id,
            )
        return IssuedTokens(access, refresh, grant.scopes)

    async def _end(self, tx: Connection, grant: OauthGrant, why: str, *, outcome: Outcome = Outcome.REFUSED) -> None:
        name = await store.person_name(tx, grant) or ""
        await store.delete_grant(tx, grant.team_id, grant.id)
        await self._policy.changed(tx, grant.team_id)
        await self._audit.record(
            tx,
            _acting(grant, name),
            "oauth_grants.delete",
            shown("oag", grant.id),
            name=grant.client_name,
            before=told(grant),
            team_id=grant.team_id,
            detail=why,
            outcome=outcome,
        )


async def _make(tx: Connection, grant: OauthGrant, kind: TokenKind, prefix: str, expires_at: datetime) -> str:
    secret = crypto.new_secret(prefix)
    await store.insert_token(tx, grant, kind, crypto.fingerprint(secret), expires_at)
    return secret


def _issued(issued: IssuedTokens | None) -> IssuedTokens:
    """After the transaction, so that the end of a grant is kept although its client is refused."""
    if issued is None:
        raise OauthRefusal("invalid_grant", _GONE)
    return issued


def _check_exchange(kept: KeptToken, wish: CodeExchange, base_url: str) -> None:
    if wish.redirect_uri != kept.grant.redirect_uri:
        raise OauthRefusal("invalid_grant", "redirect_uri is not the one that the code was asked for with.")
    if not rules.is_verifier(wish.verifier) or challenge_of(wish.verifier) != kept.challenge:
        raise OauthRefusal("invalid_grant", "code_verifier does not fit the code_challenge.")
    _check_place(kept.grant, wish.resource, base_url)


def _check_place(grant: OauthGrant, resource: str, base_url: str) -> None:
    if resource and rules.audience_of(resource, base_url) != grant.audience:
        raise OauthRefusal("invalid_target", "The grant is for another resource.")


def _acting(grant: OauthGrant, name: str) -> Principal:
    """The person by their client, for the audit log."""
    return Principal(
        PrincipalKind.USER,
        grant.user_id,
        f"{name} by {grant.client_name or grant.client_id}",
        grant.team_id,
        grant.project_id,
        frozenset(),
        user_id=grant.user_id,
    )
