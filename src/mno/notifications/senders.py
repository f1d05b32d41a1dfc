"""Hands one delivery over: a letter, a signed webhook, or a request that apprise composed; and says what became of it.

Every request goes through the outgoing-address guard, follows no redirect and has a bounded time and answer.
"""

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from mno.notifications import composing, wording
from mno.notifications.composing import Outgoing
from mno.notifications.model import (
    MAX_FAILURE_CHARACTERS,
    Channel,
    ChannelCredential,
    ChannelKind,
    Delivery,
    Fate,
    Verdict,
)
from mno.notifications.rules import cut, one_line
from mno.notifications.verdicts import DELIVERED, verdict
from mno.platform import clock, webhooks
from mno.platform.egress import AddressRefused, NameUnknown
from mno.platform.errors import Invalid, Unavailable
from mno.platform.ids import shown
from mno.platform.mail import LetterRefused, Mail

if TYPE_CHECKING:
    import httpx

    from mno.platform.egress import Egress

#: How long one delivery may take, in seconds.
NOTICE_S = 15.0
#: What is read of an answer, in bytes.
MAX_NOTICE_ANSWER_BYTES = 64 * 1024
#: Shorter parts of an address are no secret, and common words.
_SECRET_CHARACTERS = 8


class Senders:
    """By the kind of the channel."""

    def __init__(self, mail: Mail, egress: "Egress") -> None:
        self._mail = mail
        self._egress = egress

    def client(self) -> "httpx.AsyncClient":
        """For the deliveries of one turn; the caller closes it."""
        return self._egress.client(timeout_s=NOTICE_S)

    async def hand_over(
        self, client: "httpx.AsyncClient", channel: Channel, credential: ChannelCredential, delivery: Delivery
    ) -> Verdict:
        """What became of it; never raises for what the other side does. Errors name nothing that is secret."""
        import httpx

        try:
            async with asyncio.timeout(NOTICE_S):
                if channel.kind is ChannelKind.EMAIL:
                    await self._post_letter(channel, delivery)
                    return DELIVERED
                found = await self._sent(client, channel, await _request(channel, credential, delivery))
        except (NameUnknown, Unavailable) as error:
            found = Verdict(Fate.REFUSED if isinstance(error, LetterRefused) else Fate.LATER, str(error))
        except (AddressRefused, Invalid) as error:
            found = Verdict(Fate.REFUSED, str(error))
        except httpx.InvalidURL:
            found = Verdict(Fate.REFUSED, "The address cannot be read.")
        except (httpx.HTTPError, TimeoutError) as error:
            found = Verdict(Fate.LATER, f"The server does not answer: {str(error) or type(error).__name__}")
        return Verdict(found.fate, told(found.error, credential), found.wait_s)

    async def _post_letter(self, channel: Channel, delivery: Delivery) -> None:
        letter = wording.letter(delivery.receiver, delivery.text, channel.language)
        await self._mail.send(letter.to, letter.subject, letter.text, letter.language)

    async def _sent(self, client: "httpx.AsyncClient", channel: Channel, made: Outgoing) -> Verdict:
        # uncompressed: a small answer must not become a large one
        headers = {**made.headers, "accept-encoding": "identity"}
        async with client.stream("POST", made.url, content=made.body, headers=headers) as answer:
            body = b""
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) >= MAX_NOTICE_ANSWER_BYTES:
                    break
            return verdict(channel.kind, answer.status_code, answer.headers.get("retry-after"), body, clock.now())


async def _request(channel: Channel, credential: ChannelCredential, delivery: Delivery) -> Outgoing:
    if channel.kind is ChannelKind.WEBHOOK:
        return _webhook(credential, delivery)
    await asyncio.to_thread(composing.load)
    return composing.composed(channel, credential, delivery)


def _webhook(credential: ChannelCredential, delivery: Delivery) -> Outgoing:
    body = orjson.dumps(webhook_body(delivery))
    secret = webhooks.secret_of(credential.secret)
    return Outgoing(credential.address, webhooks.signed_headers(secret, shown("dlv", delivery.id), body), body)


def webhook_body(delivery: Delivery) -> dict[str, Any]:
    """The notice's data, and beside it what people read; the same each time this delivery is sent."""
    text = delivery.text
    return {
        **delivery.data,
        "severity": delivery.severity,
        "created_at": delivery.created_at,
        "message": {
            "title": text.title,
            "lines": list(text.lines),
            "link": text.link,
            "link_name": text.link_name,
        },
    }


def told(error: str, credential: ChannelCredential) -> str:
    """An error as it may be shown: one line, without anything of the credential."""
    address = urlsplit(credential.address)
    parts = [*address.path.split("/"), *(value for _, value in parse_qsl(address.query))]
    secrets = [credential.address, credential.api_key, credential.secret, *parts]
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SECRET_CHARACTERS:
            error = error.replace(secret, "…")
    return cut(one_line(error), MAX_FAILURE_CHARACTERS)
