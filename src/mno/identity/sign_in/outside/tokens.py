"""What an ID token must be before anything in it is believed.

Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725 for the algorithms: only signatures by a key pair, so
that neither `none` nor a signature made with the public key as a shared secret can pass.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from mno.platform.errors import Unauthenticated

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
#: How far the provider's clock may be from ours, in seconds.
MAX_CLOCK_SKEW_S = 60
#: How long ago a token may have been issued, in seconds.
MAX_TOKEN_AGE_S = 600
#: The longest subject of an ID token (OpenID Connect Core, section 2).
MAX_SUBJECT_CHARACTERS = 255
_HASHES = {
    "256": hashlib.sha256,
    "384": hashlib.sha384,
    "512": hashlib.sha512,
    "DSA": hashlib.sha512,
    "519": hashlib.sha512,
}

Key = RSAKey | ECKey | OKPKey


class _Registry(JWSRegistry):
    """Providers put certificates and more into the header."""

    max_header_length = 8192


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say: whom it is from, for whom, and in answer to what."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str


class UnknownKey(Exception):  # noqa: N818 - not an error to show: the keys are fetched anew
    """The token names a key that the set does not have."""


def public_keys(document: Any) -> list[Key]:
    """The usable keys of a JWK set: public ones for signatures. Shared secrets and unknown kinds are left out."""
    entries = document.get("keys") if isinstance(document, dict) else None
    found: list[Key] = []
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC", "OKP") or entry.get("use") == "enc":
            continue
        try:
            found += [key for key in KeySet.import_key_set({"keys": [entry]}).keys if isinstance(key, Key)]
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def header_of(token: str) -> dict[str, Any]:
    """The unchecked header; `Unauthenticated` when this is no signed token."""
    try:
        header = orjson.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    except (ValueError, IndexError):
        raise Unauthenticated("The provider's ID token cannot be read.") from None
    if not isinstance(header, dict) or token.count(".") != 2:
        raise Unauthenticated("The provider's ID token cannot be read.")
    return header


def verified(token: str, keys: list[Key], expected: Expected, now_s: float) -> dict[str, Any]:
    """The token's claims. `Unauthenticated` says what is wrong; `UnknownKey` when its key is not in the set."""
    header = header_of(token)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Unauthenticated(f"The provider signs with '{str(algorithm)[:20]}', which is not accepted here.")
    claims = _signed(token, keys, str(algorithm), header.get("kid"))
    _check_audience(claims, expected)
    _check_times(claims, now_s)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), expected.nonce.encode()):
        raise Unauthenticated("The ID token answers another sign-in (nonce).")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS:
        raise Unauthenticated("The ID token names nobody (sub).")
    _check_access_token(claims, str(algorithm), expected.access_token)
    return claims


def _signed(token: str, keys: list[Key], algorithm: str, kid: Any) -> dict[str, Any]:
    candidates = [key for key in keys if kid is None or key.kid == kid]
    if not candidates:
        raise UnknownKey(str(kid))
    for key in candidates:
        try:
            found = jws.deserialize_compact(
                token,
                key,
                algorithms=[algorithm],
                registry=_Registry(algorithms=[algorithm], strict_check_header=False),
            )
            claims = orjson.loads(found.payload)
        except (JoseError, ValueError):
            continue
        if isinstance(claims, dict):
            return claims
    raise Unauthenticated("The ID token's signature is wrong.")


def _check_audience(claims: dict[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise Unauthenticated("The ID token is from another issuer.")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise Unauthenticated("The ID token is meant for another application (aud).")
    party = claims.get("azp")
    if (len(audiences) > 1 or party is not None) and party != expected.client_id:
        raise Unauthenticated("The ID token was issued to another application (azp).")


def _check_times(claims: dict[str, Any], now_s: float) -> None:
    expires, issued, begins = (_seconds(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None:
        raise Unauthenticated("The ID token does not say until when it holds (exp, iat).")
    if expires <= now_s - MAX_CLOCK_SKEW_S or issued < now_s - MAX_TOKEN_AGE_S - MAX_CLOCK_SKEW_S:
        raise Unauthenticated("The ID token has expired. Is this server's clock right?")
    if max(issued, begins or 0) > now_s + MAX_CLOCK_SKEW_S:
        raise Unauthenticated("The ID token is from the future. Is this server's clock right?")


def _check_access_token(claims: dict[str, Any], algorithm: str, access_token: str) -> None:
    told = claims.get("at_hash")
    if told is None:
        return
    digest = _HASHES[algorithm[-3:]](access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not hmac.compare_digest(str(told).encode(), half.encode()):
        raise Unauthenticated("The ID token belongs to another access token (at_hash).")


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
