"""What the benchmarks print: tables for people, JSON for programs, and the percentiles in both."""

import json
import math
import os
import platform
from collections.abc import Sequence
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Times as milliseconds: p50, p95, p99, the largest and how many."""
    figures = {f"p{round(share * 100)}_ms": 1000 * percentile(seconds, share) for share in (0.5, 0.95, 0.99)}
    return {**figures, "max_ms": 1000 * max(seconds, default=math.nan), "count": len(seconds)}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, padded so that it can be read unrendered; all but the first column to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [f"{cell:{'<' if column == 0 else '>'}{widths[column]}}" for column, cell in enumerate(cells)]
        return f"| {' | '.join(padded)} |"

    rule = [("-" * widths[0])] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join((line(head), line(rule), *(line(row) for row in rows)))


def number(value: float) -> str:
    return f"{value:,.0f}"


def milliseconds(value: float) -> str:
    return f"{value:,.1f}"


def mebibytes(size: float) -> str:
    return f"{size / 2**20:,.0f}"


def print_json(figures: Any) -> None:
    print(json.dumps(figures, indent=2, default=str))


def machine() -> str:
    """The machine by its cores and memory, not by its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (
        f"{len(os.sched_getaffinity(0))} cores, {memory / 2**30:.0f} GiB memory, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
