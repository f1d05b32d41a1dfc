"""A channel as somebody enters it, checked and completed by what is kept already: pure."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mno.notifications import kinds
from mno.notifications.kinds import KINDS, ChannelField
from mno.notifications.model import (
    MAX_CHANNEL_SECRET_CHARACTERS,
    MAX_RECEIVERS_PER_CHANNEL,
    Channel,
    ChannelCredential,
    ChannelKind,
    ChannelLanguage,
)
from mno.platform import webhooks
from mno.platform.errors import Invalid
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.mail import address_of

_NEW_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """Of what is secret, None leaves what is kept. An empty `secret` takes it away; a webhook, which must have one,
    gets a new one from the hub.
    """

    name: str
    kind: ChannelKind
    language: ChannelLanguage = ChannelLanguage.EN
    address: str | None = None
    api_key: str | None = None
    secret: str | None = None
    sender: str = ""
    receivers: Sequence[str] = ()


def completed(wish: ChannelWish, kept: ChannelCredential) -> tuple[ChannelCredential, str]:
    """The channel's credential, and the signing secret that was made for it here (else empty).

    `Invalid` says which field is missing, not wanted, or wrong.
    """
    _check_fields(wish, kept)
    address = kept.address if wish.address is None else kinds.checked_address(wish.kind, wish.address)
    api_key = kept.api_key if wish.api_key is None else _checked_word(wish.api_key, "API key")
    secret = kept.secret if wish.secret is None else _checked_word(wish.secret, "signing secret")
    if wish.kind is not ChannelKind.WEBHOOK:
        return ChannelCredential(address, api_key, secret), ""
    made = "" if secret else webhooks.secret_text(os.urandom(_NEW_SECRET_BYTES))
    webhooks.secret_of(secret or made)
    return ChannelCredential(address, api_key, secret or made), made


def channel_of(
    wish: ChannelWish, credential: ChannelCredential, id_: UUID, team_id: UUID, created_at: datetime, created_by: str
) -> Channel:
    """The channel itself, without anything secret."""
    name = wish.name.strip()
    if not 0 < len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
        raise Invalid(f"A channel needs a name of at most {MAX_NAME_CHARACTERS} characters.")
    return Channel(
        id=id_,
        team_id=team_id,
        name=name,
        kind=wish.kind,
        language=wish.language,
        host=kinds.host_of(wish.kind, credential.address),
        sender=address_of(wish.sender) if KINDS[wish.kind].takes(ChannelField.SENDER) else "",
        receivers=_checked_receivers(wish),
        signed=bool(credential.secret),
        created_at=created_at,
        created_by=created_by,
    )


def _check_fields(wish: ChannelWish, kept: ChannelCredential) -> None:
    entered = {
        ChannelField.ADDRESS: kept.address if wish.address is None else wish.address,
        ChannelField.API_KEY: kept.api_key if wish.api_key is None else wish.api_key,
        ChannelField.SECRET: kept.secret if wish.secret is None else wish.secret,
        ChannelField.SENDER: wish.sender,
        ChannelField.RECEIVERS: wish.receivers,
    }
    for one, value in entered.items():
        if value and not KINDS[wish.kind].takes(one):
            raise Invalid(f"A channel of the kind {wish.kind} has no {one}.")
        if not value and one in KINDS[wish.kind].required:
            raise Invalid(f"A channel of the kind {wish.kind} needs {one}.")


def _checked_word(text: str, what: str) -> str:
    text = text.strip()
    if len(text) > MAX_CHANNEL_SECRET_CHARACTERS or not text.isascii() or (text and not text.isprintable()):
        raise Invalid(f"The {what} may have at most {MAX_CHANNEL_SECRET_CHARACTERS} plain characters.")
    return text


def _checked_receivers(wish: ChannelWish) -> tuple[str, ...]:
    receivers = tuple(dict.fromkeys(address_of(one) for one in wish.receivers))
    if len(receivers) > MAX_RECEIVERS_PER_CHANNEL:
        raise Invalid(f"A channel has at most {MAX_RECEIVERS_PER_CHANNEL} receivers.")
    return receivers
