"""The wire shapes of API keys."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from mno.identity.keys.model import (
    DEFAULT_OVERLAP,
    MAX_ADDRESS_RANGES,
    MAX_OVERLAP,
    ApiKey,
    KeyChange,
    KeyScope,
    KeyWish,
)
from mno.identity.policy.model import MAX_PERMISSIONS_PER_ROLE, MAX_SCOPE_NAME_CHARACTERS
from mno.platform.errors import Invalid
from mno.platform.ids import parsed, shown
from mno.platform.limits import MAX_NAME_CHARACTERS

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
Addresses = Annotated[
    list[Annotated[str, Field(max_length=60)]],
    Field(max_length=MAX_ADDRESS_RANGES, description="From where it may be used (CIDR); empty: from everywhere."),
]


class KeyShape(BaseModel):
    """A key without its secret; `prefix` is the part by which its owner recognises it."""

    id: str
    name: str
    prefix: str
    scopes: list[KeyScope]
    permissions: list[str] = Field(description="Single permissions besides those of the scopes.")
    project: str
    agent: str = Field(description="The one agent that it is for; empty: the whole project.")
    allowed_addresses: list[str]
    created_at: datetime
    created_by: str | None = Field(description="Who made it; null for keys of the program.")
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None = Field(description="The key that was made in its place.")

    @classmethod
    def of(cls, key: ApiKey) -> "KeyShape":
        return cls(
            id=shown("key", key.id),
            name=key.name,
            prefix=key.prefix,
            scopes=list(key.scopes),
            permissions=list(key.permissions),
            project=shown("prj", key.project_id),
            agent=key.agent,
            allowed_addresses=[str(network) for network in key.allowed_addresses],
            created_at=key.created_at,
            created_by=shown("usr", key.created_by) if key.created_by else None,
            last_used_at=key.last_used_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            replaced_by=shown("key", key.replaced_by) if key.replaced_by else None,
        )


class NewKeyShape(KeyShape):
    key: str = Field(description="The secret. It is shown this once and cannot be read again.")

    @classmethod
    def made(cls, key: ApiKey, secret: str) -> "NewKeyShape":
        return cls(**KeyShape.of(key).model_dump(), key=secret)


class KeyList(BaseModel):
    """Keys that work come first, newest first in both parts."""

    items: list[KeyShape]
    next_cursor: str | None

    @classmethod
    def of(cls, found: list[ApiKey], offset: int, limit: int) -> "KeyList":
        """Of one more key than was asked for, if there are more."""
        more = len(found) > limit
        return cls(
            items=[KeyShape.of(key) for key in found[:limit]],
            next_cursor=_cursor_at(offset + limit) if more else None,
        )


class KeyWishShape(BaseModel):
    name: Name
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=len(KeyScope))] | None = None
    permissions: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=MAX_PERMISSIONS_PER_ROLE)] = []
    project: str | None = Field(default=None, max_length=60, description="Yours, if it is not named.")
    agent: Annotated[str, Field(max_length=MAX_SCOPE_NAME_CHARACTERS)] = ""
    expires_at: AwareDatetime | None = None
    allowed_addresses: Addresses = []

    def wish(self) -> KeyWish:
        return KeyWish(
            self.name,
            tuple(self.scopes or ()),
            tuple(self.permissions),
            parsed("prj", self.project) if self.project else None,
            self.agent,
            self.expires_at,
            tuple(self.allowed_addresses),
        )


class KeyChangeShape(BaseModel):
    """What is not sent stays as it is; `expires_at: null` takes the end away."""

    name: Name | None = None
    allowed_addresses: Addresses | None = None
    expires_at: AwareDatetime | None = None

    def change(self) -> KeyChange:
        return KeyChange(
            self.name,
            None if self.allowed_addresses is None else tuple(self.allowed_addresses),
            self.expires_at,
            never_expires="expires_at" in self.model_fields_set and self.expires_at is None,
        )


class RotationWish(BaseModel):
    overlap_s: Annotated[int, Field(ge=0, le=int(MAX_OVERLAP.total_seconds()))] = Field(
        default=int(DEFAULT_OVERLAP.total_seconds()), description="For how long the old key goes on working."
    )


def _cursor_at(offset: int) -> str:
    return base64.urlsafe_b64encode(offset.to_bytes(4, "big")).decode().rstrip("=")


def offset_at(cursor: str) -> int:
    """`Invalid` for a cursor that is none of ours."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        packed = b"?"
    if len(packed) not in (0, 4):
        raise Invalid("The cursor is damaged. Start again from the first page.")
    return int.from_bytes(packed, "big")
