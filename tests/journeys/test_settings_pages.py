"""Settings, security, retention, secrets, approvals and the audit log in a real browser: web/journeys/settings.mjs."""

from pathlib import Path

import pytest

from journeys import test_web


@pytest.mark.skipif(not test_web.CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (test_web.WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(240)
def test_settings_are_changed_confirmed_and_proved_in_a_browser(tmp_path: Path) -> None:
    test_web.test_the_journey_ends_well("settings", tmp_path)
