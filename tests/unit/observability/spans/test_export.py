import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from mno.observability.spans.export import traces_csv, traces_parquet
from mno.observability.spans.schemas import TraceRow

ROW = TraceRow(
    trace_id="0" * 32,
    name="訂票, \"now\"\nplease",
    start_time="2026-11-01T00:00:00.000001Z",
    duration_ms=1.5,
    spans=2,
    errors=0,
    calls=1,
    unpriced_calls=0,
    input_tokens=10,
    output_tokens=20,
    cost="123456789.000000001",
    models=["a", "b"],
    user="",
    session="",
    agent="",
    environment="",
    service="",
)  # fmt: skip


def test_csv_holds_what_the_list_holds() -> None:
    (read,) = csv.DictReader(io.StringIO(traces_csv([ROW]).decode(), newline=""))
    assert read == {name: str(value) for name, value in ROW.model_dump().items()} | {"models": "a;b"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_runs_nothing(name: str) -> None:
    (read,) = csv.DictReader(io.StringIO(traces_csv([ROW.model_copy(update={"name": name})]).decode(), newline=""))
    assert read["name"] == f"'{name}"


def test_parquet_has_real_types() -> None:
    (read,) = pq.read_table(io.BytesIO(traces_parquet([ROW]))).to_pylist()
    assert read == ROW.model_dump() | {
        "start_time": datetime(2026, 11, 1, 0, 0, 0, 1, tzinfo=UTC),
        "cost": Decimal("123456789.000000001"),
    }


def test_an_empty_export_has_a_header() -> None:
    assert traces_csv([]).decode().startswith("trace_id,name,")
    assert pq.read_table(io.BytesIO(traces_parquet([]))).num_rows == 0
