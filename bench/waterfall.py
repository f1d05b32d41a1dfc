"""The page Trace in real Chromium: how soon fifty thousand spans can be used, and how smoothly they scroll.

    python bench/waterfall.py [--json]

The hub runs as its users run it and holds one trace of 50,000 spans beside forty days of others. The journey that
`make test` walks (web/journeys/trace.mjs) tells its figures; here they have limits: two seconds from the click in the
list until a chosen span shows, and 50 ms for 95 % of the frames while scrolling.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from report import machine, milliseconds, print_json, table
from server import KEY, mno

WEB = Path(__file__).parents[1] / "web"
INTERACTIVE_MS, FRAME_P95_MS = 2000, 50
_FIGURES = re.compile(r"interactive after (?P<interactive>\d+) ms|p50 (?P<p50>[\d.]+) ms, p95 (?P<p95>[\d.]+) ms")


def walked() -> dict[str, float]:
    """Milliseconds by name; ends the program where the journey failed for another reason than time."""
    with mno() as server:
        link = subprocess.run(
            [str(Path(sys.executable).with_name("mno")), "link", "--json"],
            env={**os.environ, "MNO_DATA_DIR": str(server.folder)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        address = json.loads(link.stdout)["url"]
        told = {"MNO_URL": address.partition("/api/")[0], "MNO_KEY": KEY, "MNO_LINK": address, "MNO_FRAMES": "180"}
        ended = subprocess.run(
            [_node(), "--test", "--test-reporter=spec", "journeys/trace.mjs"],
            cwd=WEB, env={**os.environ, **told}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    found = {
        name: float(text) for one in _FIGURES.finditer(ended.stdout) for name, text in one.groupdict().items() if text
    }
    if ended.returncode or len(found) < 3:
        sys.exit(ended.stdout + ended.stderr)
    return {"interactive_ms": found["interactive"], "frame_p50_ms": found["p50"], "frame_p95_ms": found["p95"]}


def _node() -> str:
    folder = subprocess.run(
        ["sh", str(WEB.parent / "scripts" / "node_path.sh")], capture_output=True, text=True, check=True
    )
    return str(Path(folder.stdout.strip()) / "node")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="the same: it takes half a minute")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = walked()
    if chosen.json:
        print_json({"machine": machine(), **figures})
    else:
        print(f"{machine()}\n")
        rows = [
            (
                "50,000 spans, from the click to a chosen span",
                f"< {INTERACTIVE_MS} ms",
                f"{figures['interactive_ms']:.0f} ms",
            ),
            ("frame while scrolling, p50", "", f"{milliseconds(figures['frame_p50_ms'])} ms"),
            ("frame while scrolling, p95", f"< {FRAME_P95_MS} ms", f"{milliseconds(figures['frame_p95_ms'])} ms"),
        ]
        print(table(("figure", "target", "measured"), rows))
    return int(figures["interactive_ms"] >= INTERACTIVE_MS or figures["frame_p95_ms"] >= FRAME_P95_MS)


if __name__ == "__main__":
    sys.exit(main())
