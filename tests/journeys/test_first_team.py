"""A new team is set up by hand in a real browser, up to a refusal and its audit entry: web/journeys/first_team.mjs."""

from pathlib import Path

import pytest

from journeys import test_web


@pytest.mark.skipif(not test_web.CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (test_web.WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(240)
def test_a_first_team_is_set_up_by_hand(tmp_path: Path) -> None:
    test_web.test_the_journey_ends_well("first_team", tmp_path)
