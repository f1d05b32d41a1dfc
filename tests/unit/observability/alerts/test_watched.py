"""The rules in memory: who is heard, when they are loaded, and that nobody finds half of them."""

import asyncio
from uuid import UUID, uuid4

from mno.observability.alerts.evaluation.watched import WatchedRules
from mno.observability.alerts.model import AlertRule, Place
from mno.observability.spans.arrivals import Arrivals
from mno.observability.spans.model import Owner
from support.alerts import a_rule

TEAM, PROJECT, OTHER = (UUID(int=n) for n in (1, 2, 3))


def sender(team: UUID, project: UUID) -> Owner:
    return Owner(str(team), str(project), "otlp", "")


class Rules:
    """What the database would say, and how often it was asked."""

    def __init__(self, *rules: AlertRule) -> None:
        self.rules = list(rules)
        self.asked = 0

    async def load(self) -> list[AlertRule]:
        self.asked += 1
        await asyncio.sleep(0)
        return list(self.rules)


async def test_who_has_no_rule_is_not_heard() -> None:
    rules = Rules()
    watched = WatchedRules(rules.load)
    assert await watched.places() == []
    assert not watched.hears(sender(TEAM, PROJECT))
    rules.rules.append(a_rule(Place(TEAM, PROJECT)))
    watched.changed("")
    assert await watched.places() == [Place(TEAM, PROJECT)]
    assert watched.hears(sender(TEAM, PROJECT))
    assert not watched.hears(sender(TEAM, OTHER))


async def test_a_rule_of_the_team_hears_all_its_projects() -> None:
    watched = WatchedRules(Rules(a_rule(Place(TEAM, None)), a_rule(Place(TEAM, PROJECT))).load)
    assert set(await watched.touched({(TEAM, PROJECT)})) == {Place(TEAM, None), Place(TEAM, PROJECT)}
    assert await watched.touched({(TEAM, OTHER)}) == [Place(TEAM, None)]
    assert watched.hears(sender(TEAM, OTHER))
    assert not watched.hears(sender(OTHER, OTHER))


async def test_all_who_ask_at_once_wait_for_one_load() -> None:
    rules = Rules(a_rule(Place(TEAM, PROJECT)))
    watched = WatchedRules(rules.load)
    found = await asyncio.gather(*(watched.of(Place(TEAM, PROJECT)) for _ in range(5)))
    assert all(found)
    assert rules.asked == 1


async def test_arrivals_are_told_again_once_the_figures_know_of_them() -> None:
    team, project = uuid4(), uuid4()
    arrivals = Arrivals(lambda owner: owner.project_id == str(project), figures=True)
    arrivals.listen()
    arrivals.settled()
    arrivals.committed([(sender(team, project), []), (sender(team, uuid4()), [])])
    assert await arrivals.taken() == {(team, project)}
    arrivals.settled()
    assert await arrivals.taken() == {(team, project)}
    arrivals.settled()
    arrivals.again([(team, project)])
    assert await arrivals.taken() == {(team, project)}
