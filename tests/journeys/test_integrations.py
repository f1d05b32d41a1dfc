"""MCP servers, tools, clients and the topology in a real browser: web/journeys/integrations.mjs."""

from pathlib import Path

import pytest

from journeys import test_web


@pytest.mark.skipif(not test_web.CHROMIUM, reason="there is no Chromium here (apt-get install chromium)")
@pytest.mark.skipif(not (test_web.WEB / "dist" / "index.html").exists(), reason="the pages are not built (make web)")
@pytest.mark.timeout(240)
def test_servers_are_added_and_their_tools_called_in_a_browser(tmp_path: Path) -> None:
    test_web.test_the_journey_ends_well("integrations", tmp_path)
