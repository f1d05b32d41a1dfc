"""How entries are handed over: a signed webhook, or syslog.

A webhook is signed as the Standard Webhooks specification says (HMAC-SHA256 over id, time and body), so receivers
can use its libraries. Syslog is RFC 5424 with octet counting (RFC 6587) over TCP or TLS, one message a datagram over
UDP. Over TCP a delivery counts as taken when the receiver, after the end of what we send, ends the connection
in order; over UDP nobody can know.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from mno.audit.model import Entry, Outcome
from mno.audit.streams.model import SyslogAddress
from mno.audit.wire import entry_json
from mno.platform import webhooks
from mno.platform.errors import MnoError, Unavailable
from mno.platform.ids import shown

if TYPE_CHECKING:
    from mno.platform.egress import Egress

#: How long one delivery may take, in seconds.
DELIVERY_S = 15.0
#: How long we wait for a syslog server to end a connection after us, in seconds.
CLOSE_S = 3.0
#: Facility 13 is the audit log; a change is a notice, a refusal a warning.
_FACILITY = 13
_SEVERITIES = {Outcome.DONE: 5, Outcome.REFUSED: 4, Outcome.FAILED: 3}
#: What fits into a UDP datagram.
_DATAGRAM_BYTES = 60_000


async def post(egress: "Egress", url: str, secret: bytes, stream_id: UUID, entries: Sequence[Entry]) -> None:
    """One signed request; `Unavailable` unless the receiver says that it took it (a status of 200 to 299).

    Its id is the same for the same entries, so a receiver that gets them twice can tell.
    """
    import httpx

    body = orjson.dumps({"stream": shown("aus", stream_id), "entries": [entry_json(entry) for entry in entries]})
    message_id = f"{shown('aus', stream_id)}.{entries[0].seq}-{entries[-1].seq}"
    headers = webhooks.signed_headers(secret, message_id, body)
    try:
        async with (
            asyncio.timeout(DELIVERY_S),
            egress.client(timeout_s=DELIVERY_S) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise Unavailable(f"The receiver does not answer: {str(error) or type(error).__name__}") from error
    if not 200 <= status < 300:
        raise Unavailable(f"The receiver answered {status}.")


async def send_syslog(egress: "Egress", target: SyslogAddress, entries: Sequence[Entry]) -> None:
    """Each entry as a message; `Unavailable` when they cannot be handed over."""
    try:
        async with asyncio.timeout(DELIVERY_S):
            address = await egress.address_of(target.host, target.port)
            if target.transport == "udp":
                await _send_datagrams(address, target.port, entries)
            else:
                await _send_over_tcp(address, target, entries)
    except MnoError:
        raise
    except (OSError, ssl.SSLError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise Unavailable(f"The syslog server does not take it: {str(error) or type(error).__name__}") from error


async def _send_over_tcp(address: str, target: SyslogAddress, entries: Sequence[Entry]) -> None:
    context = ssl.create_default_context() if target.transport == "tls" else None
    reader, writer = await asyncio.open_connection(
        address, target.port, ssl=context, server_hostname=target.host if context else None
    )
    try:
        for entry in entries:
            message = syslog_message(entry)
            writer.write(b"%d " % len(message) + message)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            # the receiver's own end says that it has read ours, an abort raises; one that keeps half a connection
            # open has at least its kernel's acknowledgement
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    while await reader.read(4096):
                        pass
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


async def _send_datagrams(address: str, port: int, entries: Sequence[Entry]) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(address, port), family=family
    )
    try:
        for entry in entries:
            transport.sendto(syslog_message(entry, limit=_DATAGRAM_BYTES))
    finally:
        transport.close()


def syslog_message(entry: Entry, *, limit: int = 0) -> bytes:
    """RFC 5424: header, no structured data, and the entry's JSON as the message.

    Over `limit` bytes the difference is left out, and `truncated` says so.
    """
    priority = _FACILITY * 8 + _SEVERITIES.get(Outcome(entry.outcome), 5)
    fields = entry_json(entry)
    header = f"<{priority}>1 {fields['time']} {_host()} mno - {fields['id']} - ".encode()
    message = header + orjson.dumps(fields)
    if limit and len(message) > limit:
        fields |= {"difference": None, "detail": fields["detail"][:1000], "truncated": True}
        message = header + orjson.dumps(fields)
    return message


def _host() -> str:
    name = "".join(character for character in socket.gethostname() if "!" <= character <= "~")
    return name[:255] or "-"
