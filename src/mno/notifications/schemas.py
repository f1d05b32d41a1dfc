"""The wire shapes of channels."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from mno.notifications.editing.service import Made
from mno.notifications.kinds import KINDS, ChannelField
from mno.notifications.model import (
    MAX_CHANNEL_SECRET_CHARACTERS,
    MAX_RECEIVERS_PER_CHANNEL,
    Channel,
    ChannelKind,
    ChannelLanguage,
    Delivery,
    DeliveryState,
    NoticeSeverity,
)
from mno.notifications.setup import ChannelWish
from mno.platform.ids import shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.mail import MAX_ADDRESS_CHARACTERS
from mno.platform.webhooks import MAX_WEBHOOK_ADDRESS_CHARACTERS

_KEPT = "Kept encrypted and never shown; null leaves the old one."
MailAddress = Annotated[str, Field(max_length=MAX_ADDRESS_CHARACTERS)]


class ChannelShape(BaseModel):
    """A channel without what opens it, which nobody is shown."""

    id: str
    name: str
    kind: ChannelKind
    language: ChannelLanguage
    host: str = Field(description="The server that is asked; empty for e-mail by the hub's own server.")
    sender: str
    receivers: list[str]
    signed: bool = Field(description="Whether messages carry a signature.")
    created_at: datetime
    created_by: str
    delivered_at: datetime | None
    failed_at: datetime | None
    failure: str

    @classmethod
    def of(cls, channel: Channel) -> "ChannelShape":
        return cls(
            id=shown("chn", channel.id),
            name=channel.name,
            kind=channel.kind,
            language=channel.language,
            host=channel.host,
            sender=channel.sender,
            receivers=list(channel.receivers),
            signed=channel.signed,
            created_at=channel.created_at,
            created_by=channel.created_by,
            delivered_at=channel.delivered_at,
            failed_at=channel.failed_at,
            failure=channel.failure,
        )


class ChannelList(BaseModel):
    items: list[ChannelShape]


class MadeChannelShape(ChannelShape):
    """The channel, and a webhook's signing secret where the hub made one; it is shown this once."""

    secret: str

    @classmethod
    def made(cls, made: Made) -> "MadeChannelShape":
        return cls(**ChannelShape.of(made.channel).model_dump(), secret=made.secret)


class ChannelWishShape(BaseModel, extra="forbid"):
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
    kind: ChannelKind
    language: ChannelLanguage = ChannelLanguage.EN
    address: Annotated[
        str | None, Field(max_length=MAX_WEBHOOK_ADDRESS_CHARACTERS, description=f"Of the webhook. {_KEPT}")
    ] = None
    api_key: Annotated[str | None, Field(max_length=MAX_CHANNEL_SECRET_CHARACTERS, description=_KEPT)] = None
    secret: Annotated[
        str | None,
        Field(
            max_length=MAX_CHANNEL_SECRET_CHARACTERS,
            description=f"For signatures. {_KEPT} Empty takes it away; a webhook gets a new one.",
        ),
    ] = None
    sender: MailAddress = ""
    receivers: Annotated[list[MailAddress], Field(max_length=MAX_RECEIVERS_PER_CHANNEL)] = []

    def wish(self) -> ChannelWish:
        return ChannelWish(
            self.name,
            self.kind,
            self.language,
            self.address,
            self.api_key,
            self.secret,
            self.sender,
            self.receivers,
        )


class ChannelKindShape(BaseModel):
    """What a channel of this kind needs, what it may have, and what its address looks like."""

    kind: ChannelKind
    required: list[ChannelField]
    optional: list[ChannelField]
    example: str


class ChannelKindList(BaseModel):
    items: list[ChannelKindShape]

    @classmethod
    def all(cls) -> "ChannelKindList":
        return cls(
            items=[
                ChannelKindShape(
                    kind=kind,
                    required=[one for one in ChannelField if one in wanted.required],
                    optional=[one for one in ChannelField if one in wanted.optional],
                    example=wanted.example,
                )
                for kind, wanted in KINDS.items()
            ]
        )


class ChannelDeliveryShape(BaseModel):
    """One message to one receiver."""

    id: str
    receiver: str
    severity: NoticeSeverity
    title: str
    state: DeliveryState
    attempts: int = Field(description="Tries that failed.")
    error: str = Field(description="Of the last try that failed.")
    created_at: datetime
    due_at: datetime = Field(description="When it is tried (again), while it waits.")
    delivered_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> "ChannelDeliveryShape":
        return cls(
            id=shown("dlv", delivery.id),
            receiver=delivery.receiver,
            severity=delivery.severity,
            title=delivery.text.title,
            state=delivery.state,
            attempts=delivery.attempts,
            error=delivery.error,
            created_at=delivery.created_at,
            due_at=delivery.due_at,
            delivered_at=delivery.delivered_at,
        )


class ChannelDeliveryList(BaseModel):
    """`next` names the last one where older ones may follow."""

    items: list[ChannelDeliveryShape]
    next: str | None = None

    @classmethod
    def of(cls, deliveries: list[Delivery], limit: int) -> "ChannelDeliveryList":
        items = [ChannelDeliveryShape.of(one) for one in deliveries]
        return cls(items=items, next=items[-1].id if len(items) == limit else None)


class ReplayedDeliveries(BaseModel):
    replayed: int
