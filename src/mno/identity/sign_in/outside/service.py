"""Signing in through GitHub and OpenID Connect: sent there, come back, recognised, and perhaps let in for the
first time.

Somebody is recognised by the account that they linked. By address only where the provider verified it and so did
we, because otherwise whoever can claim an address somewhere could take over its account here.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from mno.audit.model import HUB_CHAIN
from mno.audit.service import Audit
from mno.identity.sign_in.attempts import waits
from mno.identity.sign_in.attempts.service import Attempts
from mno.identity.sign_in.model import Factor, Person, SignedIn
from mno.identity.sign_in.outside import github, store
from mno.identity.sign_in.outside.calls import Calls
from mno.identity.sign_in.outside.github import GithubApp
from mno.identity.sign_in.outside.model import (
    GITHUB,
    MAX_LINKED_ACCOUNTS,
    Arrival,
    LinkedAccount,
    Provider,
)
from mno.identity.sign_in.outside.oidc import Asked, OidcClient
from mno.identity.sign_in.outside.providers.service import Providers
from mno.identity.sign_in.ports import OwnSecrets, Preferences
from mno.identity.sign_in.service import Browser
from mno.identity.sign_in.sessions import store as sessions_store
from mno.identity.sign_in.sessions.service import Sessions
from mno.platform import clock, crypto, origin
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, MnoError, NotFound, Unauthenticated
from mno.platform.ids import shown
from mno.platform.principal import Principal, PrincipalKind

GITHUB_SECRET = "github.client_secret"  # noqa: S105 - the name of a secret
#: The longest path to go on to after a sign-in; that of a client which asks for access is long.
MAX_RETURN_CHARACTERS = 4_000
_FLOW = "outside"


class People(Protocol):
    """What happens to somebody who is let in for the first time."""

    async def welcome(
        self,
        tx: Connection,
        actor: Principal,
        *,
        user_id: UUID | None,
        name: str,
        email: str,
        team_id: UUID,
        role_id: UUID,
    ) -> UUID:
        """Makes the account (where `user_id` is None), the membership and the grant; the account's id."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what it must show when it comes back."""

    address: str
    flow: str


@dataclass(frozen=True, slots=True)
class Return:
    """What a provider's answer brings, and the cookie that shows which browser it was asked for."""

    state: str
    code: str
    issuer: str | None
    flow: str
    error: str = ""


