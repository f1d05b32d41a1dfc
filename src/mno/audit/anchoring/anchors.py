"""Anchors: signed statements of how far a chain had come, kept outside the database.

Whoever can write to the database can also compute a new chain; they can neither sign an anchor nor, where the
object store forbids it, remove one. A checkpoint is the same statement about entries that were pruned.
"""

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import rfc8785

from mno.platform.errors import Invalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PRIVATE_FILE = 0o600
_KEY_BYTES = 32
#: A sequence number has this many digits in a name, so that names sort as numbers do.
_DIGITS = 16


class Kind(StrEnum):
    """`checkpoint`: the entries up to and with this one were pruned."""

    ANCHOR = "anchor"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Anchor:
    """At `at`, the entry `seq` of the chain had this hash. `previous` is the anchor before it; 0 for none."""

    kind: Kind
    team_id: UUID
    seq: int
    hash: bytes
    at: datetime
    previous: int = 0


class SigningKey:
    """An Ed25519 key; the public halves of former keys are trusted for what they signed."""

    def __init__(self, seed: bytes, trusted: tuple[bytes, ...] = ()) -> None:
        self._seed = seed
        self._trusted = trusted

    @property
    def public(self) -> bytes:
        return self._private().public_key().public_bytes_raw()

    def _private(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._secret())

    def _secret(self) -> bytes:
        return self._seed

    def public_pem(self) -> str:
        """The public key as `openssl` reads it."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return _public(self.public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        return self._private().sign(message)

    def has_signed(self, message: bytes, signature: bytes, key: str) -> bool:
        """Whether this key, or a trusted former one, made the signature; `key` is the id of the one."""
        from cryptography.exceptions import InvalidSignature

        for public in (self.public, *self._trusted):
            if key_id(public) == key:
                try:
                    _public(public).verify(signature, message)
                except InvalidSignature:
                    return False
                return True
        return False

    def derived(self, purpose: str) -> bytes:
        """32 secret bytes for another purpose, which tell nothing of this key; the same ones every time."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"mno " + purpose.encode()).derive(self._secret())


class FileKey(SigningKey):
    """The key of the environment (`text`, 32 bytes in base64), else that of the file, which is made when missing."""

    def __init__(self, file: Path, text: str = "", trusted: str = "") -> None:
        """`Invalid` for a text that is no key; the file is not touched before the key is used."""
        former = tuple(_raw(one.strip(), "MNO_AUDIT_TRUSTED_KEYS") for one in trusted.split(",") if one.strip())
        super().__init__(_raw(text.strip(), "MNO_AUDIT_KEY") if text.strip() else b"", former)
        self._file = file

    def _secret(self) -> bytes:
        if not self._seed:
            try:
                self._seed = _raw(self._file.read_text().strip(), str(self._file))
            except FileNotFoundError:
                self._seed = _made(self._file)
        return self._seed


def _made(file: Path) -> bytes:
    seed = os.urandom(_KEY_BYTES)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    with os.fdopen(handle, "w") as written:
        written.write(base64.b64encode(seed).decode() + "\n")
        written.flush()
        os.fsync(written.fileno())
    return seed


def _public(raw: bytes) -> "Ed25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(raw)


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _raw(text: str, name: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise Invalid(f"{name} must hold 32 bytes in base64; `openssl rand -base64 32` makes such a key.")
    return raw


def folder_of(kind: Kind, team_id: UUID) -> str:
    return f"audit/{kind}s/{team_id.hex}"


def name_of(kind: Kind, team_id: UUID, seq: int) -> str:
    return f"{folder_of(kind, team_id)}/{seq:0{_DIGITS}d}.json"


def seq_in(name: str) -> int | None:
    """The sequence number in an object's name; None for a name that is none of ours."""
    digits = name.rpartition("/")[2].removesuffix(".json")
    return int(digits) if len(digits) == _DIGITS and digits.isascii() and digits.isdigit() else None


def signed(anchor: Anchor, key: SigningKey) -> bytes:
    """The anchor as an object: its fields, the key's id, and the signature over the canonical JSON of both."""
    fields = _fields(anchor) | {"key": key_id(key.public)}
    signature = base64.b64encode(key.sign(rfc8785.dumps(fields))).decode()
    return orjson.dumps(fields | {"signature": signature}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def opened(content: bytes, key: SigningKey) -> Anchor | None:
    """The anchor in an object; None when it is damaged or nobody whom we trust signed it."""
    try:
        fields = orjson.loads(content)
        signature = base64.b64decode(fields.pop("signature"), validate=True)
        if not key.has_signed(rfc8785.dumps(fields), signature, fields["key"]):
            return None
        return Anchor(
            kind=Kind(fields["kind"]),
            team_id=UUID(fields["team_id"]),
            seq=int(fields["seq"]),
            hash=bytes.fromhex(fields["hash"]),
            at=datetime.fromisoformat(fields["at"]),
            previous=int(fields["previous"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _fields(anchor: Anchor) -> dict[str, Any]:
    return {
        "version": 1,
        "kind": str(anchor.kind),
        "team_id": str(anchor.team_id),
        "seq": anchor.seq,
        "hash": anchor.hash.hex(),
        "at": anchor.at.astimezone(UTC).isoformat(),
        "previous": anchor.previous,
    }
