"""An OpenID Connect provider as its client sees it: discovery, the code flow with PKCE, and its changing keys.

Sources: OpenID Connect Core and Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (the issuer in the answer).
"""

import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from mno.identity.sign_in.outside.calls import Calls
from mno.identity.sign_in.outside.model import Arrival, Provider
from mno.identity.sign_in.outside.tokens import Expected, Key, UnknownKey, public_keys, verified
from mno.platform import clock
from mno.platform.errors import Invalid, Unauthenticated

#: How long a provider's own description is believed, in seconds.
DISCOVERY_MEMORY_S = 600.0
#: How often its keys are fetched anew for a key that nobody knows, in seconds.
KEYS_REFETCH_WAIT_S = 10.0
#: Providers whose description is remembered.
MAX_REMEMBERED_ISSUERS = 200
_AT_HOME = frozenset({"localhost", "127.0.0.1", "::1"})
#: Values of `amr` that stand for a second factor (RFC 8176).
_SECOND = frozenset({"mfa", "otp", "hwk", "fpt", "face", "iris", "sc", "swk", "sms", "tel"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One sign-in that went to the provider: what its answer must fit."""

    nonce: str
    verifier: str
    redirect_uri: str


@dataclass
class _Known:
    """What we know about an issuer, and since when."""

    document: dict[str, Any]
    at: float
    keys: list[Key] | None = None
    keys_at: float = 0.0


def challenge_of(verifier: str) -> str:
    """PKCE's S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def checked_issuer(issuer: str) -> str:
    """An issuer's address; http only on this machine, where tests and first tries run."""
    parts = urlsplit(issuer)
    secure = parts.scheme == "https" or (parts.scheme == "http" and (parts.hostname or "") in _AT_HOME)
    if not secure or not parts.hostname or parts.query or parts.fragment:
        raise Invalid(
            "The issuer must be an https address without a query, such as https://login.example.com/realms/x."
        )
    return issuer


class OidcClient:
    """Speaks to any number of providers; what they say about themselves is remembered for minutes."""

    def __init__(self, calls: Calls, refetch_wait_s: float = KEYS_REFETCH_WAIT_S) -> None:
        self._calls = calls
        self._refetch_wait_s = refetch_wait_s
        self._known: dict[str, _Known] = {}

    async def check(self, issuer: str) -> None:
        """`Invalid` when there is no usable provider at this address."""
        self._known.pop(issuer, None)
        await self._keys(await self._describe(checked_issuer(issuer)))

    async def address(self, provider: Provider, state: str, asked: Asked) -> str:
        """Where the browser goes to sign in."""
        known = await self._describe(provider.issuer)
        endpoint = str(known.document["authorization_endpoint"])
        query = urlencode(
            {
                "response_type": "code",
                "client_id": provider.client_id,
                "redirect_uri": asked.redirect_uri,
                "scope": provider.scopes,
                "state": state,
                "nonce": asked.nonce,
                "code_challenge": challenge_of(asked.verifier),
                "code_challenge_method": "S256",
            }
        )
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    async def arrival(self, provider: Provider, secret: str, code: str, issuer: str | None, asked: Asked) -> Arrival:
        """Whom the provider sent, from its code. `issuer` is what its answer names (RFC 9207), if it does."""
        known = await self._describe(provider.issuer)
        names_itself = known.document.get("authorization_response_iss_parameter_supported") is True
        if (issuer is not None or names_itself) and issuer != provider.issuer:
            raise Unauthenticated("The answer comes from another provider (iss).")
        answer = await self._exchange(known, provider, secret, code, asked)
        access_token = str(answer.get("access_token", ""))
        expected = Expected(provider.issuer, provider.client_id, asked.nonce, access_token)
        claims = await self._verified(known, str(answer.get("id_token", "")), expected)
        if "email" not in claims and access_token and known.document.get("userinfo_endpoint"):
            claims = await self._with_userinfo(known, access_token, claims)
        return _arrival(provider, claims)

    async def _exchange(
        self, known: _Known, provider: Provider, secret: str, code: str, asked: Asked
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.verifier,
        }
        headers: dict[str, str] = {}
        methods = known.document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in methods:
            pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = provider.client_id
            if secret:
                form["client_secret"] = secret
        try:
            answer = await self._calls.post(str(known.document["token_endpoint"]), form, headers)
        except Invalid as refusal:
            raise Unauthenticated(f"The provider did not accept its own code: {refusal}") from None
        if not isinstance(answer, dict) or not isinstance(answer.get("id_token"), str):
            raise Unauthenticated("The provider sent no ID token. Is `openid` among the scopes?")
        return answer

    async def _verified(self, known: _Known, token: str, expected: Expected) -> dict[str, Any]:
        now_s = clock.now().timestamp()
        try:
            return verified(token, await self._keys(known), expected, now_s)
        except UnknownKey:
            pass
        # the provider changed its keys; whoever makes keys up does not make us ask it all the time
        fresh = await self._keys(known, newer_than=self._refetch_wait_s)
        try:
            return verified(token, fresh, expected, now_s)
        except UnknownKey:
            raise Unauthenticated("The ID token is signed with a key that the provider does not publish.") from None

    async def _with_userinfo(self, known: _Known, access_token: str, claims: dict[str, Any]) -> dict[str, Any]:
        told = await self._calls.get(
            str(known.document["userinfo_endpoint"]), {"authorization": f"Bearer {access_token}"}
        )
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise Unauthenticated("The provider tells of somebody else than its ID token (sub).")
        return {**{name: told[name] for name in ("email", "email_verified", "name") if name in told}, **claims}

    async def _describe(self, issuer: str) -> _Known:
        known = self._known.get(issuer)
        if known is not None and time.monotonic() - known.at < DISCOVERY_MEMORY_S:
            return known
        document = await self._calls.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if not isinstance(document, dict) or document.get("issuer") != issuer:
            named = document.get("issuer") if isinstance(document, dict) else None
            raise Invalid(f"The provider at {issuer} calls itself '{str(named)[:200]}'; enter exactly that.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _check_endpoint(document.get(name), name)
        if document.get("userinfo_endpoint") is not None:
            _check_endpoint(document["userinfo_endpoint"], "userinfo_endpoint")
        if len(self._known) >= MAX_REMEMBERED_ISSUERS:
            self._known.clear()
        self._known[issuer] = found = _Known(document, time.monotonic())
        return found

    async def _keys(self, known: _Known, newer_than: float = DISCOVERY_MEMORY_S) -> list[Key]:
        if known.keys is None or time.monotonic() - known.keys_at >= newer_than:
            known.keys = public_keys(await self._calls.get(str(known.document["jwks_uri"])))
            known.keys_at = time.monotonic()
        if not known.keys:
            raise Invalid("The provider publishes no key that signs ID tokens.")
        return known.keys


def _check_endpoint(address: Any, name: str) -> None:
    parts = urlsplit(address) if isinstance(address, str) else None
    if parts is None or not (
        parts.scheme == "https" or (parts.scheme == "http" and (parts.hostname or "") in _AT_HOME)
    ):
        raise Invalid(f"The provider's {name} is no https address.")


def _arrival(provider: Provider, claims: dict[str, Any]) -> Arrival:
    email = claims.get("email")
    email = email.strip() if isinstance(email, str) and email.count("@") == 1 else ""
    domain = email.rpartition("@")[2].lower()
    in_domains = not provider.domains or domain in provider.domains
    # some providers send the word instead of the truth value
    told = claims.get("email_verified")
    says_verified = told is True or told == "true"
    believed = in_domains and (says_verified or (provider.trusts_email and bool(provider.domains)))
    methods = claims.get("amr")
    shown = {str(one) for one in methods} if isinstance(methods, list) else set()
    return Arrival(
        provider=provider.id.hex,
        subject=claims["sub"],
        email=email if believed else "",
        name=str(claims.get("name") or "")[:120],
        second_factor=provider.trusts_factor and bool(shown & _SECOND),
    )
