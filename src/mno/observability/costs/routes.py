"""HTTP for costs: usage summaries and their export, prices, currencies, re-rating."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from mno.observability.costs.export import summary_csv, summary_json, summary_parquet
from mno.observability.costs.model import MAX_PRICE_FILE_BYTES
from mno.observability.costs.question import (
    DEFAULT_GROUPS,
    MAX_GROUPS,
    Interval,
    UsageFilter,
    UsageQuestion,
    parsed_dimensions,
)
from mno.observability.costs.schemas import (
    CurrencyShape,
    CurrencyWish,
    CustomPriceShape,
    CustomPriceWish,
    DimensionValues,
    PriceDataShape,
    PriceListShape,
    RerateList,
    RerateShape,
    RerateWish,
    UnpricedList,
    UnpricedModel,
    UsageSummary,
)
from mno.observability.costs.service import Costs
from mno.observability.spans.queries import Tenant
from mno.observability.spans.routes import asked_range
from mno.platform.clock import now
from mno.platform.errors import TooLarge
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange, parsed_range

UsageReader = Annotated[Principal, Depends(requires("usage.read"))]
PriceReader = Annotated[Principal, Depends(requires("prices.read"))]
PriceWriter = Annotated[Principal, Depends(requires("prices.write"))]
SettingsReader = Annotated[Principal, Depends(requires("settings.read"))]
SettingsWriter = Annotated[Principal, Depends(requires("settings.write"))]
Window = Annotated[TimeRange, Depends(asked_range)]
Values = Annotated[list[str], Query(default_factory=list, description="Repeatable; any of the values matches.")]
Format = Literal["json", "csv", "parquet"]

#: This path reads a body larger than others may send; the application must leave its limit to us.
OWN_BODY_LIMIT = "/api/prices/import"

_FILES = {
    "csv": ("text/csv; charset=utf-8", summary_csv),
    "parquet": ("application/vnd.apache.parquet", summary_parquet),
}
_PRICE_FILE = {
    "requestBody": {
        "required": True,
        "description": "The data file that genai-prices publishes: a JSON array of providers.",
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
    }
}


def asked_filter(
    request: Request,
    provider: Values,  # noqa: ARG001 - described here, read from the query below
    model: Values,  # noqa: ARG001
    user: Values,  # noqa: ARG001
    session: Values,  # noqa: ARG001
    agent: Values,  # noqa: ARG001
    api_key: Values,  # noqa: ARG001
    environment: Values,  # noqa: ARG001
) -> UsageFilter:
    """The filters of a summary; `tag:NAME=VALUE` is read from the query as well."""
    return UsageFilter.from_parameters(request.query_params.multi_items())


def router(costs: Costs) -> APIRouter:
    """Everything under /api/usage, /api/prices and /api/currency."""
    routes = APIRouter(prefix="/api")
    _usage_routes(routes, costs)
    _price_routes(routes, costs)
    _rerate_routes(routes, costs)
    _currency_routes(routes, costs)
    return routes


def _usage_routes(routes: APIRouter, costs: Costs) -> None:
    @routes.get("/usage/summary", tags=["usage"], response_model=UsageSummary)
    async def summary(
        reader: UsageReader,
        window: Window,
        asked: Annotated[UsageFilter, Depends(asked_filter)],
        interval: Interval = Interval.NONE,
        group_by: Annotated[str, Query(max_length=500, description="Names by comma, tag:NAME among them.")] = "",
        timezone: Annotated[str, Query(max_length=64, description="IANA name; days and hours are its own.")] = "UTC",
        currency: Annotated[str, Query(max_length=10, description="The team's display currency if empty.")] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_GROUPS, description="Groups, the dearest.")] = DEFAULT_GROUPS,
        latency: Annotated[bool, Query(description="false: quicker, both latencies are null.")] = True,
        format: Annotated[Format, Query()] = "json",  # noqa: A002
    ) -> Response:
        """Calls, tokens, cost and latency; exact for any range, whatever its ends."""
        question = UsageQuestion(
            _tenant(reader), window, interval, parsed_dimensions(group_by), asked, timezone or "UTC", limit, latency
        )
        answer = await costs.usage.summary(reader, question, currency)
        if format == "json":
            return Response(await asyncio.to_thread(summary_json, answer), media_type="application/json")
        media_type, written = _FILES[format]
        return Response(
            await asyncio.to_thread(written, answer),
            media_type=media_type,
            headers={"content-disposition": f'attachment; filename="usage.{format}"'},
        )

    @routes.get("/usage/unpriced", tags=["usage"])
    async def unpriced(reader: UsageReader, window: Window) -> UnpricedList:
        """Models whose calls have no price, and why."""
        found = await costs.usage.unpriced(_tenant(reader), window)
        return UnpricedList(items=[UnpricedModel.of(model) for model in found])

    @routes.get("/usage/dimensions", tags=["usage"])
    async def dimensions(reader: UsageReader, window: Window) -> DimensionValues:
        """What there is to filter and to group by."""
        return DimensionValues.of(await costs.usage.dimensions(reader, _tenant(reader), window))


def _price_routes(routes: APIRouter, costs: Costs) -> None:
    @routes.get("/prices", tags=["prices"])
    async def prices(
        reader: PriceReader,
        q: Annotated[str, Query(max_length=200, description="Part of a provider's or model's name.")] = "",
        provider: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=0, le=5_000)] = 100,
    ) -> PriceListShape:
        """The active price list, its age, and the project's own prices."""
        return PriceListShape.of(await costs.prices.listing(reader, q=q, provider=provider, limit=limit))

    @routes.post("/prices", tags=["prices"], status_code=201)
    async def add_price(writer: PriceWriter, wish: CustomPriceWish) -> CustomPriceShape:
        """Adds a price of one's own; it holds for calls that arrive from now on, and for others after a re-rate."""
        return CustomPriceShape.of(await costs.prices.add(writer, wish.wish()))

    @routes.delete("/prices/import", tags=["prices"])
    async def forget_import(writer: PriceWriter) -> PriceDataShape:
        """Goes back to the price list that came with the program."""
        return PriceDataShape.of(await costs.prices.forget_import(writer))

    @routes.post("/prices/import", tags=["prices"], openapi_extra=_PRICE_FILE)
    async def import_prices(writer: PriceWriter, request: Request) -> PriceDataShape:
        """Makes a genai-prices data file the active price list."""
        return PriceDataShape.of(await costs.prices.import_list(writer, await _price_file(request)))

    @routes.delete("/prices/{price_id}", tags=["prices"], status_code=204)
    async def remove_price(writer: PriceWriter, price_id: str) -> None:
        """Removes a price of one's own; calls that it priced keep their cost until they are priced again."""
        await costs.prices.remove(writer, parsed("prc", price_id))


