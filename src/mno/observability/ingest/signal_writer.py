"""The writer of logs and metrics: whatever waits becomes one block, acknowledged when the block is on the disk.

They are neither counted nor priced, so nothing has to be decided between arrival and store, and a journal would only
write the same bytes twice (docs/decisions/0023). While one block is written the next deliveries gather; each of them
asks for a turn on the store thread, and the first turn takes all that wait.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.ingest.pipeline import Pipeline
from mno.observability.ingest.signals import LOGS_TABLE, is_keyed
from mno.observability.ingest.store import LineKey, SignalStore
from mno.observability.spans.queries import Tenant
from mno.platform.errors import Invalid, LimitExceeded

#: Rows of logs and metrics that may wait to be stored.
MAX_WAITING_ROWS = 200_000

#: Told of the projects that have new log lines; on the store thread, and must not block.
LinesArrived = Callable[[Iterable[Tenant]], None]

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Delivery:
    table: str
    tenant: Tenant
    rows: pa.Table
    #: What the store refused it for.
    refusal: Exception | None = None


class SignalWriter:
    """Writes in turns of the pipeline's store thread."""

    def __init__(self, pipeline: Pipeline, store: SignalStore, lines_arrived: LinesArrived) -> None:
        self._pipeline = pipeline
        self._store = store
        self._lines_arrived = lines_arrived
        self._lock = threading.Lock()
        self._waiting: list[_Delivery] = []
        #: When the last block arrived: each is later than those before, so that "what came after" is a comparison.
        self._arrived_us = 0

    async def write(self, table: str, tenant: Tenant, rows: pa.Table) -> None:
        """Returns when the rows are on the disk. `LimitExceeded`, `Unavailable`: send again later."""
        delivery = _Delivery(table, tenant, rows)
        with self._lock:
            if sum(other.rows.num_rows for other in self._waiting) + rows.num_rows > MAX_WAITING_ROWS:
                raise LimitExceeded(
                    f"{MAX_WAITING_ROWS:,} log lines and metric points wait to be stored, which is the limit; "
                    "send again later.",
                    retry_after_s=1,
                )
            self._waiting.append(delivery)
        try:
            await self._pipeline.run(self._write_all)
        finally:  # whoever has left does not wait for it
            with self._lock:
                if delivery in self._waiting:
                    self._waiting.remove(delivery)
        if delivery.refusal is not None:
            raise delivery.refusal

    # --- the store thread ---

    def _write_all(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for table, group in groupby(sorted(waiting, key=_table_of), _table_of):
            self._write(table, list(group))

    def _write(self, table: str, group: Sequence[_Delivery]) -> None:
        try:
            self._insert(table, group)
        except Invalid:
            if len(group) == 1:
                _log.exception("Rows for %s were refused.", table)
                group[0].refusal = Invalid("The store cannot read these records; they were not stored.")
                return
            for delivery in group:
                self._write(table, [delivery])
        except Exception as error:  # noqa: BLE001 - it belongs to the senders, who await it
            for delivery in group:
                delivery.refusal = error

    def _insert(self, table: str, group: Sequence[_Delivery]) -> None:
        rows = [delivery.rows for delivery in group]
        if table == LOGS_TABLE:
            seen: set[tuple[Tenant, LineKey]] = set()
            rows = [self._new_lines(delivery, seen) for delivery in group]
        block = pa.concat_tables(rows)
        if block.num_rows == 0:
            return
        self._arrived_us = max(time.time_ns() // 1000, self._arrived_us + 1)
        column = block.schema.get_field_index("ingested_at")
        arrived = pa.array([self._arrived_us] * block.num_rows, block.schema.field(column).type)
        self._store.insert(table, block.set_column(column, block.schema.field(column), arrived))
        if table == LOGS_TABLE:
            self._lines_arrived({delivery.tenant for delivery in group})

    def _new_lines(self, delivery: _Delivery, seen: set[tuple[Tenant, LineKey]]) -> pa.Table:
        """Without the lines that were sent before under the same id."""
        ids: list[bytes] = delivery.rows["id"].to_pylist()
        if not any(map(is_keyed, ids)):
            return delivery.rows
        moments = pc.cast(delivery.rows["time"], pa.int64()).to_pylist()
        keys = list(zip(moments, ids, strict=True))
        tenant = delivery.tenant
        known = self._store.known(tenant.team_id, tenant.project_id, [key for key in keys if is_keyed(key[1])])
        fresh = []
        for key in keys:
            fresh.append(key not in known and (tenant, key) not in seen)
            if is_keyed(key[1]):
                seen.add((tenant, key))
        return delivery.rows.filter(pa.array(fresh))


def _table_of(delivery: _Delivery) -> str:
    return delivery.table
