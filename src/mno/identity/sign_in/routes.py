"""The ways in over HTTP: what is open, password, passkey, the second factor, and showing a factor again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from mno.identity.sign_in import answers
from mno.identity.sign_in.answers import Front
from mno.identity.sign_in.model import FactorWanted
from mno.identity.sign_in.outside import routes as outside_routes
from mno.identity.sign_in.outside.providers.service import Providers
from mno.identity.sign_in.outside.service import Outside
from mno.identity.sign_in.profile import routes as profile_routes
from mno.identity.sign_in.rooms import Entrances
from mno.identity.sign_in.schemas import (
    FactorShape,
    LinkShape,
    Methods,
    NewPasswordWish,
    PasskeyOptions,
    PasskeyProof,
    PasswordWish,
    ProofWish,
    ProviderRef,
    ResetWish,
    SecondFactorWish,
    SignInAnswer,
)
from mno.identity.sign_in.service import SignIn
from mno.identity.sign_in.sessions import routes as sessions_routes
from mno.platform.http.gate import requires
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal
from mno.platform.verification import freshly_verified

Person = Annotated[Principal, Depends(answers.signed_in)]
HubAdministrator = Annotated[Principal, Depends(requires("hub.settings.write"))]
_OURS = [Depends(answers.from_our_pages)]


def router(entrances: Entrances, front: Front) -> APIRouter:
    """Everything below /api/auth."""
    sign_in, outside, providers = entrances.sign_in, entrances.outside, entrances.providers
    routes = APIRouter()
    routes.include_router(sessions_routes.router(sign_in.sessions, front))
    routes.include_router(_ways_in(sign_in, outside, providers, front))
    routes.include_router(profile_routes.router(sign_in, front))
    routes.include_router(outside_routes.router(sign_in, outside, providers, front))
    return routes


def _ways_in(sign_in: SignIn, outside: Outside, providers: Providers, front: Front) -> APIRouter:
    routes = APIRouter(prefix="/api/auth", tags=["sign-in"])

    @routes.get("/methods")
    async def methods() -> Methods:
        """Which ways in are open here, for the sign-in page."""
        password, passkey = sign_in.ways()
        return Methods(
            password=password,
            passkey=passkey,
            github=outside.github_is_on(),
            providers=[
                ProviderRef(id=shown("idp", one.id), name=one.name) for one in await providers.all() if one.enabled
            ],
            reset_by_mail=password and sign_in.passwords.can_send(),
        )

    @routes.post("/password", dependencies=_OURS)
    async def with_password(request: Request, answer: Response, wish: PasswordWish) -> SignInAnswer:
        """Signs in, or answers which second factor is wanted; 401 when it is wrong, 429 after too many tries."""
        found = await sign_in.with_password(wish.email, wish.password, answers.browser_of(request))
        if isinstance(found, FactorWanted):
            wanted = FactorShape(token=found.token, factors=list(found.factors))
            return SignInAnswer(signed_in=False, second_factor=wanted)
        answers.with_sign_in(answer, request, found)
        return SignInAnswer(signed_in=True)

    @routes.post("/second-factor", dependencies=_OURS)
    async def with_second_factor(request: Request, answer: Response, wish: SecondFactorWish) -> SignInAnswer:
        """The second half of a sign-in; wrong tries are counted."""
        proof = wish.proof(front.site(request) if wish.passkey else None)
        signed = await sign_in.with_second_factor(wish.token, proof, answers.browser_of(request))
        answers.with_sign_in(answer, request, signed)
        return SignInAnswer(signed_in=True)

    @routes.post("/passkey/options", dependencies=_OURS)
    async def passkey_options(request: Request) -> PasskeyOptions:
        """Begins a proof by passkey: to sign in, as a second factor, or to show it again."""
        token, options = await sign_in.passkeys.begin_proof(front.site(request))
        return PasskeyOptions(token=token, options=options)

    @routes.post("/passkey", dependencies=_OURS)
    async def with_passkey(request: Request, answer: Response, wish: PasskeyProof) -> SignInAnswer:
        """Signs in with a passkey, which says itself whose it is."""
        signed = await sign_in.with_passkey(
            front.site(request), wish.token, wish.credential, answers.browser_of(request)
        )
        answers.with_sign_in(answer, request, signed)
        return SignInAnswer(signed_in=True)

    @routes.post("/verify", status_code=204)
    async def verify(person: Person, request: Request, wish: ProofWish) -> Response:
        """Shows a factor again, as sensitive changes ask for. The session gets a new secret; 403 when it is wrong."""
        proof = wish.proof(front.site(request) if wish.passkey else None)
        answer = Response(status_code=204)
        answers.with_session(answer, request, await sign_in.verify(person, proof))
        return answer

    @routes.post("/password/reset", status_code=202, dependencies=_OURS)
    async def ask_for_reset(wish: ResetWish) -> None:
        """Sends a link that sets a new password, if somebody has this address; the answer is the same if not."""
        await sign_in.passwords.ask_for_reset(wish.email, front.links_url)

    @routes.post("/password/new", status_code=204, dependencies=_OURS)
    async def reset(wish: NewPasswordWish) -> None:
        """Spends such a link: sets the password and ends every session of the person."""
        await sign_in.passwords.reset(wish.token, wish.password)

    @routes.post("/users/{user_id}/reset-link", status_code=201)
    async def reset_link(administrator: HubAdministrator, request: Request, user_id: str) -> LinkShape:
        """A link that sets somebody's password, to be handed to them, where the hub sends no e-mail."""
        freshly_verified(administrator)
        token = await sign_in.passwords.reset_link(administrator, parsed("usr", user_id))
        return LinkShape(url=f"{front.base_url(request)}/reset-password#{token}")

    @routes.delete("/users/{user_id}/factors", status_code=204)
    async def take_factors(administrator: HubAdministrator, user_id: str) -> None:
        """Takes away the passkeys, the authenticator app and the codes of somebody who lost them."""
        freshly_verified(administrator)
        await sign_in.take_factors(administrator, parsed("usr", user_id))

    return routes
