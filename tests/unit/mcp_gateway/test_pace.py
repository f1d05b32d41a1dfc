"""Limits of a server, by a clock of the test's own."""

from datetime import UTC, datetime

import pytest

from mno.mcp_gateway.model import Server
from mno.mcp_gateway.pace import Paces
from mno.platform.errors import LimitExceeded
from mno.platform.ids import new_id

SERVER = Server(
    new_id(), new_id(), "up", "https://up", datetime.now(UTC), calls_per_minute=2, concurrent_calls=1, timeout_s=1
)


def test_calls_of_a_minute_and_at_a_time_are_counted() -> None:
    now = [0.0]
    paces = Paces(lambda: now[0])
    with paces.admitted(SERVER), pytest.raises(LimitExceeded, match="running"), paces.admitted(SERVER):
        pass
    now[0] = 30.0
    with paces.admitted(SERVER):
        pass
    with pytest.raises(LimitExceeded, match="2 times") as refused, paces.admitted(SERVER):
        pass
    assert refused.value.retry_after_s == 30
    now[0] = 60.0
    with paces.admitted(SERVER):
        pass
