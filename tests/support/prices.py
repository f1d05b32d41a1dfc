"""What tests of prices share: costs over real engines, and a price list small enough to read."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

import orjson

from mno.observability.spans.queries import Tenant
from mno.observability.spans.restatement import Repricing
from mno.observability.spans.store import SpanStore
from mno.platform.clickhouse import ClickHouse
from mno.platform.principal import Principal, PrincipalKind

Outcome = TypeVar("Outcome")


class NamedKeys:
    """The port to identity: one key with a name."""

    async def names_of_keys(self, team_id: UUID) -> Mapping[UUID, str]:  # noqa: ARG002 (the port's name)
        return {UUID(int=7): "build server"}


class CallersThread:
    """Runs errands of the store where it is called: tests have no ingest beside it."""

    async def run(self, errand: Callable[[], Outcome]) -> Outcome:
        return errand()


def repricing(clickhouse: ClickHouse) -> Repricing:
    return Repricing(SpanStore(clickhouse), CallersThread())


def a_writer(tenant: Tenant, name: str = "Ann") -> Principal:
    """A person of this team and project who may do what this feature offers."""
    permissions = frozenset({"usage.read", "prices.read", "prices.write", "settings.read", "settings.write"})
    return Principal(PrincipalKind.USER, UUID(int=1), name, UUID(tenant.team_id), UUID(tenant.project_id), permissions)


def a_price_file(usd_per_million: str = "3") -> bytes:
    """A genai-prices data file with one model, `acme/m-1`, checked on 2026-10-02."""
    model = {
        "id": "m-1",
        "name": "Model One",
        "match": {"equals": "m-1"},
        "prices": {"input_mtok": usd_per_million, "output_mtok": 4},
        "price_comments": "Rates verified on 2026-10-02.",
    }
    return orjson.dumps([{"id": "acme", "name": "Acme", "api_pattern": "https://acme", "models": [model]}])
