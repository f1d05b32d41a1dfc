"""Names, values and scopes of the runtime environment."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.platform.errors import Invalid
from mno.platform.ids import new_id
from mno.platform.scope import Level, Scope
from mno.secrets.runtime import rules
from mno.secrets.runtime.model import MAX_VALUE_BYTES, Entry, Kind

TEAM, PROJECT = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("name", ["A", "_", "OPENAI_API_KEY", "x9", "Path_2", "a" * 128, "HOME_2"])
def test_names_of_environment_variables_are_taken(name: str) -> None:
    assert rules.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "9A", "A-B", "A B", "A=B", "é", "A\n", "a" * 129, "PATH", "path", "LD_PRELOAD", "DYLD_X", "MNO_MASTER_KEY",
     "PYTHONPATH", "NODE_OPTIONS", "BASH_ENV", "IFS", "canary-value"],
)  # fmt: skip
def test_other_names_and_those_that_load_code_are_refused_without_repeating_them(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_name(name)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("value", ["", "a\0b", "x" * (MAX_VALUE_BYTES + 1), "é" * (MAX_VALUE_BYTES // 2 + 1), "\ud800"])
def test_values_that_no_environment_holds_are_refused(value: str) -> None:
    with pytest.raises(Invalid):
        rules.check_value(value)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(Level.HUB, TEAM),
        Scope(Level.TOOL, TEAM, PROJECT, "search"),
        Scope(Level.TEAM, TEAM, PROJECT),
        Scope(Level.PROJECT, TEAM),
        Scope(Level.PROJECT, TEAM, PROJECT, "name"),
        Scope(Level.AGENT, TEAM, PROJECT),
        Scope(Level.TASK, TEAM, None, "nightly"),
        Scope(Level.AGENT, TEAM, PROJECT, "a" * 201),
    ],
)
def test_a_scope_that_is_half_named_is_refused(scope: Scope) -> None:
    with pytest.raises(Invalid):
        rules.check_scope(scope)


levels = st.sampled_from([Scope.team(TEAM), Scope.project(TEAM, PROJECT), Scope(Level.AGENT, TEAM, PROJECT, "a")])


@given(st.lists(st.tuples(levels, st.sampled_from("ABC")), unique=True))
def test_of_each_name_the_narrowest_entry_wins_in_any_order(places: list[tuple[Scope, str]]) -> None:
    now = datetime.now(UTC)
    entries = [Entry(new_id(), scope, name, Kind.VARIABLE, "", 1, "v", now, "", now, "") for scope, name in places]
    won = rules.winners(entries)
    depth = {Level.TEAM: 0, Level.PROJECT: 1, Level.AGENT: 2}
    assert [entry.name for entry in won] == sorted({name for _, name in places})
    for entry in won:
        assert depth[entry.scope.level] == max(depth[one.scope.level] for one in entries if one.name == entry.name)
