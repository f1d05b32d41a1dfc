"""The prices of all teams: the active price lists, custom prices, currencies, and the price books over them.

Everything is in memory, because every span asks; Postgres is what survives. A change is written first and
then taken into the books, so the next span that is priced has it.
"""

import asyncio
import hashlib
import logging
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from mno.audit.service import Audit
from mno.observability.costs import catalogue, store
from mno.observability.costs.catalogue import Catalogue
from mno.observability.costs.model import (
    MAX_CURRENCIES,
    MAX_CUSTOM_PRICES,
    MAX_PRICE_FILE_BYTES,
    BucketPrices,
    CurrencyRate,
    CurrencySettings,
    CustomPrice,
    ListedPrice,
    PriceData,
)
from mno.observability.costs.own import OwnPrices
from mno.observability.costs.pricing import PriceBook
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid, LimitExceeded, NotFound, TooLarge
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal

_log = logging.getLogger(__name__)

Project = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class PriceWish:
    """A custom price as somebody asks for it."""

    provider: str
    model: str
    valid_from: datetime
    currency: str
    prices: BucketPrices
    note: str


@dataclass(frozen=True, slots=True)
class PriceList:
    """What the prices page shows: the active data, the project's own prices, a part of the list."""

    data: PriceData
    currencies: tuple[str, ...]
    custom: list[CustomPrice]
    items: list[ListedPrice]
    total: int


