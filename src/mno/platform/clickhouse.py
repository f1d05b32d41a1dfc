"""ClickHouse, in process (`chdb`) or as a server, behind one class: one writer, a few readers.

A client of the embedded engine serves one query at a time, so readers have clients and threads of their
own and never wait for the writer (docs/decisions/0001). The embedded engine belongs to one process: its
folder is locked, and a second process is told what to do instead.
"""

import asyncio
import fcntl
import os
import re
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mno.platform.errors import Conflict, Invalid, LimitExceeded, Unavailable

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

#: Threads, and so queries at one time, of the read side.
READERS = 3
#: What one query may take before it is told to ask for less.
MAX_QUERY_MEMORY_BYTES = 2_000_000_000
#: How long a query may run unless its caller says otherwise.
DEFAULT_TIMEOUT_S = 30.0

_TIMEOUT_EXCEEDED = 159
_TOO_SLOW = 160
_MEMORY_LIMIT = 241
#: Errors that say the data cannot be read, whenever it is sent: ATTEMPT_TO_READ_AFTER_EOF, CANNOT_PARSE_*,
#: ILLEGAL_COLUMN, TYPE_MISMATCH, INCORRECT_DATA, UNKNOWN_COLUMN and their like.
_DATA_ERRORS = frozenset({6, 26, 27, 32, 33, 38, 41, 43, 44, 53, 70, 72, 117, 131, 321, 349})

#: The engine's own defaults are sized for a machine of its own; these fit beside an application. Statistics of every
#: column would help to order joins, which nobody here asks for, and take a fifth of a small insert's time.
_EMBEDDED_SERVER_CONFIG = """<clickhouse>
    <mark_cache_size>67108864</mark_cache_size>
    <index_mark_cache_size>16777216</index_mark_cache_size>
    <primary_index_cache_size>33554432</primary_index_cache_size>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <mmap_cache_size>0</mmap_cache_size>
    <compiled_expression_cache_size>8388608</compiled_expression_cache_size>
    <background_pool_size>2</background_pool_size>
    <background_schedule_pool_size>2</background_schedule_pool_size>
    <background_common_pool_size>1</background_common_pool_size>
    <background_fetches_pool_size>1</background_fetches_pool_size>
    <background_move_pool_size>1</background_move_pool_size>
    <max_server_memory_usage>4000000000</max_server_memory_usage>
    <merge_tree>
        <auto_statistics_types></auto_statistics_types>
    </merge_tree>
</clickhouse>
"""

#: The engine's allocator (jemalloc) reads this when the library is loaded. Memory that an insert gave back stays for
#: the next one instead of going to the system at once: a fresh page costs more than filling it.
_EMBEDDED_ALLOCATOR = "dirty_decay_ms:20000,muzzy_decay_ms:0"

_SESSION_SETTINGS = {
    "max_threads": 2,
    "max_memory_usage": MAX_QUERY_MEMORY_BYTES,
    "max_execution_time": DEFAULT_TIMEOUT_S,
    "max_partitions_per_insert_block": 200,
}

#: A block feeds its views side by side, which takes a quarter off an insert's time; what could be collapsed
#: inside a block is left to the merges.
_WRITER_SETTINGS = _SESSION_SETTINGS | {
    "parallel_view_processing": 1,
    "max_threads": 4,
    "max_insert_threads": 4,
    "input_format_parallel_parsing": 0,
    "optimize_on_insert": 0,
}


#: Where a query reads a table (and no subquery), and where it binds the tenant of one.
_READS = re.compile(r"\b(?:FROM|(?<!ARRAY )JOIN)\s+(\w+)", re.IGNORECASE)
_BINDS = re.compile(r"\bteam_id = \{team:String\} AND (?:\w+\.)?project_id = \{project:String\}")
_NAMES = re.compile(r"\b(\w+) AS \(")


class UnboundTenantError(AssertionError):
    """A query of ours that reads rows of a team without saying of which: a mistake that must not reach the engine."""


def require_tenant(sql: str, parameters: Mapping[str, Any] | None) -> None:
    """`UnboundTenantError` unless every table that the query reads is bound to one team and project.

    ClickHouse has no row-level security that would hold for the embedded engine; this is its second fence.
    """
    named_inside = set(_NAMES.findall(sql))
    tables = [table for table in _READS.findall(sql) if table not in named_inside]
    bound = parameters or {}
    if len(_BINDS.findall(sql)) < max(len(tables), 1) or not (bound.get("team") and bound.get("project")):
        raise UnboundTenantError(f"This query does not bind team and project wherever it reads: {sql[:300]}")