class Outside:
    """GitHub and every OpenID Connect provider."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        sessions: Sessions,
        attempts: Attempts,
        preferences: Preferences,
        own_secrets: OwnSecrets,
        providers: Providers,
        calls: Calls,
        oidc: OidcClient,
        people: People,
        github_url: str = "https://github.com",
        github_api_url: str = "https://api.github.com",
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._attempts = attempts
        self._preferences = preferences
        self._own_secrets = own_secrets
        self._providers = providers
        self._calls = calls
        self._oidc = oidc
        self._people = people
        self._github_url = github_url
        self._github_api_url = github_api_url

    # — which there are —

    def github_is_on(self) -> bool:
        return bool(self._preferences.value("github.client_id"))

    async def github_app(self) -> tuple[str, bool]:
        """The client id that is set (empty: none), and whether its secret is there."""
        client_id = str(self._preferences.value("github.client_id") or "")
        return client_id, bool(await self._own_secrets.read_own(None, GITHUB_SECRET))

    async def keep_github_secret(self, caller: Principal, secret: str) -> None:
        """The client secret of the OAuth app at GitHub; its client id is the setting github.client_id."""
        await self._own_secrets.write_own(None, GITHUB_SECRET, secret)
        async with self._database.across_teams() as tx:
            await self._audit.record(
                tx,
                caller,
                "sign_in_providers.change",
                "github",
                name="GitHub",
                after={"secret": "changed"},
                team_id=HUB_CHAIN,
            )

    # — going there —

    async def start_github(self, base_url: str, return_to: str, link_to: UUID | None) -> Departure:
        app = await self._github()
        asked, flow, state = await self._depart(GITHUB, f"{base_url}/api/auth/github/callback", return_to, link_to)
        return Departure(github.address(app, state, asked), flow)

    async def start_oidc(self, provider_id: UUID, base_url: str, return_to: str, link_to: UUID | None) -> Departure:
        async with self._database.across_teams() as tx:
            provider = await self._providers.found(tx, provider_id)
        if not provider.enabled:
            raise NotFound("There is no such provider.")
        redirect_uri = f"{base_url}/api/auth/oidc/{shown('idp', provider_id)}/callback"
        asked, flow, state = await self._depart(provider_id.hex, redirect_uri, return_to, link_to)
        return Departure(await self._oidc.address(provider, state, asked), flow)

    async def _depart(
        self, provider: str, redirect_uri: str, return_to: str, link_to: UUID | None
    ) -> tuple[Asked, str, str]:
        """What was asked, the cookie for the browser, and the state."""
        await self._attempts.begin([waits.address(origin.current().address)])
        asked = Asked(crypto.new_token(), secrets.token_urlsafe(48), redirect_uri)
        flow = crypto.new_token()
        state = await self._sessions.begin(
            _FLOW,
            {
                "provider": provider,
                "nonce": asked.nonce,
                "verifier": asked.verifier,
                "redirect_uri": redirect_uri,
                "return_to": local_path(return_to),
                "browser": crypto.fingerprint(flow).hex(),
                "linking": link_to is not None,
            },
            link_to,
        )
        return asked, flow, state

    # — coming back —

    async def from_github(self, answer: Return, browser: Browser) -> tuple[SignedIn | None, str]:
        """A session (None where an account was linked in one), and where to go on."""
        linking, asked, return_to = await self._came_back(GITHUB, answer)
        app = await self._github()
        arrival = await self._told_of(github.arrival(self._calls, app, answer.code, asked))
        return await self._arrived(arrival, None, (Factor.GITHUB,), linking, browser), return_to

    async def from_oidc(self, provider_id: UUID, answer: Return, browser: Browser) -> tuple[SignedIn | None, str]:
        linking, asked, return_to = await self._came_back(provider_id.hex, answer)
        async with self._database.across_teams() as tx:
            provider = await self._providers.found(tx, provider_id)
            secret = await self._providers.secret_of(tx, provider_id)
        if not provider.enabled:
            raise NotFound("There is no such provider.")
        arrival = await self._told_of(self._oidc.arrival(provider, secret, answer.code, answer.issuer, asked))
        factors = (Factor.OIDC, Factor.PROVIDER_FACTOR) if arrival.second_factor else (Factor.OIDC,)
        return await self._arrived(arrival, provider, factors, linking, browser), return_to

    async def _came_back(self, provider: str, answer: Return) -> tuple[UUID | None, Asked, str]:
        """Takes the state, which works once, for this provider and in the browser that was sent."""
        try:
            async with self._database.across_teams() as tx:
                linking, data = await self._sessions.finish(tx, _FLOW, answer.state)
        except Invalid:
            await self._refused(provider, "A state that is unknown, over or too old.")
            raise Unauthenticated("This sign-in took too long, or was done already; begin again.") from None
        if data["provider"] != provider or not secrets.compare_digest(
            crypto.fingerprint(answer.flow).hex(), str(data["browser"])
        ):
            await self._refused(provider, "A state of another browser or provider.")
            raise Unauthenticated("This sign-in was begun in another browser; begin again.")
        if answer.error or not answer.code:
            await self._refused(provider, f"The provider said {answer.error[:80] or 'nothing'}.")
            raise Unauthenticated(f"The provider did not sign you in ({answer.error[:80] or 'no code'}).")
        asked = Asked(str(data["nonce"]), str(data["verifier"]), str(data["redirect_uri"]))
        return linking, asked, str(data["return_to"])

    async def _told_of(self, arriving: Any) -> Arrival:
        try:
            arrival: Arrival = await arriving
        except MnoError as refusal:
            await self._audit.refused(None, "session.begin", "provider", detail=str(refusal))
            if isinstance(refusal, Invalid):
                raise Unauthenticated(str(refusal)) from None
            raise
        return arrival

    async def _arrived(
        self,
        arrival: Arrival,
        provider: Provider | None,
        factors: tuple[Factor, ...],
        linking: UUID | None,
        browser: Browser,
    ) -> SignedIn | None:
        async with self._database.across_teams() as tx:
            known = await store.person_of_account(tx, arrival.provider, arrival.subject, arrival.email, clock.now())
            if linking is not None:
                await self._link(tx, arrival, linking, known)
                return None
            person = await self._recognised(tx, arrival, provider, known)
            if person is not None:
                await self._attempts.succeeded(tx, [waits.address(origin.current().address)])
                team_id = provider.team_id if provider else None
                return await self._sessions.open(tx, person, factors, team_id=team_id, replaces=browser.session)
        await self._refused(arrival.provider, "Nobody here has this account.")
        raise Unauthenticated(
            "Nobody here has this account. Ask for an invitation, or sign in another way and link it in your profile."
        )

    async def _recognised(
        self, tx: Connection, arrival: Arrival, provider: Provider | None, known: UUID | None
    ) -> Person | None:
        """Who it is: by the linked account, by an address that both sides verified, or new where that is allowed."""
        person = await sessions_store.person(tx, known) if known is not None else None
        if known is not None and person is None:
            raise Unauthenticated("This account was deactivated.")
        linked = person is not None
        if person is None and arrival.email:
            person = await sessions_store.person_by_email(tx, arrival.email)
            if person is not None and not person.email_verified:
                raise Unauthenticated(
                    "The account with this address has not proved it yet. Sign in another way and link this one."
                )
            if person is None and await sessions_store.address_is_known(tx, arrival.email):
                raise Unauthenticated("This account was deactivated.")
        speaks_for = provider.team_id if provider else None
        if person is not None and speaks_for and not await store.is_member(tx, speaks_for, person.id):
            return None
        person = await self._joined(tx, arrival, provider, person)
        if person is not None and not linked:
            await store.link(tx, arrival.provider, arrival.subject, person.id, arrival.email, clock.now())
        return person

    async def _joined(
        self, tx: Connection, arrival: Arrival, provider: Provider | None, person: Person | None
    ) -> Person | None:
        """The person as a member of the team that the provider's setting names, if it names one."""
        if provider is None or provider.joins_team is None or provider.joins_role is None or not arrival.email:
            return person
        if person is not None and await store.is_member(tx, provider.joins_team, person.id):
            return person
        place = await sessions_store.first_project(tx, provider.joins_team)
        actor = Principal(
            PrincipalKind.PROGRAM,
            provider.id,
            provider.name,
            provider.joins_team,
            place or provider.joins_team,
            frozenset(),
        )
        user_id = await self._people.welcome(
            tx,
            actor,
            user_id=person.id if person else None,
            name=arrival.name or arrival.email,
            email=arrival.email,
            team_id=provider.joins_team,
            role_id=provider.joins_role,
        )
        return await sessions_store.person(tx, user_id)

    # — linked accounts —

    async def linked(self, user_id: UUID) -> list[LinkedAccount]:
        async with self._database.across_teams() as tx:
            return await store.accounts_of(tx, user_id)

    async def unlink(self, caller: Principal, user_id: UUID, provider: str) -> None:
        async with self._database.across_teams() as tx:
            if not await store.unlink(tx, user_id, provider):
                raise NotFound("You have no account there that is linked.")
            await self._audit.record(
                tx, caller, "linked_accounts.delete", shown("usr", user_id), before={"provider": provider}
            )

    async def _link(self, tx: Connection, arrival: Arrival, user_id: UUID, known: UUID | None) -> None:
        """Links what arrived to the person who began this in their session."""
        if known is not None and known != user_id:
            raise Conflict("This account is linked to somebody else here.")
        person = await sessions_store.person(tx, user_id)
        place = await sessions_store.place_of(tx, user_id, None, None)
        if person is None or place is None:
            raise Denied("This account was deactivated.")
        if known is not None:
            return
        if len(await store.accounts_of(tx, user_id)) >= MAX_LINKED_ACCOUNTS:
            raise LimitExceeded(f"A person may link {MAX_LINKED_ACCOUNTS} accounts; remove one first.")
        await store.link(tx, arrival.provider, arrival.subject, user_id, arrival.email, clock.now())
        actor = Principal(
            PrincipalKind.USER, user_id, person.name, place.team_id, place.project_id, frozenset(), user_id=user_id
        )
        await self._audit.record(
            tx, actor, "linked_accounts.create", shown("usr", user_id), after={"provider": arrival.provider}
        )

    # — parts —

    async def _github(self) -> GithubApp:
        client_id = str(self._preferences.value("github.client_id") or "")
        secret = await self._own_secrets.read_own(None, GITHUB_SECRET) if client_id else None
        if not client_id or not secret:
            raise NotFound("Signing in with GitHub is not set up here.")
        return GithubApp(
            client_id,
            secret,
            self._github_url,
            self._github_api_url,
        )

    async def _refused(self, provider: str, why: str) -> None:
        await self._audit.refused(None, "session.begin", f"provider {provider}", detail=why)


def local_path(text: str) -> str:
    """A path of ours to go on to, or `/`: never another site's address."""
    if not text.startswith("/") or text.startswith(("//", "/\\")) or len(text) > MAX_RETURN_CHARACTERS:
        return "/"
    if any(ord(character) < 32 or character == "\\" for character in text) or text.startswith("/api/"):
        return "/"
    return text
