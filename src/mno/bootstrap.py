"""Builds every service, once, and says in which order they start: the only place where features meet.

`build` opens nothing, so the API can be described without an engine. `Services.running` opens the engines,
brings the schemas up to date, starts the features' own background work and ends it all in reverse.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

import mno
from mno.approvals.service import Approvals
from mno.audit.anchoring.anchors import FileKey
from mno.audit.anchoring.service import Anchoring
from mno.audit.log import AuditLog
from mno.audit.queries import AuditQueries
from mno.audit.retention.service import Retention
from mno.audit.service import Audit
from mno.audit.streams.service import Streams
from mno.audit.verification.service import Verifications
from mno.identity.admission.service import Admission, GroupsOfPeople, SessionEndings
from mno.identity.keys.service import Keys
from mno.identity.memory import RememberedPrincipals
from mno.identity.model import Home
from mno.identity.policy.grants.service import Grants
from mno.identity.policy.roles.service import Roles
from mno.identity.policy.service import Policy
from mno.identity.post.service import MAIL_PASSWORD, PostOffice
from mno.identity.service import Identity, check_bootstrap_key
from mno.identity.sign_in.attempts.service import Attempts
from mno.identity.sign_in.codes import service as codes_service
from mno.identity.sign_in.codes.service import Codes
from mno.identity.sign_in.outside.calls import Calls
from mno.identity.sign_in.outside.oidc import OidcClient
from mno.identity.sign_in.outside.providers import service as providers_service
from mno.identity.sign_in.outside.providers.service import Providers
from mno.identity.sign_in.outside.service import Outside
from mno.identity.sign_in.outside.welcome.service import Welcome
from mno.identity.sign_in.passkeys.service import Passkeys
from mno.identity.sign_in.passwords.hashing import PasswordHashes
from mno.identity.sign_in.passwords.service import Passwords
from mno.identity.sign_in.rooms import Entrances
from mno.identity.sign_in.service import SignIn
from mno.identity.sign_in.sessions.service import Sessions
from mno.identity.teams.groups.service import Groups
from mno.identity.teams.invitations.service import Invitations
from mno.identity.teams.members.service import Members
from mno.identity.teams.projects.service import Projects
from mno.identity.teams.rooms import People
from mno.identity.teams.service import Teams
from mno.observability.costs.ports import KeyNames
from mno.observability.costs.service import Costs
from mno.observability.export.service import OtelExport
from mno.observability.ingest.body import BodyBudget
from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Kind, Sent
from mno.observability.ingest.grpc import OtlpGrpc
from mno.observability.ingest.journal import Journal
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.pipeline import Pipeline
from mno.observability.ingest.sample.service import Sample
from mno.observability.ingest.service import Ingest, RulesOf, owner_of
from mno.observability.ingest.writer import BlockWriter
from mno.observability.retention.service import Retention as SpanRetention
from mno.observability.retention.store import RetentionStore
from mno.observability.spans.fresh import FreshSpans
from mno.observability.spans.queries import SpanQueries
from mno.observability.spans.restatement import Repricing
from mno.observability.spans.service import Traces
from mno.observability.spans.store import SpanStore
from mno.observability.spans.stream import SpanFeed
from mno.observability.system.queries import SystemQueries
from mno.observability.system.service import System
from mno.platform import origin
from mno.platform.clickhouse import ClickHouse
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.errors import Denied, Invalid, Unauthenticated
from mno.platform.http.door import NoRules, SiteRules, admits
from mno.platform.http.gate import key_in
from mno.platform.mail import Mail, MailServer, Security
from mno.platform.migrate import Report, migrate_clickhouse, migrate_postgres, migrations_of
from mno.platform.objects import Objects
from mno.platform.outbox import Outbox
from mno.platform.paths import DataFolder
from mno.platform.postgres_server import PostgresServer
from mno.platform.principal import Principal
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from mno.secrets.changes.service import Changes
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile
from mno.secrets.rooms import Rooms
from mno.secrets.rotation.service import Rotations
from mno.secrets.runtime.service import Runtime
from mno.secrets.service import Secrets
from mno.settings.service import Settings

if TYPE_CHECKING:
    from mno.identity.scim.service import Directory

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
    audit: AuditLog
    access: Access
    people: People
    entrances: Entrances
    invitations: Invitations
    identity: Identity
    observability: "Observability"
    versions: Versions
    outbox: Outbox
    tasks: Tasks
    approvals: Approvals
    settings: Settings
    secrets: Secrets
    #: The hub's own figures on their way to a collector.
    export: OtelExport
    #: Secrets and variables for executions.
    runtime: Rooms
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
    outbox = Outbox(engines.database, versions)
    tasks = build_tasks(engines.database, outbox)
    settings = Settings(engines.database, versions, audit)
    secrets = build_secrets(config, engines, versions)
    access = build_access(engines.database, versions, audit)
    approvals = build_approvals(engines.database, outbox, audit, access.policy)
    identity = Identity(engines.database, access.policy, access.keys, versions)
    observability = build_observability(engines, access.keys, audit, settings.redaction_rules)
    keep_for_a_time(engines, tasks, settings, audit)
    people = build_people(engines, access.policy, audit, outbox, versions, settings, secrets)
    entrances = build_entrances(engines.database, access.policy, audit, versions, settings, secrets, people, tasks)
    log = build_audit_log(config, engines, audit, settings)
    egress = Egress(settings.egress_allowed)
    export = OtelExport(engines.database, audit, observability.system, settings, secrets.own, egress)
    return Services(
        config=config,
        engines=engines,
        audit=log,
        access=access,
        people=people,
        entrances=entrances,
        invitations=build_invitations(engines.database, access.policy, audit, settings, people, entrances),
        identity=identity,
        observability=observability,
        versions=versions,
        outbox=outbox,
        tasks=tasks,
        approvals=approvals,
        settings=settings,
        secrets=secrets,
        export=export,
        runtime=build_runtime(engines, secrets, audit, access.policy, approvals, tasks),
        parts=(
            versions.running,
            log.running,
            secrets.running,
            settings.running,
            observability.running,
            outbox.running,
            tasks.running,
            approvals.running,
            export.running,
            build_grpc(config, identity, observability, settings, audit).running,
        ),
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
        principal = await identity.principal_of_key(key)
        if not admits(rules.allowed_networks(principal.team_id), address):
            raise Denied(f"The team is not open to the address {address}.")
        return principal

    return OtlpGrpc(observability.ingest, observability.bodies, principal_of, config.host, config.otlp_grpc_port)


def build_audit(engines: Engines) -> Audit:
    return Audit(engines.database)


def build_audit_log(config: Config, engines: Engines, audit: Audit, settings: Settings) -> AuditLog:
    database, folder = engines.database, engines.folder
    key = FileKey(folder.audit_key, config.audit_key, config.audit_trusted_keys)
    objects = Objects(config.objects_url, folder.objects)
    anchoring = Anchoring(database, objects, key, config.audit_anchor_minutes * 60)
    return AuditLog(
        audit,
        AuditQueries(database),
        anchoring,
        Verifications(database, anchoring),
        Retention(database, audit, anchoring, lambda _: int(settings.value("retention.audit_days"))),
        Streams(
            database,
            audit,
            Egress(settings.egress_allowed),
            lambda stream_id: key.derived(f"audit stream {stream_id}"),
        ),
    )


def build_secrets(config: Config, engines: Engines, versions: Versions) -> Secrets:
    ring = chosen(config.master_key, KeyFile(engines.folder.master_key))
    return Secrets(engines.database, ring, versions)


def build_runtime(
    engines: Engines, secrets: Secrets, audit: Audit, policy: Policy, approvals: Approvals, tasks: Tasks
) -> Rooms:
    database, keys = engines.database, secrets.keys
    return Rooms(
        Runtime(database, keys, audit, policy),
        Changes(database, keys, audit, policy, approvals),
        Rotations(database, secrets, audit, policy, tasks),
    )


def build_tasks(database: Database, outbox: Outbox) -> Tasks:
    tasks = Tasks(database)
    tasks.every("facts.prune", "17 * * * *", outbox.prune)
    tasks.every("tasks.prune", "23 3 * * *", tasks.prune)
    return tasks


def keep_for_a_time(engines: Engines, tasks: Tasks, settings: Settings, audit: Audit) -> None:
    """The nightly deletion of what is older than its project keeps."""
    kept = SpanRetention(RetentionStore(engines.clickhouse), settings.value, audit)
    tasks.every("observability.retention", "41 2 * * *", kept.enforce)


def build_approvals(database: Database, outbox: Outbox, audit: Audit, policy: Policy) -> Approvals:
    return Approvals(database, outbox, audit, policy, GroupsOfPeople(database))


def build_access(
    database: Database, versions: Versions, audit: Audit, remembered: RememberedPrincipals | None = None
) -> Access:
    policy = Policy(database, versions)
    keys = Keys(database, policy, audit, versions, remembered)
    return Access(policy, Roles(database, policy, audit), Grants(database, policy, audit, keys), keys)


def build_people(
    engines: Engines,
    policy: Policy,
    audit: Audit,
    outbox: Outbox,
    versions: Versions,
    settings: Settings,
    secrets: Secrets,
) -> People:
    endings = SessionEndings(versions)
    members = Members(engines.database, policy, endings, audit, outbox)
    groups, mail = Groups(engines.database, policy, audit), build_mail(settings, secrets)

    def directory() -> "Directory":
        from mno.identity.scim.service import Directory

        return Directory(engines.database, members, groups, policy, audit)

    return People(
        teams=Teams(engines.database, policy, endings, audit, outbox),
        projects=Projects(engines.database, policy, audit, outbox),
        members=members,
        groups=groups,
        directory=directory,
        mail=mail,
        post=PostOffice(engines.database, mail, secrets.own, audit),
    )


def build_entrances(
    database: Database,
    policy: Policy,
    audit: Audit,
    versions: Versions,
    settings: Settings,
    secrets: Secrets,
    people: People,
    tasks: Tasks,
) -> Entrances:
    attempts = Attempts(database)
    sessions = Sessions(database, audit, versions, settings)
    passwords = Passwords(database, audit, sessions, attempts, PasswordHashes(), people.mail)
    tasks.every("sign_in.prune", "41 * * * *", sessions.prune)
    tasks.every("sign_in.prune_attempts", "43 * * * *", attempts.prune)
    passkeys, codes = Passkeys(database, audit, sessions), Codes(database, audit, secrets.sealer)
    calls = Calls(Egress(settings.egress_allowed).client())
    oidc = OidcClient(calls)
    providers = Providers(database, audit, secrets.sealer, oidc, policy)
    secrets.sealer.hold(codes_service.SEALED_KIND, codes.walk)
    secrets.sealer.hold(providers_service.SEALED_KIND, providers.walk)
    welcome = Welcome(people.members, policy, audit)
    return Entrances(
        SignIn(database, audit, settings, attempts, sessions, passwords, passkeys, codes),
        Outside(database, audit, sessions, attempts, settings, secrets.own, providers, calls, oidc, welcome),
        providers,
    )


def build_invitations(
    database: Database, policy: Policy, audit: Audit, settings: Settings, people: People, entrances: Entrances
) -> Invitations:
    accounts = Admission(entrances.sign_in)
    return Invitations(database, people.members, policy, audit, people.mail, accounts, settings)


def build_mail(settings: Settings, secrets: Secrets) -> Mail:
    def server() -> MailServer:
        return MailServer(
            host=settings.value("mail.host"),
            port=settings.value("mail.port"),
            security=Security(settings.value("mail.security")),
            user=settings.value("mail.user"),
            sender=settings.value("mail.from"),
        )

    return Mail(server, lambda: secrets.own.read_own(None, MAIL_PASSWORD))


def build_observability(engines: Engines, keys: KeyNames, audit: Audit, rules_of: RulesOf) -> Observability:
    feed = SpanFeed()
    meters = Meters()
    journal = Journal(engines.folder.journal)
    fresh = FreshSpans()
    store = SpanStore(engines.clickhouse)
    pipeline = Pipeline(journal, BlockWriter(journal, store, meters, feed, fresh), meters)
    costs = Costs(engines.database, engines.clickhouse, Repricing(store, pipeline), keys, audit)
    ingest = Ingest(pipeline, costs, meters, engines.clickhouse, Decoders(), rules_of)

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
        system=System(
            SystemQueries(engines.database, engines.clickhouse),
            pipeline,
            version=mno.__version__,
            data_folder=engines.folder.path,
        ),
    )
