"""Sends the hub's own figures to an OpenTelemetry collector by OTLP over HTTP, as often as the setting says.

Settings are read anew each second, so a change counts at once. What cannot be sent is not kept: the next figures say
more. Every process sends its own, told apart by `service.instance.id`.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import httpx
import orjson

from mno.audit.model import HUB_CHAIN
from mno.audit.service import Audit
from mno.observability.export.metrics import request
from mno.observability.export.ports import Figures, Outgoing, OwnSecrets, Preferences
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import Invalid, MnoError, Unavailable
from mno.platform.ids import new_id
from mno.platform.principal import Principal

HEADERS = "otel.headers"
#: How often the settings are looked at, in seconds.
LOOK_S = 1.0
#: How long one delivery to a collector may take, in seconds.
COLLECTOR_S = 15.0
#: Headers that a collector may be sent.
MAX_COLLECTOR_HEADERS = 20
#: The name and value of one such header together.
MAX_COLLECTOR_HEADER_CHARACTERS = 4_000

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = frozenset({"content-type", "content-length", "host", "transfer-encoding", "connection"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How this process's export goes."""

    is_on: bool
    has_headers: bool
    sent_at: datetime | None
    error: str


class OtelExport:
    def __init__(
        self,
        database: Database,
        audit: Audit,
        figures: Figures,
        preferences: Preferences,
        secrets: OwnSecrets,
        egress: Outgoing,
    ) -> None:
        self._database = database
        self._audit = audit
        self._figures = figures
        self._preferences = preferences
        self._secrets = secrets
        self._egress = egress
        self._instance = str(new_id())
        self._began = clock.now()
        self._sent_at: datetime | None = None
        self._error = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sends for as long as it is entered."""
        task = asyncio.create_task(self._run(), name="otel-export")
        try:
            yield
        finally:
            await ended(task)

    async def standing(self) -> Standing:
        has_headers = HEADERS in await self._secrets.own_names()
        return Standing(bool(self._endpoint()), has_headers, self._sent_at, self._error)

    async def keep_headers(self, principal: Principal, headers: Mapping[str, str]) -> None:
        """What a collector asks for to let us in; none takes them away. `Invalid` for what is no header."""
        for name, value in headers.items():
            _check_header(name, value)
        if len(headers) > MAX_COLLECTOR_HEADERS:
            raise Invalid(f"There may be {MAX_COLLECTOR_HEADERS} headers.")
        async with self._database.across_teams() as tx:
            if headers:
                await self._secrets.write_own(None, HEADERS, orjson.dumps(dict(headers)).decode(), tx=tx)
            else:
                await self._secrets.delete_own(None, HEADERS, tx=tx)
            after = {"names": sorted(headers)}
            await self._audit.record(tx, principal, "otel.headers", HEADERS, after=after, team_id=HUB_CHAIN)

    async def send(self) -> None:
        """Sends the figures of this moment; `Unavailable` with the reason when the collector does not take them."""
        endpoint = self._endpoint()
        if not endpoint:
            raise Unavailable("No collector is set. Set otel.endpoint in the settings.")
        try:
            await self._post(_address(endpoint))
        except MnoError as error:
            self._failed(str(error))
            raise
        if self._error:
            _log.info("The OpenTelemetry collector takes the figures again.")
        self._sent_at, self._error = clock.now(), ""

    async def _post(self, address: str) -> None:
        kept = await self._secrets.read_own(None, HEADERS)
        headers: dict[str, str] = orjson.loads(kept) if kept else {}
        status = await self._figures.status()
        body = request(status, instance=self._instance, at=clock.now(), began=self._began).SerializeToString()
        try:
            async with (
                asyncio.timeout(COLLECTOR_S),
                self._egress.client(timeout_s=COLLECTOR_S) as client,
                client.stream(
                    "POST", address, content=body, headers={**headers, "content-type": "application/x-protobuf"}
                ) as answer,
            ):
                code = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unavailable(f"The collector does not answer: {str(error) or type(error).__name__}") from None
        if not 200 <= code < 300:
            raise Unavailable(f"The collector answered {code}.")

    def _failed(self, reason: str) -> None:
        if reason != self._error:
            _log.warning("The OpenTelemetry collector does not take the figures: %s", reason)
        self._error = reason

    def _endpoint(self) -> str:
        return str(self._preferences.value("otel.endpoint")).strip()

    async def _run(self) -> None:
        sent = float("-inf")
        while True:
            interval_s = float(self._preferences.value("otel.interval_s"))
            if self._endpoint() and time.monotonic() - sent >= interval_s:
                sent = time.monotonic()
                try:
                    await self.send()
                except MnoError:
                    pass  # told by `send`, once for each reason
                except Exception:  # noqa: BLE001 - a background task has nobody above it to tell
                    _log.exception("The export of figures failed; trying again.")
            await asyncio.sleep(LOOK_S)


def _address(endpoint: str) -> str:
    """Where metrics go below a base address, as `OTEL_EXPORTER_OTLP_ENDPOINT` means it."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("otel.endpoint must be an http or https address, such as https://collector.example.com:4318.")
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith("/v1/metrics") else f"{path}/v1/metrics").geturl()


def _check_header(name: str, value: str) -> None:
    if not _NAME.fullmatch(name) or name.lower() in _OURS:
        raise Invalid(f"'{name[:40]}' cannot be set as a header.")
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise Invalid(f"The value of {name[:40]} is not one line of plain ASCII.")
    if len(name) + len(value) > MAX_COLLECTOR_HEADER_CHARACTERS:
        raise Invalid(f"The header {name[:40]} is longer than {MAX_COLLECTOR_HEADER_CHARACTERS} characters.")
