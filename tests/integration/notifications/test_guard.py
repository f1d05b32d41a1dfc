"""No channel leads into our own network, and apprise connects to nothing at all."""

import importlib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import requests

from mno.notifications import composing
from mno.notifications.model import ChannelCredential, ChannelKind
from mno.platform.database import Database
from mno.platform.egress import Allowed, Egress
from support.channels import ADDRESSES, API_KEY, LOOPBACK, SECRET, Answer, ChatWorld, Desk, Receiver, desk_over

#: Every way to another machine.
_WAYS = (
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (socket, "getaddrinfo"),
    (socket, "gethostbyname"),
)


@contextmanager
def refused() -> Iterator[list[str]]:
    """Nobody connects or resolves meanwhile; names what was tried."""
    tried: list[str] = []

    def refuse(name: str, *_: object, **__: object) -> None:
        tried.append(name)
        raise OSError("There is no way to another machine.")

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _WAYS:
            patch.setattr(owner, name, partial(refuse, name))
        yield tried


async def fate_of(desk: Desk, address: str) -> str:
    channel, _ = await desk.channel(ChannelKind.WEBHOOK, address, address=address)
    await desk.send(channel)
    await desk.delivering.deliver_due()
    (delivery,) = await desk.deliveries(channel)
    assert delivery.state == "dead", delivery
    return delivery.error


@pytest.fixture
async def closed(database: Database, postgres_url: str, tmp_path: Path) -> Desk:
    """A desk whose guard lets nothing through."""
    return await desk_over(database, postgres_url, tmp_path, Egress())


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://0x7f000001/",
        "http://10.0.0.8/",
    ],
)
async def test_an_address_of_our_own_network_is_refused_at_once(closed: Desk, address: str) -> None:
    assert "not a public address" in await fate_of(closed, address)


async def test_what_an_administrator_lets_through_is_reached(desk: Desk, hook: Receiver) -> None:
    channel, _ = await desk.channel(ChannelKind.WEBHOOK, address=f"http://127.0.0.1:{hook.port}/")
    await desk.send(channel)
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered"]


async def test_a_redirect_into_our_network_is_not_followed(desk: Desk, hook: Receiver) -> None:
    hook.answers = [Answer(307, headers={"location": "http://169.254.169.254/"})]
    assert "redirects are not followed" in await fate_of(desk, f"http://127.0.0.1:{hook.port}/")


async def test_a_name_that_turns_to_our_network_later_is_refused_then(
    database: Database, postgres_url: str, tmp_path: Path, hook: Receiver
) -> None:
    answers: list[Sequence[str]] = [["127.0.0.1"], ["169.254.169.254"]]
    only = Allowed.of(["127.0.0.1/32"])
    egress = Egress(lambda: only, lambda host, port: answers.pop(0))
    desk = await desk_over(database, postgres_url, tmp_path, egress)
    channel, _ = await desk.channel(ChannelKind.WEBHOOK, address=f"http://rebinding.example:{hook.port}/")
    for _ in range(2):
        await desk.send(channel)
        await desk.delivering.deliver_due()
    first, second = await desk.deliveries(channel)
    assert (first.state, second.state) == ("delivered", "dead")
    assert "169.254.169.254" in second.error
    assert len(hook.asked) == 1


async def test_a_name_that_nobody_knows_may_be_known_later(
    database: Database, postgres_url: str, tmp_path: Path
) -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    desk = await desk_over(database, postgres_url, tmp_path, Egress(resolve=unknown))
    channel, _ = await desk.channel(ChannelKind.WEBHOOK, address="https://nowhere.example/")
    await desk.send(channel)
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["waiting"]


async def test_the_chat_services_are_reached_through_the_guard_only(
    database: Database, postgres_url: str, tmp_path: Path, chats: ChatWorld
) -> None:
    inward = Egress(resolve=lambda host, port: ["127.0.0.1"], ca_file=chats.egress.ca_file)
    desk = await desk_over(database, postgres_url, tmp_path, inward)
    for kind, address in ADDRESSES.items():
        channel, _ = await desk.channel(kind, str(kind), address=address)
        await desk.send(channel)
        await desk.delivering.deliver_due()
        (delivery,) = await desk.deliveries(channel)
        assert delivery.state == "dead", kind
        assert "not a public address" in delivery.error
    assert chats.receiver.asked == []


async def test_a_service_that_shows_another_s_certificate_gets_nothing(
    database: Database, postgres_url: str, tmp_path: Path, chats: ChatWorld
) -> None:
    nobody_s = Egress(lambda: LOOPBACK, lambda host, port: ["127.0.0.1"])
    desk = await desk_over(database, postgres_url, tmp_path, nobody_s)
    channel, _ = await desk.channel(ChannelKind.SLACK, address=ADDRESSES[ChannelKind.SLACK])
    await desk.send(channel)
    await desk.delivering.deliver_due()
    (delivery,) = await desk.deliveries(channel)
    assert "certificate" in delivery.error.lower()
    assert chats.receiver.asked == []


async def test_apprise_resolves_and_connects_to_nothing(database: Database, postgres_url: str, tmp_path: Path) -> None:
    composing.load()
    desk = await desk_over(database, postgres_url, tmp_path, Egress())
    channels = [(await desk.channel(kind, str(kind), address=address))[0] for kind, address in ADDRESSES.items()]
    mail: dict[str, Any] = {"api_key": API_KEY, "sender": "hub@example.com", "receivers": ["ada@example.com"]}
    channels.append((await desk.channel(ChannelKind.SENDGRID, **mail))[0])
    await desk.send(*channels)
    made: list[str] = []
    for channel in channels:
        (delivery,) = await desk.deliveries(channel)
        address = ADDRESSES.get(channel.kind, "")
        credential = ChannelCredential(address, API_KEY, SECRET)
        with refused() as tried:
            made.append(composing.composed(channel, credential, delivery).url)
        assert tried == [], channel.kind
    assert len(made) == len(ADDRESSES) + 1
    assert all(url.startswith("https://") for url in made)


def test_a_try_would_be_seen() -> None:
    with refused() as tried:
        for way in (requests.get, urlopen):
            with pytest.raises(OSError, match="no way"):
                way("http://192.0.2.1/")
    assert tried == ["getaddrinfo", "getaddrinfo"]


def test_a_plugin_that_is_called_by_anybody_else_sends_nothing() -> None:
    composing.load()
    plugin = importlib.import_module("apprise.plugins.slack").NotifySlack(token_a="T1", token_b="B2", token_c="abc")
    failed: list[BaseException] = []

    def call() -> None:
        try:
            plugin.notify(body="text")
        except RuntimeError as error:
            failed.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "sends nothing by itself" in str(failed[0])
