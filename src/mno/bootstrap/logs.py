"""Logs over the ingest and the store."""

from mno.bootstrap.engines import Engines
from mno.bootstrap.observability import Observability
from mno.observability.logs.queries import LogQueries
from mno.observability.logs.service import Logs
from mno.observability.logs.stream import LogFeed


def build_log_feed(engines: Engines) -> LogFeed:
    """It comes before the ingest, which tells it of new lines."""
    return LogFeed(shared=not engines.clickhouse.embedded)


def build_logs(engines: Engines, observability: Observability, feed: LogFeed) -> Logs:
    return Logs(observability.ingest, LogQueries(engines.clickhouse), feed)
