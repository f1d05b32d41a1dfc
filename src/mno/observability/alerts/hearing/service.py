"""Takes the facts of budgets and anomalies, each in the transaction that takes it off the outbox: so what it makes
of a fact happens once, however often the fact is delivered.
"""

from mno.observability.alerts.editing import store as rules_store
from mno.observability.alerts.firing import store
from mno.observability.alerts.firing.service import Firing, Moment
from mno.observability.alerts.hearing.groups import concerns, told_by
from mno.observability.alerts.telling.surroundings import Surroundings
from mno.platform import clock
from mno.platform.database import Connection
from mno.platform.facts import Fact

#: The name under which the outbox remembers how far we are.
SUBSCRIBER = "alerts"


class Hearing:
    """`heard` is an outbox handler."""

    def __init__(self, firing: Firing, surroundings: Surroundings) -> None:
        self._firing = firing
        self._surroundings = surroundings

    async def heard(self, tx: Connection, fact: Fact) -> None:
        if fact.team_id is None:
            return
        told = told_by(fact)
        rules = [one for one in await rules_store.of_team(tx, fact.team_id) if one.enabled and concerns(one, told)]
        if not rules:
            return
        moment = Moment(clock.now(), await self._surroundings.of(fact.team_id))
        for rule in sorted(rules, key=lambda one: one.place.id):
            await store.hold(tx, rule.place)
            readings = {rule.id: {told.group: told.reading}}
            await self._firing.take(tx, [rule], readings, moment, lambda *_: told.labels)