class ClickHouse:
    """The span store's engine. `url` is empty for the embedded engine in `folder`, else a server's DSN.

    `insert` and `read_now` block and belong to the one writing thread. `rows` and `arrow` are for everyone and
    refuse a query that binds no tenant; `rows_of_all` and `command` are for the program's own work. Errors of the
    engine surface as `Unavailable`, or `LimitExceeded` for a query that is too big; a mistake in our own SQL stays
    the driver's error.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url = url
        self._lock_file: int | None = None
        self._engine: Any = None
        self._writer: Client | None = None
        self._write_lock = threading.Lock()
        self._local = threading.local()
        self._clients: list[Client] = []
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="clickhouse-reader")

    @property
    def embedded(self) -> bool:
        return not self.url

    def open(self) -> None:
        """Locks the folder, starts the engine and warms it up; about two seconds when embedded."""
        if self.embedded:
            self._take_folder()
            self._start_engine()
        self._writer = self._connect(_WRITER_SETTINGS)
        self._writer.query_arrow("SELECT 1")

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._writer = None
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    async def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> list[dict[str, Any]]:
        """The result as dictionaries; FixedString as bytes, DateTime64 as aware datetimes. Binds a tenant."""
        require_tenant(sql, parameters)
        return await self.rows_of_all(sql, parameters, timeout_s=timeout_s)

    async def rows_of_all(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> list[dict[str, Any]]:
        """The same over whatever the query names: for schemas, sizes and health, never for somebody's question."""

        def read(client: "Client") -> list[dict[str, Any]]:
            result = client.query(_bounded(sql, timeout_s), parameters=dict(parameters or {}))
            rows: list[dict[str, Any]] = [dict(row) for row in result.named_results()]
            return rows

        rows: list[dict[str, Any]] = await self._on_reader(read)
        return rows

    async def arrow(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> pa.Table:
        """The result as an Arrow table. Binds a tenant."""
        require_tenant(sql, parameters)
        bounded = _bounded(sql, timeout_s)
        return await self._on_reader(lambda client: client.query_arrow(bounded, parameters=dict(parameters or {})))

    async def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """A statement without a result: DDL, `OPTIMIZE`, `ALTER`."""
        await self._on_reader(lambda client: client.command(sql, parameters=dict(parameters or {})))

    def read_now(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """A blocking read on the writer's own connection."""
        with self._write_lock:
            return self._guarded(lambda: self._writing().query_arrow(sql, parameters=dict(parameters or {})))

    def command_now(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """A blocking statement on the writer's own connection."""
        with self._write_lock:
            self._guarded(lambda: self._writing().command(sql, parameters=dict(parameters or {})))

    def insert(self, table: str, block: pa.Table) -> None:
        """Inserts one block; it survives the death of the process when this returns, and of the machine after `sync`.

        `Invalid` when the engine cannot read the block, `Unavailable` when it takes none at present (no space, too
        many parts).
        """
        from clickhouse_connect.driver.exceptions import DatabaseError

        with self._write_lock:
            try:
                self._guarded(lambda: self._write(table, block))
            except DatabaseError as error:
                if getattr(error, "code", None) in _DATA_ERRORS:
                    raise Invalid(f"The span store cannot read a block for {table}: {error}") from error
                raise Unavailable(f"The span store does not take a block for {table}: {error}") from error

    def _write(self, table: str, block: pa.Table) -> None:
        if self.embedded:
            self._writing().raw_insert(table, block.schema.names, _packed(block), fmt="Arrow")
        else:
            self._writing().insert_arrow(table, block)  # compressed on its way

    def sync(self) -> None:
        """Returns when everything that was inserted before is on the disk. A server sees to that itself."""
        if self.embedded:
            os.sync()

    def _writing(self) -> "Client":
        if self._writer is None:
            raise Unavailable("The span store is not open.")
        return self._writer

    async def _on_reader(self, work: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: self._guarded(lambda: work(self._reader())))

    def _reader(self) -> "Client":
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = self._connect(_SESSION_SETTINGS)
        return client

    def _connect(self, settings: Mapping[str, Any]) -> "Client":
        import clickhouse_connect

        dsn = self.url or f"chdb:///{self.folder}"
        client = clickhouse_connect.get_client(dsn=dsn, settings=dict(settings))
        self._clients.append(client)
        return client

    def _guarded(self, work: Any) -> Any:
        from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

        try:
            return work()
        except OperationalError as error:
            raise Unavailable("The span store does not answer; try again.") from error
        except DatabaseError as error:
            code = getattr(error, "code", None)
            if code in (_TIMEOUT_EXCEEDED, _TOO_SLOW):
                raise LimitExceeded("The query took too long; choose a shorter time range or more filters.") from error
            if code == _MEMORY_LIMIT:
                raise LimitExceeded("The query needs too much memory; choose a shorter time range.") from error
            raise

    def _take_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_file = os.open(self.folder.parent / f"{self.folder.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock_file)
            self._lock_file = None
            raise Conflict(
                f"The embedded ClickHouse in {self.folder} is in use by another process. Stop that one, choose "
                "another MNO_DATA_DIR, or set MNO_CLICKHOUSE_URL to a ClickHouse server that many can share."
            ) from None

    def _start_engine(self) -> None:
        os.environ.setdefault("JE_MALLOC_CONF", _EMBEDDED_ALLOCATOR)
        import chdb

        with tempfile.NamedTemporaryFile("w", suffix=".xml", delete=False) as config:
            config.write(_EMBEDDED_SERVER_CONFIG)
        try:
            self._engine = chdb.connect(f"{self.folder}?config-file={config.name}")
        finally:
            Path(config.name).unlink()


def _bounded(sql: str, timeout_s: float) -> str:
    if timeout_s == DEFAULT_TIMEOUT_S:
        return sql
    return f"{sql}\nSETTINGS max_execution_time = {float(timeout_s)}"


def _packed(block: pa.Table) -> Any:
    """The block as the embedded engine reads it. A memoryview: of anything else the driver makes bytes, and no other
    thread goes on during that copy.
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, block.schema) as writer:
        writer.write(block)
    return memoryview(sink.getvalue())
