"""Channels and alerts in a real browser, from a signed webhook to a resolved alert: web/journeys/alerts.mjs."""

from pathlib import Path

import pytest

from journeys import test_web


@pytest.mark.skipif(not test_web.CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (test_web.WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(240)
def test_alerts_are_made_answered_and_silenced_in_a_browser(tmp_path: Path) -> None:
    test_web.test_the_journey_ends_well("alerts", tmp_path)
