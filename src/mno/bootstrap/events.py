"""Value events, and what they ask of the policy and hear from others."""

import time
from dataclasses import dataclass

from mno.events.following.service import EventFeed
from mno.events.hearing.service import SUBSCRIBER, Hearing
from mno.events.pace import Pace
from mno.events.ports import Policy
from mno.events.service import Events
from mno.events.sources import KINDS
from mno.platform.database import Database
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions


@dataclass(frozen=True)
class ValueEvents:
    events: Events
    feed: EventFeed


def build_events(database: Database, versions: Versions, outbox: Outbox, policy: Policy, tasks: Tasks) -> ValueEvents:
    events, feed = Events(database, outbox, policy, Pace(time.monotonic)), EventFeed(database, versions)
    outbox.subscribe_to_groups(SUBSCRIBER, KINDS, Hearing(feed.written).heard)
    tasks.every("events.prune", "47 4 * * *", events.prune)
    return ValueEvents(events, feed)
