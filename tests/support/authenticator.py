"""A software authenticator: passkeys of a person, with the bytes that a real one sends (WebAuthn level 3, CTAP2).

It makes discoverable ES256 credentials, verifies its user, counts its signatures, and speaks the JSON that
browsers give for a credential.
"""

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_UP, _UV, _BE, _BS, _AT = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Passkey:
    id: bytes
    key: ec.EllipticCurvePrivateKey
    rp_id: str
    user_handle: bytes
    count: int = 0


class Authenticator:
    """A device of one person, in a browser that is at `origin`."""

    def __init__(self, origin: str = "http://localhost:8420", *, counts: bool = True) -> None:
        self.origin = origin
        self.counts = counts
        self.verifies_user = True
        self.passkeys: list[Passkey] = []

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.create`."""
        assert any(one["alg"] == -7 for one in options["pubKeyCredParams"])
        assert options["authenticatorSelection"]["residentKey"] == "required"
        known = {decoded(one["id"]) for one in options.get("excludeCredentials", [])}
        assert not known & {one.id for one in self.passkeys}, "this authenticator is registered already"
        passkey = Passkey(
            os.urandom(32),
            ec.generate_private_key(ec.SECP256R1()),
            options["rp"]["id"],
            decoded(options["user"]["id"]),
        )
        self.passkeys.append(passkey)
        numbers = passkey.key.public_key().public_numbers()
        public_key = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        attested = bytes(16) + len(passkey.id).to_bytes(2, "big") + passkey.id + public_key
        data = self._data(passkey, _AT) + attested
        return self._credential(
            passkey,
            {
                "clientDataJSON": encoded(self._client_data("webauthn.create", options["challenge"])),
                "attestationObject": encoded(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
                "transports": ["internal"],
            },
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.get`: the newest passkey for this site that is allowed."""
        allowed = {decoded(one["id"]) for one in options.get("allowCredentials") or []}
        passkey = next(
            one
            for one in reversed(self.passkeys)
            if one.rp_id == options["rpId"] and (not allowed or one.id in allowed)
        )
        passkey.count += 1 if self.counts else 0
        data = self._data(passkey)
        client_data = self._client_data("webauthn.get", options["challenge"])
        signature = passkey.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            passkey,
            {
                "clientDataJSON": encoded(client_data),
                "authenticatorData": encoded(data),
                "signature": encoded(signature),
                "userHandle": encoded(passkey.user_handle),
            },
        )

    def _data(self, passkey: Passkey, more: int = 0) -> bytes:
        flags = _UP | (_UV if self.verifies_user else 0) | _BE | _BS | more
        return hashlib.sha256(passkey.rp_id.encode()).digest() + bytes([flags]) + passkey.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _credential(self, passkey: Passkey, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": encoded(passkey.id),
            "rawId": encoded(passkey.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
