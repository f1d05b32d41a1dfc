"""What people let programs do in their name: looked at, allowed or refused, listed, and taken back.

Nothing is allowed without a person who looks at this client, this address to go back to and this place, each time
anew; what they saw is what they allow. A grant may no more than its person, and ends with their membership.
"""

import hashlib
from dataclasses import replace
from uuid import UUID

import orjson

from mno.audit.service import Audit
from mno.identity.oauth import rules, store
from mno.identity.oauth.clients.service import Clients
from mno.identity.oauth.model import (
    CODE_LIFETIME,
    MAX_GRANTS_PER_PERSON,
    NEEDED,
    Asked,
    AuthorizationRequest,
    ListedGrant,
    OauthGrant,
    OauthRefusal,
    TokenKind,
)
from mno.identity.policy.service import Policy
from mno.platform import clock, crypto
from mno.platform.database import Database
from mno.platform.errors import Conflict, Denied, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal


class Consents:
    """For people who are signed in. `base_url` is the hub's own address, which is also its issuer."""

    def __init__(self, database: Database, policy: Policy, audit: Audit, clients: Clients) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._clients = clients

    async def look(self, request: AuthorizationRequest, base_url: str) -> Asked:
        """What a client asks for. `OauthRefusal` where nobody knows who asks or where the answer may go: then it goes
        nowhere. Anything else that is wrong stands in the answer, and the client hears of it when its person says so.
        """
        client = await self._clients.client(request.client_id)
        if not rules.is_registered(request.redirect_uri, client.redirect_uris):
            raise OauthRefusal("invalid_request", "The client wants its answer at an address that is not its own.")
        asked = Asked(client, request.redirect_uri, (), rules.RESOURCE_PATH)
        try:
            rules.check_request(request)
            scopes = rules.granted_scopes(request.scope)
            return replace(asked, scopes=scopes, audience=rules.audience_of(request.resource, base_url))
        except OauthRefusal as refusal:
            return replace(asked, refusal=refusal)

    async def allow(self, principal: Principal, request: AuthorizationRequest, base_url: str, seen: str) -> str:
        """The address at which the client gets its code. `Conflict` where the person saw something else, `Denied`
        where they may not do themselves what the client wants to.
        """
        asked = await self.look(request, base_url)
        if asked.refusal is not None:
            raise asked.refusal
        if seen != digest_of(asked, principal):
            raise Conflict("What the client asks for is not what was shown any more; look at it again.")
        if missing := missing_of(principal):
            raise Denied(f"You may not let a client do what you may not do here yourself: {missing}.")
        assert principal.user_id is not None
        code, now = crypto.new_token(), clock.now()
        grant = OauthGrant(
            id=new_id(),
            team_id=principal.team_id,
            project_id=principal.project_id,
            user_id=principal.user_id,
            client_id=asked.client.id,
            client_name=asked.client.name,
            redirect_uri=asked.redirect_uri,
            audience=asked.audience,
            scopes=asked.scopes,
            second_factor=principal.second_factor,
            created_at=now,
        )
        async with self._database.transaction(grant.team_id) as tx:
            await self._policy.changed(tx, grant.team_id)
            if await store.count_grants(tx, grant.team_id, grant.user_id) >= MAX_GRANTS_PER_PERSON:
                raise LimitExceeded(f"You have connected {MAX_GRANTS_PER_PERSON} clients; take one back first.")
            await store.insert_grant(tx, grant)
            await store.insert_token(
                tx, grant, TokenKind.CODE, crypto.fingerprint(code), now + CODE_LIFETIME, request.code_challenge
            )
            await store.note_client_use(tx, grant.client_id, now)
            await self._audit.record(
                tx, principal, "oauth_grants.create", shown("oag", grant.id), name=grant.client_name, after=told(grant)
            )
        return rules.with_answer(grant.redirect_uri, {"code": code, "state": request.state, "iss": base_url})

    async def refuse(self, principal: Principal, request: AuthorizationRequest, base_url: str) -> str:
        """The address at which the client hears that it may not, or what is wrong with its request."""
        asked = await self.look(request, base_url)
        refusal = asked.refusal or OauthRefusal("access_denied", "The person refused.")
        await self._audit.refused(
            principal, "oauth_grants.create", f"client {asked.client.id}"[:200], detail=f"{refusal.code}: {refusal}"
        )
        answer = {"error": refusal.code, "error_description": str(refusal), "state": request.state, "iss": base_url}
        return rules.with_answer(asked.redirect_uri, answer)

    async def grants(self, principal: Principal) -> list[ListedGrant]:
        """The person's own, in all their teams."""
        assert principal.user_id is not None
        async with self._database.across_teams() as tx:
            return await store.grants_of_person(tx, principal.user_id)

    async def revoke(self, principal: Principal, grant_id: UUID) -> None:
        """Takes one of the person's own back: nothing of it works from here on."""
        assert principal.user_id is not None
        async with self._database.across_teams() as tx:
            grant = await store.grant_of_person(tx, principal.user_id, grant_id)
            if grant is None:
                raise NotFound("You have not connected such a client.")
            await self._policy.changed(tx, grant.team_id)
            await store.delete_grant(tx, grant.team_id, grant.id)
            await self._audit.record(
                tx,
                principal,
                "oauth_grants.delete",
                shown("oag", grant.id),
                name=grant.client_name,
                before=told(grant),
                team_id=grant.team_id,
            )


def digest_of(asked: Asked, principal: Principal) -> str:
    """Of everything that a person is shown; whoever allows it sends this back."""
    client = asked.client
    seen = [client.id, client.name, client.uri, asked.redirect_uri, asked.scopes, asked.audience]
    place = [principal.user_id, principal.team_id, principal.project_id]
    return hashlib.sha256(orjson.dumps([*seen, *place])).hexdigest()


def missing_of(principal: Principal) -> str:
    """The permission that the person lacks themselves, in the place where they are; empty: they may consent."""
    return "" if principal.may(NEEDED) else NEEDED


def told(grant: OauthGrant) -> dict[str, object]:
    """For the audit log."""
    return {
        "client": grant.client_id,
        "redirect_uri": grant.redirect_uri,
        "project": shown("prj", grant.project_id),
        "audience": grant.audience,
        "scopes": list(grant.scopes),
    }
