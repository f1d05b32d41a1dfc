"""Entries reach a webhook and a syslog server in their order, at least once, whatever happens on the way."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mno.audit.streams import service
from mno.audit.streams.model import Stream, StreamKind
from mno.audit.streams.service import Streams
from mno.platform.database import Database
from mno.platform.egress import Allowed, Egress
from mno.platform.errors import Invalid
from support.receivers import Syslog, Webhook, a_syslog_server, a_webhook
from support.tampering import Ledger

LOOPBACK = Egress(lambda: Allowed.of(["127.0.0.0/8"]))


@pytest.fixture
async def ledger(database: Database, postgres_url: str, tmp_path: Path) -> Ledger:
    return Ledger(database, postgres_url, tmp_path / "objects")


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    async with a_webhook() as hook:
        yield hook


@pytest.fixture
async def syslog() -> AsyncIterator[Syslog]:
    async with a_syslog_server() as server:
        yield server


def streams_of(ledger: Ledger, egress: Egress = LOOPBACK) -> Streams:
    return Streams(
        ledger.database, ledger.audit, egress, lambda stream_id: ledger.anchoring.key.derived(str(stream_id))
    )


async def to_webhook(ledger: Ledger, streams: Streams, webhook: Webhook, *, from_start: bool = True) -> Stream:
    stream, webhook.secret = await streams.create(
        ledger.actor, ledger.team_id, "SIEM", StreamKind.WEBHOOK, webhook.url, from_start=from_start
    )
    return stream


async def the_stream(ledger: Ledger, streams: Streams) -> Stream:
    (stream,) = await streams.list(ledger.team_id)
    return stream


def make_due(ledger: Ledger) -> None:
    ledger.sql("UPDATE audit_streams SET due_at = now() - interval '1 hour' WHERE team_id = :team")


async def test_a_webhook_gets_every_entry_in_order_and_signed(ledger: Ledger, webhook: Webhook) -> None:
    await ledger.write(3)
    streams = streams_of(ledger)
    await to_webhook(ledger, streams, webhook)
    assert await streams.send_due() == 1
    assert (webhook.sequence, webhook.forged) == ([1, 2, 3, 4], 0)
    assert webhook.bodies[0]["entries"][3]["action"] == "streams.create"
    assert await streams.send_due() == 0


async def test_a_stream_that_begins_now_sends_what_comes(ledger: Ledger, webhook: Webhook) -> None:
    await ledger.write(3)
    streams = streams_of(ledger)
    await to_webhook(ledger, streams, webhook, from_start=False)
    await streams.send_due()
    assert webhook.sequence == [4]


@pytest.mark.usefixtures("still_clock")
async def test_a_delivery_that_failed_is_tried_again_under_the_same_id(ledger: Ledger, webhook: Webhook) -> None:
    await ledger.write(1)
    streams = streams_of(ledger)
    await to_webhook(ledger, streams, webhook)
    webhook.statuses = [500, 302]
    for expected in ("The receiver answered 500.", "The receiver answered 302."):
        await streams.send_due()
        stream = await the_stream(ledger, streams)
        assert (stream.seq, stream.last_error) == (0, expected)
        assert await streams.send_due() == 0, "it waits before it tries again"
        make_due(ledger)
    await streams.send_due()
    stream = await the_stream(ledger, streams)
    assert (webhook.sequence, stream.seq, stream.attempts, stream.last_error) == ([1, 2], 2, 0, "")


async def test_a_restart_goes_on_where_the_last_process_was(ledger: Ledger, webhook: Webhook) -> None:
    await ledger.write(2)
    first = streams_of(ledger)
    stream = await to_webhook(ledger, first, webhook)
    await first.send_due()
    await ledger.write(2)
    # the first process took the lease and died
    ledger.sql(
        "UPDATE audit_streams SET leased_by = gen_random_uuid(), leased_till = now() + interval '1 minute'"
        " WHERE id = %s",
        stream.id,
    )
    second = streams_of(ledger)
    assert await second.send_due() == 0
    ledger.sql("UPDATE audit_streams SET leased_till = now() - interval '1 second' WHERE id = %s", stream.id)
    await second.send_due()
    assert webhook.sequence == [1, 2, 3, 4, 5]


async def test_two_processes_never_send_the_same_stream_at_once(ledger: Ledger, webhook: Webhook) -> None:
    await ledger.write(5)
    one, other = streams_of(ledger), streams_of(ledger)
    await to_webhook(ledger, one, webhook)
    await asyncio.gather(*(streams.send_due() for streams in (one, other) * 3))
    assert webhook.sequence == [1, 2, 3, 4, 5, 6]


async def test_a_process_takes_no_more_streams_at_once_than_it_may(
    ledger: Ledger, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SENDERS", 2)
    await ledger.write(1)
    streams = streams_of(ledger)
    for _ in range(5):
        await to_webhook(ledger, streams, webhook)
    assert await streams.send_due() == 2


async def test_what_is_never_taken_becomes_a_dead_letter_and_can_be_replayed(
    ledger: Ledger, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_DELIVERY_ATTEMPTS", 2)
    await ledger.write(2)
    streams = streams_of(ledger)
    stream = await to_webhook(ledger, streams, webhook)
    webhook.statuses = [503, 503, 503]
    for _ in range(2):
        await streams.send_due()
        make_due(ledger)
    (letter,) = await streams.dead_letters(ledger.team_id, stream.id)
    assert (letter.first_seq, letter.last_seq, letter.error) == (1, 3, "The receiver answered 503.")
    await ledger.write(1)
    webhook.statuses = []
    await streams.send_due()
    assert webhook.sequence == [4], "later entries do not wait for what was given up"
    webhook.statuses = [503]
    assert await streams.replay(ledger.actor, ledger.team_id, stream.id) == 0
    assert await streams.replay(ledger.actor, ledger.team_id, stream.id) == 1
    assert webhook.sequence == [4, 1, 2, 3]
    assert await streams.dead_letters(ledger.team_id, stream.id) == []


async def test_a_stream_into_our_own_network_is_refused(ledger: Ledger, webhook: Webhook) -> None:
    await ledger.write(1)
    streams = streams_of(ledger, Egress())
    await to_webhook(ledger, streams, webhook)
    await streams.send_due()
    assert "not a public address" in (await the_stream(ledger, streams)).last_error
    assert webhook.bodies == []


async def test_syslog_over_tcp_gets_counted_rfc_5424_messages(ledger: Ledger, syslog: Syslog) -> None:
    await ledger.write(2)
    await ledger.audit.refused(ledger.actor, "access.deny", "GET /x", detail="no")
    streams = streams_of(ledger)
    await streams.create(ledger.actor, ledger.team_id, "SIEM", StreamKind.SYSLOG, syslog.target, from_start=True)
    await streams.send_due()
    heads = [re.match(r"<(\d+)>1 (\S+Z) (\S+) mno - aud_[0-9a-f]{32} - (\{.*)", one) for one in syslog.messages]
    assert [head[1] for head in heads if head] == ["109", "109", "108", "109"]
    assert [json.loads(head[4])["seq"] for head in heads if head] == [1, 2, 3, 4]


async def test_a_syslog_server_that_cuts_the_connection_gets_it_again(ledger: Ledger, syslog: Syslog) -> None:
    await ledger.write(2)
    streams = streams_of(ledger)
    await streams.create(ledger.actor, ledger.team_id, "SIEM", StreamKind.SYSLOG, syslog.target, from_start=True)
    syslog.aborts = 1
    await streams.send_due()
    assert "does not take it" in (await the_stream(ledger, streams)).last_error
    make_due(ledger)
    await streams.send_due()
    assert len(syslog.messages) == 3


async def test_syslog_over_udp_sends_one_message_a_datagram(ledger: Ledger) -> None:
    received: list[bytes] = []

    class Server(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _: object) -> None:
            received.append(data)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    await ledger.write(1)
    streams = streams_of(ledger)
    target = f"udp://127.0.0.1:{port}"
    await streams.create(ledger.actor, ledger.team_id, "SIEM", StreamKind.SYSLOG, target, from_start=True)
    await streams.send_due()
    await asyncio.sleep(0.1)
    transport.close()
    assert [message.startswith(b"<109>1 ") for message in received] == [True, True]


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("webhook", "ftp://example.com"),
        ("webhook", "https://user:word@example.com/"),
        ("webhook", "https://exa mple.com/"),
        ("webhook", "https:///path"),
        ("webhook", "https://example.com:99999/"),
        ("syslog", "https://example.com"),
        ("syslog", "tcp://"),
        ("syslog", "tls://example.com/path"),
        ("syslog", "udp://example.com:0x10"),
    ],
)
async def test_an_address_that_is_none_is_refused(ledger: Ledger, kind: str, target: str) -> None:
    with pytest.raises(Invalid):
        await streams_of(ledger).create(
            ledger.actor, ledger.team_id, "SIEM", StreamKind(kind), target, from_start=False
        )
