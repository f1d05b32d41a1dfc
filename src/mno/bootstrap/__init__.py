"""Builds every service, once, and says in which order they start: the only place where features meet.

The builders of each part stand beside this file. `build` opens nothing, so the API can be described without an engine.
`Services.running` opens the engines, brings the schemas up to date, starts the features' own background work and ends
it all in reverse.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from mno.approvals.service import Approvals
from mno.audit.log import AuditLog
from mno.bootstrap.alerts import build_alerting, build_watch
from mno.bootstrap.budgets import TeamFacts, build_budgeting, build_ledger
from mno.bootstrap.engines import Engines, build_engines
from mno.bootstrap.events import ValueEvents, build_events
from mno.bootstrap.foresight import Foresight, build_foresight
from mno.bootstrap.foundation import (
    build_approvals,
    build_audit,
    build_audit_log,
    build_runtime,
    build_secrets,
    build_tasks,
)
from mno.bootstrap.gateway import LlmGateway, build_gateway
from mno.bootstrap.hub_tools import offer_hub_servers
from mno.bootstrap.identity import (
    Access,
    build_access,
    build_entrances,
    build_invitations,
    build_oauth,
    build_people,
)
from mno.bootstrap.logs import build_log_feed, build_logs
from mno.bootstrap.mcp import McpGateway, build_mcp
from mno.bootstrap.mcp_gated import House
from mno.bootstrap.notifications import Notifying, build_notifications
from mno.bootstrap.observability import Observability, build_grpc, build_observability, keep_for_a_time
from mno.identity.model import Home
from mno.identity.oauth.rooms import Oauth
from mno.identity.service import Identity
from mno.identity.sign_in.rooms import Entrances
from mno.identity.teams.invitations.service import Invitations
from mno.identity.teams.rooms import People
from mno.observability.alerts.rooms import Alerting
from mno.observability.budgets.refreshing.arrivals import SentByOthers
from mno.observability.budgets.rooms import Budgeting
from mno.observability.export.service import OtelExport
from mno.observability.ledger.service import Ledger
from mno.observability.logs.service import Logs
from mno.observability.spans.arrivals import Arrivals
from mno.platform.config import Config
from mno.platform.egress import Egress
from mno.platform.migrate import Report
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from mno.secrets.rooms import Rooms
from mno.secrets.service import Secrets
from mno.settings.service import Settings

#: Something that works in the background for as long as the program runs.
Part = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Services:
    """Everything that the entries need."""

    config: Config
    engines: Engines
    audit: AuditLog
    access: Access
    people: People
    entrances: Entrances
    invitations: Invitations
    oauth: Oauth
    identity: Identity
    observability: Observability
    logs: Logs
    budgeting: Budgeting
    ledger: Ledger
    names: TeamFacts
    foresight: Foresight
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
    llm: LlmGateway
    mcp: McpGateway
    #: To people.
    notifying: Notifying
    alerting: Alerting
    events: ValueEvents

    @property
    def parts(self) -> tuple[Part, ...]:
        """What works in the background; started in this order, ended in reverse."""
        seen, audit = self.observability, self.audit.audit
        return (
            self.versions.running,
            self.audit.running,
            self.secrets.running,
            self.settings.running,
            seen.running,
            self.logs.running,
            self.budgeting.running,
            self.notifying.delivering.running,
            self.alerting.running,
            self.events.running,
            self.outbox.running,
            self.tasks.running,
            self.approvals.running,
            self.export.running,
            self.llm.calls.running,
            self.mcp.running,
            build_grpc(self.config, self.identity, seen, self.settings, audit).running,
        )

    @asynccontextmanager
    async def running(self, report: Report = print) -> AsyncIterator[Home]:
        """The whole program, from the engines up; yields the home team."""
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


def assemble(config: Config, engines: Engines) -> Services:
    """Every service over these engines."""
    services = _assembled(config, engines)
    offer_hub_servers(
        services.mcp,
        services.observability,
        services.logs,
        services.budgeting,
        services.foresight,
        services.alerting,
        services.names,
    )
    services.events.follow(services.mcp.breakers, services.llm.calls.breakers)
    return services


def _assembled(config: Config, engines: Engines) -> Services:
    database = engines.database
    versions = Versions(database)
    audit = build_audit(engines)
    outbox = Outbox(database, versions)
    tasks = build_tasks(database, outbox)
    settings = Settings(database, versions, audit)
    secrets = build_secrets(config, engines, versions)
    access = build_access(database, versions, audit)
    approvals = build_approvals(database, outbox, audit, access.policy)
    egress = Egress(settings.egress_allowed)
    oauth = build_oauth(database, access.policy, audit, versions, egress, tasks)
    identity = Identity(database, access.policy, access.keys, versions, oauth.tokens)
    arrivals, watch = Arrivals(SentByOthers()), build_watch(database)
    log_feed = build_log_feed(engines)
    observability = build_observability(
        engines, access.keys, audit, settings.redaction_rules, (arrivals, watch.arrivals), log_feed.arrived
    )
    budgeting = build_budgeting(config, engines, versions, outbox, tasks, audit, arrivals, settings)
    keep_for_a_time(engines, tasks, settings, audit)
    people = build_people(engines, access.policy, audit, outbox, versions, settings, secrets)
    entrances = build_entrances(database, access.policy, audit, versions, settings, secrets, people, tasks)
    calls, budgets = observability.hub_calls, budgeting.budgets
    llm = build_gateway(config, database, versions, audit, secrets, access.keys, egress, calls, settings, budgets)
    notifying = build_notifications(config, database, audit, secrets, people.mail, egress, tasks)
    to_people, shares = notifying.notifications, budgeting.editing
    alerting = build_alerting(config, engines, versions, outbox, tasks, audit, access.keys, to_people, shares, watch)
    house = House(
        config, database, versions, outbox, audit, secrets, approvals, access, to_people, tasks, entrances.sessions
    )
    return Services(
        config=config,
        engines=engines,
        audit=build_audit_log(config, engines, audit, settings),
        access=access,
        people=people,
        entrances=entrances,
        invitations=build_invitations(database, access.policy, audit, settings, people, entrances),
        oauth=oauth,
        identity=identity,
        observability=observability,
        logs=build_logs(engines, observability, log_feed),
        foresight=build_foresight(engines, observability.costs.prices, access.keys, audit, outbox, tasks, settings),
        budgeting=budgeting,
        ledger=build_ledger(engines, outbox, tasks, audit),
        names=TeamFacts(database),
        versions=versions,
        outbox=outbox,
        tasks=tasks,
        approvals=approvals,
        settings=settings,
        secrets=secrets,
        export=OtelExport(database, audit, observability.system, settings, secrets.own, egress),
        runtime=build_runtime(engines, secrets, audit, access.policy, approvals, tasks),
        llm=llm,
        mcp=build_mcp(house, egress, calls),
        notifying=notifying,
        alerting=alerting,
        events=build_events(database, versions, outbox, access.policy, tasks),
    )
