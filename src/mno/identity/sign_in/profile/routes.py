"""What a person changes of their own over HTTP: name, language, address, password, passkeys, app and codes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from mno.identity.sign_in import answers
from mno.identity.sign_in.answers import Front
from mno.identity.sign_in.schemas import (
    AddressShape,
    AddressWish,
    AskedAddress,
    ChangePasswordWish,
    CodeWish,
    EnrolShape,
    PasskeyList,
    PasskeyName,
    PasskeyOptions,
    PasskeyShape,
    PasskeyWish,
    ProfileShape,
    ProfileWish,
    RecoveryCodes,
    TokenWish,
)
from mno.identity.sign_in.service import SignIn
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Person = Annotated[Principal, Depends(answers.signed_in)]


def router(sign_in: SignIn, front: Front) -> APIRouter:
    routes = APIRouter(prefix="/api/auth", tags=["profile"])
    _add_person(routes, sign_in, front)
    _add_passkeys(routes, sign_in, front)
    _add_codes(routes, sign_in)
    return routes


def _add_person(routes: APIRouter, sign_in: SignIn, front: Front) -> None:
    @routes.get("/profile")
    async def profile(person: Person) -> ProfileShape:
        """The person's own name, address and language, and what they can show to prove who they are."""
        return ProfileShape.of(*await sign_in.standing(person))

    @routes.put("/profile")
    async def change_profile(person: Person, wish: ProfileWish) -> ProfileShape:
        """Changes the person's own name and language."""
        await sign_in.change_profile(person, wish.name, wish.language)
        return ProfileShape.of(*await sign_in.standing(person))

    @routes.put("/password", status_code=204)
    async def change_password(person: Person, request: Request, wish: ChangePasswordWish) -> Response:
        """Sets or changes the person's password and ends their other sessions.

        A change wants the current one; who has a second factor shows it first (POST /api/auth/verify).
        """
        token = await sign_in.change_password(person, wish.password, wish.current)
        answer = Response(status_code=204)
        answers.with_session(answer, request, token)
        return answer

    @routes.post("/address", status_code=202)
    async def ask_for_address(person: Person, wish: AddressWish) -> AskedAddress:
        """Sends a link to a new address of the person, which proves it. A first address is kept at once, not proved,
        where the hub sends no e-mail.
        """
        await sign_in.check_may_change_factors(person)
        return AskedAddress(mailed=await sign_in.passwords.ask_for_address(person, wish.email, front.links_url))

    @routes.post("/address/confirm")
    async def confirm_address(person: Person, wish: TokenWish) -> AddressShape:
        """Spends such a link, in a session of the person who asked for it."""
        return AddressShape(email=await sign_in.passwords.confirm_address(person, wish.token))


def _add_passkeys(routes: APIRouter, sign_in: SignIn, front: Front) -> None:
    @routes.get("/passkeys")
    async def list_passkeys(person: Person) -> PasskeyList:
        """The person's passkeys."""
        return PasskeyList(items=[PasskeyShape.of(key) for key in await sign_in.passkeys.of(person.id)])

    @routes.post("/passkeys/options")
    async def begin_passkey(person: Person, request: Request) -> PasskeyOptions:
        """Begins a new passkey; who has a password or a second factor must have shown it just now."""
        who = await sign_in.check_may_change_factors(person)
        token, options = await sign_in.passkeys.begin_registration(front.site(request), who)
        return PasskeyOptions(token=token, options=options)

    @routes.post("/passkeys", status_code=201)
    async def add_passkey(person: Person, request: Request, wish: PasskeyWish) -> PasskeyShape:
        """Keeps the passkey that the browser made."""
        who = await sign_in.check_may_change_factors(person)
        key = await sign_in.passkeys.register(person, front.site(request), who, wish.token, wish.credential, wish.name)
        return PasskeyShape.of(key)

    @routes.put("/passkeys/{passkey_id}", status_code=204)
    async def rename_passkey(person: Person, passkey_id: str, wish: PasskeyName) -> None:
        """Gives a passkey another name."""
        await sign_in.passkeys.rename(person, person.id, parsed("pky", passkey_id), wish.name)

    @routes.delete("/passkeys/{passkey_id}", status_code=204)
    async def remove_passkey(person: Person, passkey_id: str) -> None:
        """Removes a passkey; a second factor must have been shown just now."""
        await sign_in.check_may_change_factors(person)
        await sign_in.passkeys.remove(person, person.id, parsed("pky", passkey_id))


def _add_codes(routes: APIRouter, sign_in: SignIn) -> None:
    @routes.post("/totp", status_code=201)
    async def enrol(person: Person) -> EnrolShape:
        """Begins an authenticator app; who has a password or a second factor must have shown it just now."""
        secret, uri = await sign_in.codes.enrol(await sign_in.check_may_change_factors(person))
        return EnrolShape(secret=secret, uri=uri)

    @routes.post("/totp/confirm")
    async def confirm(person: Person, request: Request, answer: Response, wish: CodeWish) -> RecoveryCodes:
        """Takes the app's first code; from then on it is asked for. The answer alone holds the recovery codes."""
        codes, token = await sign_in.confirm_codes(person, wish.code)
        answers.with_session(answer, request, token)
        return RecoveryCodes(codes=codes)

    @routes.delete("/totp", status_code=204)
    async def remove_app(person: Person) -> None:
        """Removes the authenticator app and the recovery codes; a second factor must have been shown just now."""
        await sign_in.check_may_change_factors(person)
        await sign_in.codes.remove(person, person.id)

    @routes.post("/recovery-codes", status_code=201)
    async def renew_codes(person: Person) -> RecoveryCodes:
        """New recovery codes, shown this once; the old ones work no more."""
        await sign_in.check_may_change_factors(person)
        return RecoveryCodes(codes=await sign_in.codes.renew_recovery_codes(person, person.id))
