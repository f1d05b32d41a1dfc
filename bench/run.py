"""`make bench`: every figure of BENCHMARKS.md in one run, on this machine, with what else it does at the time.

    python bench/run.py [--quick] [--spans 10M] [--no-peers] [--only ingest,gateway]

Each part is a program of its own and runs alone, one after the other. The output is Markdown.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PARTS = (
    "ingest",
    "queries",
    "api",
    "waterfall",
    "policy",
    "audit",
    "gateway",
    "mcp_gateway",
    "outbox",
    "budgets",
    "alerts",
    "forecast",
    "anomalies",
)


def commands(*, quick: bool, spans: str, peers: bool, folder: Path) -> dict[str, list[str]]:
    """The arguments of every part."""
    if quick:
        return {part: ["--quick"] for part in PARTS}
    filled = ["--folder", str(folder)]
    compared = (
        {"ingest": ["mlflow", "phoenix"], "policy": ["casbin"], "gateway": ["litellm"], "mcp_gateway": ["contextforge"]}
        if peers
        else {}
    )
    asked = {"ingest": ["--memory"], "queries": ["--spans", spans, *filled], "api": filled}
    return {
        part: [*asked.get(part, []), *(word for peer in compared.get(part, []) for word in ("--peer", peer))]
        for part in PARTS
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="a minute or two; the figures are only a hint")
    options.add_argument("--spans", default="10M", help="for the queries: 10M (default), 100M, …")
    options.add_argument("--no-peers", action="store_true", help="leave MLflow and Phoenix out")
    options.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    chosen = options.parse_args()
    folder = HERE / "results" / f"spans-{chosen.spans}"
    parts = commands(quick=chosen.quick, spans=chosen.spans, peers=not chosen.no_peers, folder=folder)
    failed = []
    for name in chosen.only.split(","):
        print(f"## {name}\n\nLoad average before: {os.getloadavg()[0]:.2f}\n", flush=True)
        began = time.monotonic()
        ended = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *parts[name]], check=False)
        print(f"\n({time.monotonic() - began:.0f} s)\n", flush=True)
        if ended.returncode:
            failed.append(name)
    if failed:
        print(f"Missed a target, or lost something: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
