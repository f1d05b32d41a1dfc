"""A project of its own for each test over the span store."""

from uuid import uuid4

import pytest

from mno.observability.spans.queries import Tenant


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(team_id=str(uuid4()), project_id=str(uuid4()))
