"""Value events, and what they ask of the policy and hear from others."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from mno.events.following.service import EventFeed
from mno.events.hearing.service import SUBSCRIBER, Hearing
from mno.events.model import Ailment
from mno.events.pace import Pace
from mno.events.ports import Policy, Upstream
from mno.events.service import Events
from mno.events.sources import KINDS
from mno.events.upstreams.service import Upstreams
from mno.llm_gateway import store as providers_store
from mno.mcp_gateway import store as servers_store
from mno.platform.breaker import Breakers, Key
from mno.platform.database import Database
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions


@dataclass(frozen=True)
class ValueEvents:
    events: Events
    feed: EventFeed
    upstreams: Upstreams

    def follow(self, servers: Breakers, models: Breakers) -> None:
        """Before `running`: upstreams that fail and recover are events."""
        self.upstreams.follow(Ailment.SERVER, servers)
        self.upstreams.follow(Ailment.MODEL, models)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.feed.running(), self.upstreams.running():
            yield


@dataclass(frozen=True)
class KnownToGateways:
    """The upstreams of both gateways."""

    database: Database

    async def upstream(self, about: Ailment, key: Key) -> Upstream | None:
        id_, part = UUID(key[0]), key[1]
        async with self.database.across_teams() as tx:
            if about is Ailment.SERVER:
                # the breaker of one person's credential is that person's trouble alone
                found = None if part else await servers_store.named_server(tx, id_)
                return None if found is None else Upstream(*found)
            found = await providers_store.named_provider(tx, id_)
            return None if found is None else Upstream(found[0], f"{found[1]}/{part}" if part else found[1])


def build_events(database: Database, versions: Versions, outbox: Outbox, policy: Policy, tasks: Tasks) -> ValueEvents:
    events, feed = Events(database, outbox, policy, Pace(time.monotonic)), EventFeed(database, versions)
    outbox.subscribe_to_groups(SUBSCRIBER, KINDS, Hearing(feed.written).heard)
    tasks.every("events.prune", "47 4 * * *", events.prune)
    return ValueEvents(events, feed, Upstreams(database, outbox, KnownToGateways(database)))
