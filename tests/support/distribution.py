"""How the tests are dealt to the workers: file by file, the long ones early, so that nobody waits at the end.

Journeys and clients are few and long, and start programs of their own; they are spread among files of many short tests,
which keeps most of them from running at the same time.
"""

from collections.abc import Iterable, Iterator

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

_WITH_PROGRAMS = ("/journeys/", "/contract/")
#: Files whose tests share nothing and take long each.
_DEALT_ONE_BY_ONE = ("/journeys/test_web.py",)
#: Files that share a hub and a process that has loaded the clients; the first names their scope.
_DEALT_TOGETHER = (
    "tests/contract/test_clients.py",
    "tests/contract/llm_gateway/test_beside.py",
    "tests/contract/llm_gateway/test_sdks.py",
)

#: Seconds of scopes that take longer than their number of tests says, as they once did on one machine. Nothing but the
#: order hangs on them, so they need not be right; what is missing here and takes long ends the run by itself.
SECONDS = {
    "tests/contract/mcp_gateway/test_conformance.py": 40,
    "tests/contract/test_clients.py": 60,
    "tests/integration/identity/test_other_team.py": 12,
    "tests/integration/llm_gateway/test_budgets.py": 16,
    "tests/integration/mcp_gateway/gated/test_kills.py": 17,
    "tests/integration/mcp_gateway/test_eras.py": 10,
    "tests/integration/mcp_gateway/test_leaks.py": 4,
    "tests/integration/mcp_gateway/test_listening.py": 9,
    "tests/integration/observability/budgets/test_concurrency.py": 35,
    "tests/integration/observability/budgets/test_kills.py": 15,
    "tests/integration/observability/ingest/test_pipeline.py": 27,
    "tests/integration/observability/ingest/test_sample.py": 5,
    "tests/integration/observability/logs/test_durability.py": 9,
    "tests/integration/platform/test_outbox_kills.py": 10,
    "tests/integration/platform/test_postgres_server.py": 10,
    "tests/integration/platform/test_tasks.py": 11,
    "tests/integration/secrets/test_canary.py": 5,
    "tests/journeys/test_serve.py": 35,
    "tests/journeys/test_web.py::test_a_journey_ends_well[alerts]": 25,
    "tests/journeys/test_web.py::test_a_journey_ends_well[integrations]": 27,
    "tests/journeys/test_web.py::test_a_journey_ends_well[pages]": 34,
    "tests/journeys/test_web.py::test_a_journey_ends_well[settings]": 34,
    "tests/journeys/test_web.py::test_a_journey_ends_well[team]": 25,
    "tests/journeys/test_web.py::test_a_journey_over_the_started_program_ends_well[sign_in]": 33,
    "tests/unit/observability/anomalies/test_detection.py": 6,
    "tests/unit/observability/forecast/test_verb.py": 5,
    "tests/unit/observability/ingest/test_fuzz.py": 6,
    "tests/unit/identity/policy/test_rules.py": 5,
    "tests/unit/observability/system/test_sampler.py": 5,
    "tests/unit/test_layers.py": 6,
    "tests/unit/test_loading.py": 10,
    "tests/unit/test_style.py": 5,
}
#: What is assumed of the others: of a scope that starts programs, and of each test with engines and without.
_PROGRAM_S, _INTEGRATION_S, _UNIT_S = 15.0, 0.3, 0.05
#: By which part of the time of all others the last one with programs is dealt.
_PROGRAMS_BY = 0.85


def scope_of(nodeid: str) -> str:
    """What is dealt as one: tests of the same scope run on one worker, in their order."""
    file = nodeid.partition("::")[0]
    if file in _DEALT_TOGETHER:
        return _DEALT_TOGETHER[0]
    return nodeid if file.endswith(_DEALT_ONE_BY_ONE) else file


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def ordered(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The long scopes first; those with programs spread among the others. Nothing within a scope moves."""
    scopes: dict[str, list[pytest.Item]] = {}
    for item in items:
        scopes.setdefault(scope_of(item.nodeid), []).append(item)
    seconds = {scope: _seconds_of(scope, len(tests)) for scope, tests in scopes.items()}
    programs = {scope: each for scope, each in seconds.items() if _has_programs(scope)}
    others = {scope: each for scope, each in seconds.items() if scope not in programs}
    turns = sorted([*_spread(programs, _PROGRAMS_BY), *_spread(others, 1)])
    return [item for _, scope in turns for item in scopes[scope]]


def _has_programs(scope: str) -> bool:
    return any(part in scope for part in _WITH_PROGRAMS)


def _seconds_of(scope: str, tests: int) -> float:
    each = _INTEGRATION_S if "/integration/" in scope else _UNIT_S
    return SECONDS.get(scope, _PROGRAM_S if _has_programs(scope) else tests * each)


def _spread(seconds: dict[str, float], until: float) -> Iterator[tuple[float, str]]:
    """When each scope has its turn, the longest first: how much of the time of all is before it; it ends at `until`."""
    whole, before = sum(seconds.values()), 0.0
    for scope in sorted(seconds, key=lambda each: -seconds[each]):
        yield before / whole * until, scope
        before += seconds[scope]
