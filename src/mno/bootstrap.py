"""Builds every service, once, and says in which order they start: the only place where features meet.

`build` opens nothing, so the API can be described without an engine. `Services.running` opens the engines,
brings the schemas up to date, starts the features' own background work and ends it all in reverse.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

import mno
from mno.audit.service import Audit
from mno.identity.keys.service import Keys
from mno.identity.model import Home
from mno.identity.policy.grants.service import Grants
from mno.identity.policy.roles.service import Roles
from mno.identity.policy.service import Policy
from mno.identity.service import Identity, check_bootstrap_key
from mno.observability.costs.ports import KeyNames
from mno.observability.costs.service import Costs
from mno.observability.ingest.body import BodyBudget
from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Kind, Sent
from mno.observability.ingest.grpc import OtlpGrpc
from mno.observability.ingest.journal import Journal
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.pipeline import Pipeline
from mno.observability.ingest.sample.service import Sample
from mno.observability.ingest.service import Ingest, owner_of
from mno.observability.ingest.writer import BlockWriter
from mno.observability.spans.queries import SpanQueries
from mno.observability.spans.restatement import Repricing
from mno.observability.spans.service import Traces
from mno.observability.spans.store import SpanStore
from mno.observability.spans.stream import SpanFeed
from mno.observability.system.queries import SystemQueries
from mno.observability.system.service import System
from mno.platform.clickhouse import ClickHouse
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.errors import Invalid, Unauthenticated
from mno.platform.http.gate import key_in
from mno.platform.migrate import Report, migrate_clickhouse, migrate_postgres, migrations_of
from mno.platform.paths import DataFolder
from mno.platform.postgres_server import PostgresServer
from mno.platform.principal import Principal
from mno.platform.versions import Versions
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile
from mno.secrets.service import Secrets
from mno.settings.service import Settings

#: Something that works in the background for as long as the program runs.
Part = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Engines:
    """The two databases; `postgres_server` is None where somebody else runs Postgres."""

    folder: DataFolder
    postgres_url: str
    postgres_server: PostgresServer | None
    database: Database
    clickhouse: ClickHouse

    @asynccontextmanager
    async def running(self, report: Report) -> AsyncIterator[None]:
        """Takes the data folder, opens both engines and migrates them. Errors say what to do about them."""
        async with AsyncExitStack() as opened:
            self.folder.claim()
            opened.callback(self.folder.release)
            if self.postgres_server is not None:
                report("Starting Postgres" if self.folder.postgres.exists() else "Creating the Postgres database")
                await asyncio.to_thread(self.postgres_server.start)
                opened.push_async_callback(asyncio.to_thread, self.postgres_server.stop)
            await self.database.open(self._postgres_url())
            opened.push_async_callback(self.database.close)
            report("Starting ClickHouse")
            await asyncio.to_thread(self.clickhouse.open)
            opened.push_async_callback(asyncio.to_thread, self.clickhouse.close)
            await migrate_postgres(self.database, migrations_of("postgres"), report)
            await migrate_clickhouse(self.clickhouse, migrations_of("clickhouse"), report)
            yield

    def _postgres_url(self) -> str:
        return self.postgres_server.url if self.postgres_server else self.postgres_url


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
    system: System

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stores what an earlier run left in its journal before anything new is taken."""
        await asyncio.to_thread(self.pipeline.start)
        try:
            async with self.costs.running(), self.system.running(), self.sample.running():
                yield
        finally:
            self.feed.close()
            self.ingest.close()
            await asyncio.to_thread(self.pipeline.stop)


@dataclass(frozen=True)
class Access:
    """Who may do what, and the keys that programs show."""

    policy: Policy
    roles: Roles
    grants: Grants
    keys: Keys


