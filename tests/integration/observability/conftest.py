"""A project of its own for each test of the read side: the span store is shared by the whole process."""

from uuid import uuid4

import pytest

from mno.observability.spans.queries import Tenant


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(team_id=str(uuid4()), project_id=str(uuid4()))
