"""GitHub and OpenID Connect over HTTP: there, back, linked accounts, and the providers that are set up."""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from mno.identity.sign_in import answers
from mno.identity.sign_in.answers import FLOW_COOKIE, Front
from mno.identity.sign_in.model import SignedIn
from mno.identity.sign_in.outside.model import GITHUB
from mno.identity.sign_in.outside.providers.service import Providers
from mno.identity.sign_in.outside.service import MAX_RETURN_CHARACTERS, Departure, Outside, Return
from mno.identity.sign_in.schemas import (
    GithubAppShape,
    IssuerWish,
    LinkedAccountList,
    LinkedAccountShape,
    ProviderList,
    ProviderShape,
    ProviderWish,
    SecretWish,
)
from mno.identity.sign_in.service import SignIn
from mno.platform.errors import MnoError
from mno.platform.http.gate import authenticated, requires
from mno.platform.http.problems import status_of
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Person = Annotated[Principal, Depends(answers.signed_in)]
HubReader = Annotated[Principal, Depends(requires("hub.settings.read"))]
HubWriter = Annotated[Principal, Depends(requires("hub.settings.write"))]
Text = Annotated[str, Query(max_length=4000)]
Path = Annotated[str, Query(max_length=MAX_RETURN_CHARACTERS)]
Link = Annotated[bool, Query(description="Links the account to the signed-in person instead of signing in.")]


def router(sign_in: SignIn, outside: Outside, providers: Providers, front: Front) -> APIRouter:
    routes = APIRouter(prefix="/api/auth", tags=["sign-in"])
    _add_journeys(routes, sign_in, outside, front)
    _add_accounts(routes, sign_in, outside)
    _add_providers(routes, outside, providers, front)
    return routes


def _add_journeys(routes: APIRouter, sign_in: SignIn, outside: Outside, front: Front) -> None:
    async def link_to(request: Request, link: bool) -> UUID | None:
        """Whom to link to: only a signed-in person, who proved themselves where they can."""
        if not link:
            return None
        # another site's page could else have its own account there linked to whoever is signed in here
        await answers.from_our_pages(request)
        caller = await answers.signed_in(await authenticated(request))
        return (await sign_in.check_may_change_factors(caller)).id

    @routes.get("/github/start", response_class=RedirectResponse, status_code=303)
    async def start_github(request: Request, return_to: Path = "/", link: Link = False) -> Response:
        """Sends the browser to GitHub."""
        return await _left(
            request, outside.start_github(front.base_url(request), return_to, await link_to(request, link))
        )

    @routes.get("/github/callback", response_class=RedirectResponse, status_code=303)
    async def from_github(request: Request, state: Text = "", code: Text = "", error: Text = "") -> Response:
        """Where GitHub sends the browser back to: signs in and goes on."""
        answer = Return(state, code, None, request.cookies.get(FLOW_COOKIE, ""), error)
        return await _came(request, outside.from_github(answer, answers.browser_of(request)))

    @routes.get("/oidc/{provider_id}/start", response_class=RedirectResponse, status_code=303)
    async def start_oidc(request: Request, provider_id: str, return_to: Path = "/", link: Link = False) -> Response:
        """Sends the browser to an OpenID Connect provider."""
        provider = parsed("idp", provider_id)
        base_url = front.base_url(request)
        return await _left(request, outside.start_oidc(provider, base_url, return_to, await link_to(request, link)))

    @routes.get("/oidc/{provider_id}/callback", response_class=RedirectResponse, status_code=303)
    async def from_oidc(
        request: Request,
        provider_id: str,
        state: Text = "",
        code: Text = "",
        error: Text = "",
        iss: Annotated[str | None, Query(max_length=500)] = None,
    ) -> Response:
        """Where the provider sends the browser back to: signs in and goes on."""
        answer = Return(state, code, iss, request.cookies.get(FLOW_COOKIE, ""), error)
        journey = outside.from_oidc(parsed("idp", provider_id), answer, answers.browser_of(request))
        return await _came(request, journey)