class Prices:
    """Open it before the first span is priced; `book` is for any thread."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit
        self._changing = asyncio.Lock()
        self._catalogues: dict[UUID, Catalogue] = {}
        self._currencies: dict[UUID, CurrencySettings] = {}
        self._custom: dict[Project, list[CustomPrice]] = {}
        self._books: dict[Project, PriceBook] = {}

    async def open(self) -> None:
        """Loads the bundled list and all that teams have said; about half a second."""
        await asyncio.to_thread(catalogue.bundled)
        async with self._database.across_teams() as tx:
            imported = await store.imports(tx)
        for listed in imported:
            await self._activate_stored(listed)
        async with self._changing:
            await self._reload()

    def book(self, team_id: UUID, project_id: UUID) -> PriceBook:
        """The project's price book; the same object for as long as the program runs."""
        project = team_id, project_id
        book = self._books.get(project)
        if book is None:
            book = self._books.setdefault(project, PriceBook(self._catalogue(team_id), self._own(project)))
        return book

    def currency_settings(self, team_id: UUID) -> CurrencySettings:
        return self._currencies.get(team_id, CurrencySettings())

    async def listing(self, reader: Principal, *, q: str, provider: str, limit: int) -> PriceList:
        """Today's list prices whose provider, model or name contains `q`, those that begin with it first."""
        listed = self._catalogue(reader.team_id)
        matching = await asyncio.to_thread(lambda: _matching(listed.listed(clock.now()), q.lower(), provider.lower()))
        return PriceList(
            data=listed.data,
            currencies=tuple(_currencies(self.currency_settings(reader.team_id))),
            custom=list(self._custom.get((reader.team_id, reader.project_id), ())),
            items=matching[:limit],
            total=len(matching),
        )

    async def add(self, writer: Principal, wish: PriceWish) -> CustomPrice:
        """`Invalid` for a currency without a rate, `LimitExceeded` when the project has too many prices."""
        price = CustomPrice(
            id=new_id(),
            team_id=writer.team_id,
            project_id=writer.project_id,
            provider=wish.provider.strip().lower(),
            model=wish.model.strip(),
            valid_from=wish.valid_from,
            currency=wish.currency,
            prices=wish.prices,
            note=wish.note.strip(),
            created_at=clock.now(),
            created_by=writer.name,
        )
        _check_price(price)
        async with self._changing:
            async with self._database.transaction(writer.team_id) as tx:
                await self._check_room(tx, price)
                await store.insert_custom_price(tx, price)
                await self._record_price(tx, writer, "prices.create", price)
            await self._reload()
        return price

    async def remove(self, writer: Principal, price_id: UUID) -> None:
        """Spans that it priced keep their cost until they are priced again. `NotFound` when there is none."""
        async with self._changing:
            async with self._database.transaction(writer.team_id) as tx:
                before = await store.custom_prices(tx, writer.team_id, writer.project_id)
                if not await store.remove_custom_price(tx, writer.team_id, writer.project_id, price_id, clock.now()):
                    raise NotFound(f"There is no custom price {shown('prc', price_id)} in this project.")
                for price in before:
                    if price.id == price_id:
                        await self._record_price(tx, writer, "prices.delete", price)
            await self._reload()

    async def import_list(self, writer: Principal, body: bytes) -> PriceData:
        """Makes a genai-prices data file the team's price list, now and after every restart.

        `TooLarge` above MAX_PRICE_FILE_BYTES, `Invalid` when the file is not of that kind; the list that was
        active then stays.
        """
        if len(body) > MAX_PRICE_FILE_BYTES:
            raise TooLarge(f"The price file is larger than {MAX_PRICE_FILE_BYTES} bytes, which is the limit.")
        version = f"import {hashlib.sha256(body).hexdigest()[:8]}"
        listed = await asyncio.to_thread(_read_list, body, version, None)
        content = await asyncio.to_thread(zlib.compress, body, 6)
        saved = store.ImportedList(writer.team_id, version, listed.data.dated, content)
        async with self._changing:
            async with self._database.transaction(writer.team_id) as tx:
                await store.save_import(tx, saved, clock.now(), writer.name)
                resource = shown("team", writer.team_id)
                await self._audit.record(tx, writer, "prices.import", resource, after={"version": version})
            self._catalogues[writer.team_id] = listed
            await self._reload()
        return listed.data

    async def forget_import(self, writer: Principal) -> PriceData:
        """Goes back to the list that came with the program. `NotFound` when nothing was imported."""
        async with self._changing:
            async with self._database.transaction(writer.team_id) as tx:
                if not await store.delete_import(tx, writer.team_id):
                    raise NotFound("No price list was imported; the one of the program is active.")
                await self._audit.record(tx, writer, "prices.forget_import", shown("team", writer.team_id))
            self._catalogues.pop(writer.team_id, None)
            await self._reload()
        return self._catalogue(writer.team_id).data

    async def set_currency_settings(self, writer: Principal, settings: CurrencySettings) -> CurrencySettings:
        """Replaces display currency and rates. `Invalid` where they do not fit together, `Conflict` when a
        custom price stands in a currency that would lose its rates.
        """
        _check_currencies(settings)
        async with self._changing:
            async with self._database.transaction(writer.team_id) as tx:
                missing = await store.currencies_in_use(tx, writer.team_id) - set(_currencies(settings))
                if missing:
                    named = ", ".join(sorted(missing))
                    raise Conflict(f"Custom prices stand in {named}: keep a rate for it, or remove them first.")
                before = await store.currency_settings(tx, writer.team_id)
                await store.save_currency_settings(tx, writer.team_id, settings)
                await self._audit.record(
                    tx,
                    writer,
                    "currency.write",
                    shown("team", writer.team_id),
                    before=_told(before),
                    after=_told(settings),
                )
            await self._reload()
        return self.currency_settings(writer.team_id)

    def display(self, team_id: UUID, currency: str) -> tuple[str, CurrencyRate | None]:
        """The currency to show amounts in (the team's own when empty), and its newest rate; None for USD.

        `Invalid` for a currency without a rate.
        """
        settings = self.currency_settings(team_id)
        currency = currency.upper() or settings.display
        if currency == "USD":
            return currency, None
        rate = settings.rate_on(currency, clock.now().date())
        if rate is None:
            known = ", ".join(_currencies(settings))
            raise Invalid(f"There is no rate for '{currency[:10]}'; amounts can be shown in {known}.")
        return currency, rate

    async def _record_price(self, tx: Connection, writer: Principal, action: str, price: CustomPrice) -> None:
        told = {
            "provider": price.provider,
            "model": price.model,
            "valid_from": price.valid_from,
            "currency": price.currency,
            "note": price.note,
            "prices": {name: str(one) for name, one in asdict(price.prices).items() if one is not None},
        }
        before, after = (told, None) if action == "prices.delete" else (None, told)
        resource = shown("prc", price.id)
        await self._audit.record(tx, writer, action, resource, name=price.model, before=before, after=after)

    def _catalogue(self, team_id: UUID) -> Catalogue:
        return self._catalogues.get(team_id) or catalogue.bundled()

    def _own(self, project: Project) -> OwnPrices | None:
        custom = self._custom.get(project)
        return OwnPrices(custom, self.currency_settings(project[0])) if custom else None

    async def _activate_stored(self, listed: store.ImportedList) -> None:
        try:
            self._catalogues[listed.team_id] = await asyncio.to_thread(
                lambda: _read_list(zlib.decompress(listed.content), listed.version, listed.dated)
            )
        except (Invalid, zlib.error) as error:
            _log.warning("The imported price list is not readable any more; the bundled one is active: %s", error)

    async def _reload(self) -> None:
        """Reads what teams said again, and gives it to the books that are in use."""
        async with self._database.across_teams() as tx:
            custom = await store.every_custom_price(tx)
            self._currencies = await store.every_currency_settings(tx)
        by_project: dict[Project, list[CustomPrice]] = {}
        for price in reversed(custom):
            by_project.setdefault((price.team_id, price.project_id), []).append(price)
        self._custom = by_project
        for project, book in self._books.items():
            book.replace(self._catalogue(project[0]), self._own(project))

    async def _check_room(self, tx: Connection, price: CustomPrice) -> None:
        if price.currency != "USD":
            settings = await store.currency_settings(tx, price.team_id)
            if price.currency not in _currencies(settings):
                raise Invalid(f"There is no rate for {price.currency}: enter one in the currency settings first.")
        if len(await store.custom_prices(tx, price.team_id, price.project_id)) >= MAX_CUSTOM_PRICES:
            raise LimitExceeded(f"A project may have {MAX_CUSTOM_PRICES} custom prices; use patterns with '*'.")