def _rerate_routes(routes: APIRouter, costs: Costs) -> None:
    @routes.post("/prices/rerate", tags=["prices"], status_code=202)
    async def rerate(writer: PriceWriter, wish: RerateWish) -> RerateShape:
        """Prices the stored spans of a range again, in the background; costs that emitters reported stay."""
        return RerateShape.of(await costs.rerates.start(writer, parsed_range(wish.from_, wish.to, now())))

    @routes.get("/prices/rerate", tags=["prices"])
    async def rerates(reader: PriceReader) -> RerateList:
        """The latest re-rating jobs."""
        return RerateList(items=[RerateShape.of(job) for job in await costs.rerates.jobs(reader)])

    @routes.get("/prices/rerate/{job_id}", tags=["prices"])
    async def one_rerate(reader: PriceReader, job_id: str) -> RerateShape:
        """How far one re-rating job has come."""
        return RerateShape.of(await costs.rerates.job(reader, parsed("rer", job_id)))


def _currency_routes(routes: APIRouter, costs: Costs) -> None:
    @routes.get("/currency", tags=["settings"])
    async def currency(reader: SettingsReader) -> CurrencyShape:
        """The display currency and its dated rates."""
        return CurrencyShape.of(costs.prices.currency_settings(reader.team_id))

    @routes.put("/currency", tags=["settings"])
    async def set_currency(writer: SettingsWriter, wish: CurrencyWish) -> CurrencyShape:
        """Sets the display currency and all rates; amounts are stored in USD whatever is shown."""
        return CurrencyShape.of(await costs.prices.set_currency_settings(writer, wish.settings()))


def _tenant(reader: Principal) -> Tenant:
    return Tenant(str(reader.team_id), str(reader.project_id))


async def _price_file(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_PRICE_FILE_BYTES:
            raise TooLarge(f"The price file is larger than {MAX_PRICE_FILE_BYTES} bytes, which is the limit.")
    return bytes(body)