def _add_accounts(routes: APIRouter, sign_in: SignIn, outside: Outside) -> None:
    @routes.get("/accounts")
    async def list_accounts(person: Person) -> LinkedAccountList:
        """The accounts elsewhere with which the person signs in."""
        return LinkedAccountList(items=[LinkedAccountShape.of(one) for one in await outside.linked(person.id)])

    @routes.delete("/accounts/{provider}", status_code=204)
    async def unlink(person: Person, provider: str) -> None:
        """Unlinks an account; who has a password or a second factor must have shown it just now."""
        await sign_in.check_may_change_factors(person)
        name = GITHUB if provider == GITHUB else parsed("idp", provider).hex
        await outside.unlink(person, person.id, name)


def _add_providers(routes: APIRouter, outside: Outside, providers: Providers, front: Front) -> None:
    @routes.get("/github")
    async def github_app(_: HubReader, request: Request) -> GithubAppShape:
        """What is entered of the OAuth app at GitHub, without its secret."""
        client_id, has_secret = await outside.github_app()
        redirect_uri = f"{front.base_url(request)}/api/auth/github/callback"
        return GithubAppShape(client_id=client_id, has_secret=has_secret, redirect_uri=redirect_uri)

    @routes.put("/github/secret", status_code=204)
    async def keep_github_secret(writer: HubWriter, wish: SecretWish) -> None:
        """Sets the client secret of the OAuth app at GitHub; its client id is the setting `github.client_id`."""
        await outside.keep_github_secret(writer, wish.client_secret)

    @routes.get("/providers")
    async def list_providers(_: HubReader, request: Request) -> ProviderList:
        """The OpenID Connect providers, without their secrets."""
        base_url = front.base_url(request)
        return ProviderList(items=[ProviderShape.of(one, base_url) for one in await providers.all()])

    @routes.post("/providers", status_code=201)
    async def add_provider(writer: HubWriter, request: Request, wish: ProviderWish) -> ProviderShape:
        """Sets a provider up; its description and keys are fetched at once, so that a wrong address is heard of."""
        return ProviderShape.of(await providers.add(writer, wish.wish()), front.base_url(request))

    @routes.post("/providers/check", status_code=204)
    async def check_provider(_: HubWriter, wish: IssuerWish) -> None:
        """Fetches a provider's description and keys, as setting it up does; 400 says what is wrong with them."""
        await providers.check(wish.issuer)

    @routes.put("/providers/{provider_id}")
    async def change_provider(
        writer: HubWriter, request: Request, provider_id: str, wish: ProviderWish
    ) -> ProviderShape:
        """Changes all but the issuer."""
        changed = await providers.change(writer, parsed("idp", provider_id), wish.wish())
        return ProviderShape.of(changed, front.base_url(request))

    @routes.delete("/providers/{provider_id}", status_code=204)
    async def remove_provider(writer: HubWriter, provider_id: str) -> None:
        """Removes a provider and the links to its accounts; people keep their accounts here."""
        await providers.remove(writer, parsed("idp", provider_id))


async def _left(request: Request, departing: Awaitable[Departure]) -> Response:
    try:
        departure = await departing
    except MnoError as refusal:
        return _refusal(request, refusal)
    answer = RedirectResponse(departure.address, status_code=303)
    answers.with_flow(answer, request, departure.flow)
    return answer


async def _came(request: Request, journey: Awaitable[tuple[SignedIn | None, str]]) -> Response:
    try:
        signed, return_to = await journey
    except MnoError as refusal:
        return _refusal(request, refusal)
    answer = RedirectResponse(return_to, status_code=303)
    if signed is not None:
        answers.with_sign_in(answer, request, signed)
    answers.without_flow(answer)
    return answer


def _refusal(request: Request, refusal: MnoError) -> Response:
    """A page for people, the usual problem document for programs."""
    if not answers.wants_page(request):
        raise refusal
    return answers.refusal_page(refusal, status_of(refusal))