def _read_list(body: bytes, version: str, dated: date | None) -> Catalogue:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The price file is not JSON: {error}") from None
    return catalogue.imported(payload, version, dated, clock.now().date())


def _matching(listed: Iterable[ListedPrice], q: str, provider: str) -> list[ListedPrice]:
    return sorted(
        (
            price
            for price in listed
            if (not provider or price.provider == provider)
            and (not q or q in f"{price.provider} {price.model} {price.name}".lower())
        ),
        key=lambda price: (not price.model.startswith(q), price.provider, price.model),
    )


def _check_price(price: CustomPrice) -> None:
    if not price.model:
        raise Invalid("A price needs a model, or a pattern such as gpt-4o*.")
    if price.prices.input is None and price.prices.output is None:
        raise Invalid("A price needs at least the input or the output of a million tokens; 0 is a price, too.")


def _check_currencies(settings: CurrencySettings) -> None:
    if len(settings.rates) > MAX_CURRENCIES:
        raise Invalid(f"At most {MAX_CURRENCIES} rates can be kept.")
    if len({(rate.currency, rate.dated) for rate in settings.rates}) < len(settings.rates):
        raise Invalid("A currency has two rates of the same day.")
    if any(rate.currency == "USD" and rate.rate != Decimal(1) for rate in settings.rates):
        raise Invalid("The rate of USD is 1: amounts are stored in USD.")
    if settings.display not in _currencies(settings):
        raise Invalid(f"'{settings.display}' cannot be shown without a rate.")


def _told(settings: CurrencySettings) -> dict[str, Any]:
    rates = {f"{rate.currency} of {rate.dated}": f"{rate.rate.normalize():f}" for rate in settings.rates}
    return {"display": settings.display, "rates": rates}


def _currencies(settings: CurrencySettings) -> list[str]:
    return ["USD", *sorted({rate.currency for rate in settings.rates} - {"USD"})]


def utc(moment: datetime) -> datetime:
    """A moment without an offset is one of UTC. `Invalid` where the calendar ends before the offset does."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{moment.isoformat()} lies outside of the years 1 to 9999 in UTC.") from None
