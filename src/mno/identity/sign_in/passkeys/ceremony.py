"""The two ceremonies of WebAuthn: a new passkey, and a proof by one. The rules of the standard are py_webauthn's.

Passkeys are discoverable (nobody types a name to sign in) and unlocked by their owner (user verification), so
that one alone is a thing that is had and a thing that is known or inborn.
Source: https://www.w3.org/TR/webauthn-3/
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from mno.platform.errors import Denied, Invalid

RP_ID_AT_HOME = "localhost"
#: The attestation and everything else that a browser sends is far below this.
MAX_CREDENTIAL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Site:
    """Where the browser is: the relying party's id and the one origin that a passkey may be used from."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Registered:
    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


def site_of(rp_id: str, public_url: str, scheme: str, host: str) -> Site:
    """The site as the operator named it, else as the browser addresses it. Without an id it is the public address's
    host, and `localhost` where there is none.

    A browser refuses by itself an id that its page's address does not end with; that case is told here, because
    the browser's own words help nobody.
    """
    parts = urlsplit(public_url or f"{scheme}://{host}")
    name = parts.hostname or ""
    rp_id = rp_id or (name if public_url else RP_ID_AT_HOME)
    if name != rp_id and not name.endswith(f".{rp_id}"):
        raise Denied(
            f"Passkeys here belong to '{rp_id}', and this page was opened as '{name}'. "
            f"Open it at an address of {rp_id}, or let an administrator change security.webauthn_rp_id."
        )
    return Site(rp_id, f"{parts.scheme}://{parts.netloc}")


def creation_options(site: Site, user_id: UUID, name: str, display_name: str, known: list[bytes]) -> dict[str, Any]:
    """What the browser gets for `navigator.credentials.create`, as JSON; its `challenge` is kept by the caller."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name="MachineNativeOps",
        user_id=user_id.bytes,
        user_name=name,
        user_display_name=display_name,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return _plain(webauthn.options_to_json(options))


def request_options(site: Site, allowed: list[bytes]) -> dict[str, Any]:
    """What the browser gets for `navigator.credentials.get`; with no `allowed` it offers what it has for us."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        allow_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in allowed],
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return _plain(webauthn.options_to_json(options))


def registered(site: Site, credential: dict[str, Any], challenge: str) -> Registered:
    """The new passkey; `Invalid` when the answer does not belong to the challenge, the site or its own key."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    _check_size(credential)
    try:
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"The passkey was not accepted: {_reason(error)}") from None
    return Registered(found.credential_id, found.credential_public_key, found.sign_count, found.credential_backed_up)


def proved(site: Site, credential: dict[str, Any], challenge: str, public_key: bytes, sign_count: int) -> int:
    """The passkey's new count of signatures; `Invalid` for a wrong signature, site, challenge, or a copied key.

    A count that does not grow means that the key exists twice (authenticators without a count send 0).
    """
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    _check_size(credential)
    try:
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"The passkey was not accepted: {_reason(error)}") from None
    return found.new_sign_count


def credential_id_of(credential: dict[str, Any]) -> bytes:
    """Which passkey the browser says it used."""
    import webauthn

    _check_size(credential)
    try:
        return webauthn.base64url_to_bytes(str(credential["rawId"]))
    except (KeyError, ValueError):
        raise Invalid("The passkey's answer names no credential (`rawId`).") from None


def user_handle_of(credential: dict[str, Any]) -> bytes | None:
    """Whose passkey the authenticator says it is; None when it does not say."""
    import webauthn

    answer = credential.get("response")
    handle = answer.get("userHandle") if isinstance(answer, dict) else None
    try:
        return webauthn.base64url_to_bytes(handle) if isinstance(handle, str) and handle else None
    except ValueError:
        raise Invalid("The passkey's answer has a `userHandle` that is not base64url.") from None


def _check_size(credential: dict[str, Any]) -> None:
    try:
        size = len(orjson.dumps(credential))
    except orjson.JSONEncodeError:
        # nested beyond all measure, or numbers that no browser sends
        raise Invalid("The passkey's answer is not one that a browser makes.") from None
    if size > MAX_CREDENTIAL_BYTES:
        raise Invalid(f"A passkey's answer may have {MAX_CREDENTIAL_BYTES} bytes.")


def _plain(text: str) -> dict[str, Any]:
    options = orjson.loads(text)
    assert isinstance(options, dict)
    return options


def _reason(error: Exception) -> str:
    return str(error)[:300] or type(error).__name__
