"""What the fleet spends and does."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

import mno
from mno.audit.service import Audit
from mno.bootstrap.engines import Engines
from mno.identity.service import Identity
from mno.observability.costs.ports import KeyNames
from mno.observability.costs.service import Costs
from mno.observability.ingest.body import BodyBudget
from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Kind, Sent
from mno.observability.ingest.grpc import OtlpGrpc
from mno.observability.ingest.hub_calls import HubCalls
from mno.observability.ingest.journal import Journal
from mno.observability.ingest.listeners import Listeners
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.pipeline import Pipeline
from mno.observability.ingest.sample.service import Sample
from mno.observability.ingest.service import Ingest, RulesOf, owner_of
from mno.observability.ingest.signal_writer import LinesArrived, SignalWriter
from mno.observability.ingest.store import SignalStore
from mno.observability.ingest.writer import BlockWriter
from mno.observability.retention.service import Retention as SpanRetention
from mno.observability.retention.store import RetentionStore
from mno.observability.spans.arrivals import Arrivals
from mno.observability.spans.fresh import FreshSpans
from mno.observability.spans.queries import SpanQueries
from mno.observability.spans.restatement import Repricing
from mno.observability.spans.service import Traces
from mno.observability.spans.store import SpanStore
from mno.observability.spans.stream import SpanFeed
from mno.observability.system.queries import SystemQueries
from mno.observability.system.service import System
from mno.observability.topology.queries import TopologyQueries
from mno.observability.topology.service import Topology
from mno.platform import origin
from mno.platform.config import Config
from mno.platform.errors import Denied, Invalid, Unauthenticated
from mno.platform.http.door import NoRules, SiteRules, admits
from mno.platform.http.gate import key_in
from mno.platform.principal import Principal
from mno.platform.tasks import Tasks
from mno.settings.service import Settings


@dataclass(frozen=True)
class Observability:
    """What the fleet spends and does: the way in, and the ways to look."""

    pipeline: Pipeline
    ingest: Ingest
    #: Of all ways in together.
    bodies: BodyBudget
    traces: Traces
    feed: SpanFeed
    sample: Sample
    costs: Costs
    topology: Topology
    system: System
    #: Calls that the hub itself makes for its callers.
    hub_calls: HubCalls

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stores what an earlier run left in its journal before anything new is taken."""
        await asyncio.to_thread(self.pipeline.start)
        try:
            async with self.costs.running(), self.system.running(), self.sample.running(), self.hub_calls.running():
                yield
        finally:
            self.feed.close()
            self.ingest.close()
            await asyncio.to_thread(self.pipeline.stop)


def build_observability(
    engines: Engines,
    keys: KeyNames,
    audit: Audit,
    rules_of: RulesOf,
    arrivals: Sequence[Arrivals],
    lines_arrived: LinesArrived,
) -> Observability:
    feed = SpanFeed()
    meters = Meters()
    journal = Journal(engines.folder.journal)
    fresh = FreshSpans()
    store = SpanStore(engines.clickhouse)
    pipeline = Pipeline(journal, BlockWriter(journal, store, meters, Listeners((feed, *arrivals)), fresh), meters)
    costs = Costs(engines.database, engines.clickhouse, Repricing(store, pipeline), keys, audit)
    signals = SignalWriter(pipeline, SignalStore(engines.clickhouse), lines_arrived)
    ingest = Ingest(pipeline, costs, meters, signals, Decoders(), rules_of)

    async def submit(principal: Principal, events: list[dict[str, Any]]) -> None:
        receipt = await ingest.take(owner_of(principal, "sample"), Sent(Kind.EVENTS_JSON, orjson.dumps(events)))
        if receipt.rejections:
            raise Invalid(f"The sample is spoiled: {receipt.rejections[0].reason}")

    return Observability(
        pipeline=pipeline,
        ingest=ingest,
        bodies=BodyBudget(),
        traces=Traces(SpanQueries(engines.clickhouse), fresh),
        feed=feed,
        sample=Sample(submit),
        costs=costs,
        topology=Topology(TopologyQueries(engines.clickhouse)),
        system=System(
            SystemQueries(engines.database, engines.clickhouse),
            pipeline,
            version=mno.__version__,
            data_folder=engines.folder.path,
        ),
        hub_calls=HubCalls(pipeline, costs, rules_of),
    )


def build_grpc(
    config: Config,
    identity: Identity,
    observability: Observability,
    rules: SiteRules | None = None,
    audit: Audit | None = None,
) -> OtlpGrpc:
    rules = rules or NoRules()

    async def principal_of(headers: Mapping[str, str]) -> Principal:
        try:
            return await let_in(headers)
        except (Denied, Unauthenticated) as refusal:
            # over HTTP the gate's errors are written down where they are answered
            if audit is not None and (isinstance(refusal, Denied) or key_in(headers) is not None):
                action = "access.deny" if isinstance(refusal, Denied) else "authentication.fail"
                await audit.refused(None, action, "OTLP/gRPC", detail=str(refusal))
            raise

    async def let_in(headers: Mapping[str, str]) -> Principal:
        address = origin.current().address
        if not admits(rules.allowed_networks(None), address):
            raise Denied(f"The hub is not open to the address {address}.")
        key = key_in(headers)
        if key is None:
            raise Unauthenticated("Send an API key as metadata: authorization = Bearer mno_…, or x-api-key.")
        # by keys alone: an access token is for the place that it was asked for
        principal = await identity.keys.principal_of_key(key)
        if not admits(rules.allowed_networks(principal.team_id), address):
            raise Denied(f"The team is not open to the address {address}.")
        return principal

    return OtlpGrpc(observability.ingest, observability.bodies, principal_of, config.host, config.otlp_grpc_port)


def keep_for_a_time(engines: Engines, tasks: Tasks, settings: Settings, audit: Audit) -> None:
    """The nightly deletion of what is older than its project keeps."""
    kept = SpanRetention(RetentionStore(engines.clickhouse), settings.value, audit)
    tasks.every("observability.retention", "41 2 * * *", kept.enforce)
