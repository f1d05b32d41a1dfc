"""The web application over the services, and the server that runs it.

The engines open before the first connection is accepted and close after the last: a caller never sees a
half-started program.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

import mno
from mno.approvals import routes as approvals_routes
from mno.audit import routes as audit_routes
from mno.bootstrap import Services
from mno.events import routes as events_routes
from mno.identity.keys import routes as keys_routes
from mno.identity.model import Home
from mno.identity.oauth import routes as oauth_routes
from mno.identity.policy.grants import routes as grants_routes
from mno.identity.policy.roles import routes as roles_routes
from mno.identity.post import routes as post_routes
from mno.identity.scim import routes as scim_routes
from mno.identity.sign_in import routes as sign_in_routes
from mno.identity.sign_in.answers import Front
from mno.identity.teams import routes as teams_routes
from mno.identity.teams.invitations import routes as invitations_routes
from mno.llm_gateway import routes as gateway_routes
from mno.llm_gateway.entrance import PREFIX as LLM_PREFIX
from mno.llm_gateway.entrance import Entrance
from mno.mcp_gateway import routes as mcp_routes
from mno.mcp_gateway.clients.entrance import PREFIX as MCP_PREFIX
from mno.mcp_gateway.clients.entrance import Entrance as McpEntrance
from mno.mcp_gateway.credentials import routes as mcp_credentials_routes
from mno.mcp_gateway.gated import routes as mcp_gated_routes
from mno.mcp_gateway.health import routes as mcp_health_routes
from mno.mcp_gateway.policies import routes as mcp_policies_routes
from mno.mcp_gateway.ways.builtin import routes as mcp_builtin_routes
from mno.notifications import routes as channels_routes
from mno.observability.alerts import routes as alerts_routes
from mno.observability.anomalies import routes as anomalies_routes
from mno.observability.budgets import routes as budgets_routes
from mno.observability.costs import routes as costs_routes
from mno.observability.export import routes as export_routes
from mno.observability.forecast import routes as forecast_routes
from mno.observability.ingest import routes as ingest_routes
from mno.observability.ingest.sample import routes as sample_routes
from mno.observability.ledger import routes as ledger_routes
from mno.observability.logs import routes as logs_routes
from mno.observability.savings import routes as savings_routes
from mno.observability.spans import routes as traces_routes
from mno.observability.system import routes as system_routes
from mno.observability.topology import routes as topology_routes
from mno.platform import interpreter
from mno.platform.http import background
from mno.platform.http.app import add_routes, bare_app, serve_pages, stand_before
from mno.platform.http.connections import Connection
from mno.platform.migrate import Report
from mno.platform.paths import built_web_folder
from mno.secrets import routes as secrets_routes
from mno.settings import routes as settings_routes

#: Requests that are still answered when the program is told to stop; live streams end then.
GRACE_S = 3
#: What a client may send in one message by WebSocket; nothing is expected.
MAX_SOCKET_MESSAGE_BYTES = 4_096
#: Ingest has limits of its own, far above those of other bodies.
OWN_BODY_LIMITS = (
    "/otlp/",
    "/v1/",
    "/api/public/otel/",
    "/api/usage-events",
    "/api/logs",
    "/api/prices/import",
    LLM_PREFIX,
)

#: Entered with the home team and the port that was bound.
OnReady = Callable[[Home, int], contextlib.AbstractAsyncContextManager[None]]


def create_app(services: Services) -> FastAPI:
    """The whole HTTP interface; opens nothing."""
    app = bare_app(
        version=mno.__version__,
        authenticator=services.identity,
        own_body_limits=OWN_BODY_LIMITS,
        open_to_pages=oauth_routes.OPEN_TO_PAGES,
        rules=services.settings,
    )
    app.state.public_url = services.config.public_url
    seen = services.observability
    # Routes are tried in their order, and these are asked a hundred times as often as all others.
    add_routes(app, ingest_routes.router(seen.ingest, seen.bodies))
    add_routes(app, sign_in_routes.router(services.entrances, front_of(services)))
    add_routes(app, roles_routes.router(services.access.roles))
    add_routes(app, grants_routes.router(services.access.grants))
    add_routes(app, keys_routes.router(services.access.keys))
    people = services.people
    add_routes(app, teams_routes.router(people.teams, people.projects, people.members, people.groups))
    add_routes(app, invitations_routes.router(services.invitations, front_of(services)))
    add_routes(app, oauth_routes.router(services.oauth, front_of(services)))
    add_routes(app, post_routes.router(people.post))
    add_routes(app, scim_routes.router(people.directory, services.config.public_url))
    add_routes(app, sample_routes.router(seen.sample))
    add_routes(app, traces_routes.router(seen.traces, seen.feed))
    add_routes(app, logs_routes.router(services.logs, seen.bodies))
    add_routes(app, costs_routes.router(seen.costs))
    add_routes(app, budgets_routes.router(services.budgeting.editing))
    add_routes(app, ledger_routes.router(services.ledger, services.names))
    add_routes(app, forecast_routes.router(services.foresight.forecasts))
    add_routes(app, anomalies_routes.router(services.foresight.anomalies))
    add_routes(app, savings_routes.router(services.foresight.savings))
    add_routes(app, topology_routes.router(seen.topology))
    add_routes(app, system_routes.router(seen.system))
    add_routes(app, export_routes.router(services.export))
    add_routes(app, gateway_routes.router(services.llm.gateway, services.llm.calls))
    add_routes(app, mcp_routes.router(services.mcp.registry, services.mcp.pins, services.mcp.calls))
    add_routes(app, mcp_health_routes.router(services.mcp.health))
    add_routes(app, mcp_builtin_routes.router(services.mcp.builtin))
    add_routes(app, mcp_policies_routes.router(services.mcp.rules))
    add_routes(app, mcp_credentials_routes.router(services.mcp.connections, front_of(services)))
    add_routes(app, mcp_gated_routes.router(services.mcp.gated.calls, services.mcp.gated.deciding))
    add_routes(app, channels_routes.router(services.notifying.editing))
    add_routes(app, alerts_routes.router(services.alerting))
    add_routes(app, events_routes.router(services.events.events, services.events.feed))
    add_routes(app, approvals_routes.router(services.approvals))
    add_routes(app, secrets_routes.router(services.runtime))
    add_routes(app, background.router(services.outbox, services.tasks))
    add_routes(app, settings_routes.router(services.settings, services.config.shown()))
    add_routes(app, audit_routes.router(services.audit))
    app.state.refusals = services.audit.audit
    stand_before(app, LLM_PREFIX, Entrance(services.llm.calls), services.settings)
    stand_before(app, MCP_PREFIX, McpEntrance(services.mcp.requests), services.settings)
    serve_pages(app, built_web_folder())
    return app


def front_of(services: Services) -> Front:
    config = services.config
    return Front(config.public_url, config.url(config.port), services.settings)


async def serve(services: Services, listener: socket.socket, *, report: Report, on_ready: OnReady) -> None:
    """Runs until SIGINT or SIGTERM; `on_ready` is entered once requests are answered, and left first."""
    stop = asyncio.Event()
    with _stopping_on_signals(stop.set), listener:
        async with services.running(report) as home:
            interpreter.settle()
            server = _Server(uvicorn_config(create_app(services)))
            serving = asyncio.create_task(server.serve([listener]))
            async with on_ready(home, listener.getsockname()[1]):
                asked = asyncio.create_task(stop.wait())
                await asyncio.wait((serving, asked), return_when=asyncio.FIRST_COMPLETED)
                asked.cancel()
            services.observability.feed.close()  # else the server would wait for its open streams
            services.logs.feed.close()
            services.events.feed.close()
            server.should_exit = True
            await serving


def uvicorn_config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws="websockets-sansio",
        # nobody tells us anything by WebSocket
        ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        # the door reads them, of the proxies that the settings name; this would believe everybody on this machine
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: they would end the program before the engines are closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
