"""Signing in, the profile and its factors in a real browser with a software authenticator: web/journeys/sign_in.mjs."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from journeys.test_serve import BOOTSTRAP_KEY, address, serving
from journeys.test_web import CHROMIUM, WEB, node
from support.coverage import UNMEASURED


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(300)
def test_every_way_in_leads_in_and_out_again(tmp_path: Path) -> None:
    with serving(tmp_path / "data", MNO_BOOTSTRAP_API_KEY=BOOTSTRAP_KEY, **UNMEASURED) as (_, printed):
        link = re.search(r"Sign in \(works once\)\s+(\S+)", printed)
        assert link
        told = os.environ | {
            "MNO_URL": address(printed), "MNO_LINK": link[1], "MNO_KEY": BOOTSTRAP_KEY, "CHROMIUM": str(CHROMIUM),
        }  # fmt: skip
        ended = subprocess.run(
            [node(), "--test", "--test-reporter=spec", "journeys/sign_in.mjs"],
            cwd=WEB, env=told, capture_output=True, text=True, timeout=280, check=False,
        )  # fmt: skip
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
