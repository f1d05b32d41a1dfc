"""The team's pages in a real browser: invitations, roles, groups, why, projects and keys (web/journeys/team.mjs)."""

from pathlib import Path

import pytest

from journeys import test_web


@pytest.mark.skipif(not test_web.CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (test_web.WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(240)
def test_a_team_is_run_from_its_pages(tmp_path: Path) -> None:
    test_web.test_the_journey_ends_well("team", tmp_path)
