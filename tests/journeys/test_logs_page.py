"""Logs in a real browser, from the first line to its trace and back: web/journeys/logs.mjs."""

from pathlib import Path

import pytest

from journeys import test_web


@pytest.mark.skipif(not test_web.CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (test_web.WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(240)
def test_logs_are_sent_found_and_followed_in_a_browser(tmp_path: Path) -> None:
    test_web.test_the_journey_ends_well("logs", tmp_path)