@dataclass(frozen=True)
class Services:
    """Everything that the entries need. Background parts start in their order and stop in reverse."""

    config: Config
    engines: Engines
    audit: Audit
    access: Access
    identity: Identity
    observability: "Observability"
    versions: Versions
    settings: Settings
    secrets: Secrets
    parts: tuple[Part, ...] = field(default=())

    @asynccontextmanager
    async def running(self, report: Report = print) -> AsyncIterator[Home]:
        """The whole program, from the engines up; yields the home team."""
        if self.config.bootstrap_api_key:
            check_bootstrap_key(self.config.bootstrap_api_key)
        async with self.engines.running(report), self.serving() as home:
            yield home

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Home]:
        """What comes on top of engines that are open already."""
        home = await self.identity.ensure_home()
        if self.config.bootstrap_api_key:
            await self.identity.ensure_bootstrap_key(home, self.config.bootstrap_api_key)
        async with AsyncExitStack() as started:
            for part in self.parts:
                await started.enter_async_context(part())
            yield home


def build(config: Config) -> Services:
    """Every service over the engines that the configuration names; nothing is opened yet."""
    return assemble(config, build_engines(config))


def build_engines(config: Config) -> Engines:
    folder = DataFolder(config.data_folder)
    return Engines(
        folder=folder,
        postgres_url=config.postgres_url,
        postgres_server=None if config.postgres_url else PostgresServer(folder.postgres),
        database=Database(),
        clickhouse=ClickHouse(folder.clickhouse, config.clickhouse_url),
    )


def assemble(config: Config, engines: Engines) -> Services:
    """Every service over these engines."""
    versions = Versions(engines.database)
    audit = build_audit(engines)
    settings = Settings(engines.database, versions, audit)
    secrets = build_secrets(config, engines, versions)
    access = build_access(engines, versions, audit)
    identity = Identity(engines.database, access.policy, access.keys, versions)
    observability = build_observability(engines, access.keys)
    return Services(
        config=config,
        engines=engines,
        audit=audit,
        access=access,
        identity=identity,
        observability=observability,
        versions=versions,
        settings=settings,
        secrets=secrets,
        parts=(
            versions.running,
            secrets.running,
            settings.running,
            observability.running,
            build_grpc(config, identity, observability).running,
        ),
    )


def build_grpc(config: Config, identity: Identity, observability: Observability) -> OtlpGrpc:
    async def principal_of(headers: Mapping[str, str]) -> Principal:
        key = key_in(headers)
        if key is None:
            raise Unauthenticated("Send an API key as metadata: authorization = Bearer mno_…, or x-api-key.")
        return await identity.principal_of_key(key)

    return OtlpGrpc(observability.ingest, observability.bodies, principal_of, config.host, config.otlp_grpc_port)


def build_audit(engines: Engines) -> Audit:
    return Audit(engines.database)


def build_secrets(config: Config, engines: Engines, versions: Versions) -> Secrets:
    ring = chosen(config.master_key, KeyFile(engines.folder.master_key))
    return Secrets(engines.database, ring, versions)


def build_access(engines: Engines, versions: Versions, audit: Audit) -> Access:
    policy = Policy(engines.database, versions)
    keys = Keys(engines.database, policy, audit, versions)
    return Access(
        policy,
        Roles(engines.database, policy, audit),
        Grants(engines.database, policy, audit, keys),
        keys,
    )


def build_observability(engines: Engines, keys: KeyNames) -> Observability:
    feed = SpanFeed()
    meters = Meters()
    journal = Journal(engines.folder.journal)
    store = SpanStore(engines.clickhouse)
    pipeline = Pipeline(journal, BlockWriter(journal, store, meters, feed), meters)
    costs = Costs(engines.database, engines.clickhouse, Repricing(store, pipeline), keys)
    ingest = Ingest(pipeline, costs, meters, engines.clickhouse, Decoders())

    async def submit(principal: Principal, events: list[dict[str, Any]]) -> None:
        receipt = await ingest.take(owner_of(principal, "sample"), Sent(Kind.EVENTS_JSON, orjson.dumps(events)))
        if receipt.rejections:
            raise Invalid(f"The sample is spoiled: {receipt.rejections[0].reason}")

    return Observability(
        pipeline=pipeline,
        ingest=ingest,
        bodies=BodyBudget(),
        traces=Traces(SpanQueries(engines.clickhouse)),
        feed=feed,
        sample=Sample(submit),
        costs=costs,
        system=System(
            SystemQueries(engines.database, engines.clickhouse),
            pipeline,
            version=mno.__version__,
            data_folder=engines.folder.path,
        ),
    )
