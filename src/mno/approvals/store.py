"""All SQL of approvals, over its own tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.approvals.model import Approval, Asker, Decision, Outcome, Proposal, State, Vote
from mno.platform.database import Connection, Row
from mno.platform.scope import Level, Scope

_COLUMNS = (
    "id, team_id, kind, title, proposed, scope_level, project_id, scope_name, permission, people, groups, persons,"
    " excludes_requester, needs_fresh_factor, on_expiry, asker_kind, asker_id, asker_name, asker_person, created_at,"
    " expires_at, state, outcome, decided_at, note"
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose requests are looked for: those of projects and perhaps of the team itself, and those that concern a
    person, who asked or is named as a decider.
    """

    team_id: UUID
    whole_team: bool
    #: None: every project's.
    projects: list[UUID] | None
    person: UUID | None
    groups: list[UUID]


async def insert(tx: Connection, approval: Approval) -> None:
    proposal, asker = approval.proposal, approval.asked_by
    await tx.execute(
        "INSERT INTO approvals_requests (id, team_id, kind, title, proposed, scope_level, project_id, scope_name,"
        " permission, people, groups, persons, excludes_requester, needs_fresh_factor, on_expiry, asker_kind, asker_id,"
        " asker_name, asker_person, created_at, expires_at)"
        " VALUES (%(id)s, %(team_id)s, %(kind)s, %(title)s, %(proposed)s, %(level)s, %(project_id)s, %(scope_name)s,"
        " %(permission)s, %(people)s, %(groups)s, %(persons)s, %(excludes)s, %(fresh)s, %(on_expiry)s, %(asker_kind)s,"
        " %(asker_id)s, %(asker_name)s, %(asker_person)s, %(created_at)s, %(expires_at)s)",
        {
            "id": approval.id,
            "team_id": approval.team_id,
            "kind": proposal.kind,
            "title": proposal.title,
            "proposed": Jsonb(dict(proposal.proposed)),
            "level": proposal.scope.level,
            "project_id": proposal.scope.project_id,
            "scope_name": proposal.scope.name,
            "permission": proposal.permission,
            "people": sorted(proposal.people),
            "groups": sorted(proposal.groups),
            "persons": proposal.persons,
            "excludes": proposal.excludes_requester,
            "fresh": proposal.needs_fresh_factor,
            "on_expiry": proposal.on_expiry,
            "asker_kind": asker.kind,
            "asker_id": asker.id,
            "asker_name": asker.name,
            "asker_person": asker.person,
            "created_at": approval.created_at,
            "expires_at": approval.expires_at,
        },
    )


async def count_open(tx: Connection, team_id: UUID) -> int:
    row = await (
        await tx.execute(
            "SELECT count(*) AS found FROM approvals_requests WHERE team_id = %(team_id)s AND state = 'open'",
            {"team_id": team_id},
        )
    ).fetchone()
    assert row is not None
    return int(row["found"])


async def locked(tx: Connection, team_id: UUID, id_: UUID) -> Approval | None:
    """The request, which nobody else can end until this transaction does."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM approvals_requests WHERE team_id = %(team_id)s AND id = %(id)s FOR UPDATE",
        {"team_id": team_id, "id": id_},
    )
    return await _only(tx, await rows.fetchall())


async def visible(tx: Connection, reader: Reader, id_: UUID) -> Approval | None:
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM approvals_requests WHERE id = %(id)s AND {_VISIBLE}",
        {"id": id_} | _bound(reader),
    )
    return await _only(tx, await rows.fetchall())


async def page(tx: Connection, reader: Reader, state: State | None, after: UUID | None, limit: int) -> list[Approval]:
    """The newest first, below `after`."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM approvals_requests WHERE {_VISIBLE}"
        " AND (%(state)s::text IS NULL OR state = %(state)s) AND (%(after)s::uuid IS NULL OR id < %(after)s)"
        " ORDER BY id DESC LIMIT %(limit)s",
        {"state": state, "after": after, "limit": limit} | _bound(reader),
    )
    return await _with_votes(tx, await rows.fetchall())


async def due(tx: Connection, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Team and id of open requests whose time is over."""
    rows = await tx.execute(
        "SELECT team_id, id FROM approvals_requests WHERE state = 'open' AND expires_at <= %(now)s"
        " ORDER BY expires_at LIMIT %(limit)s",
        {"now": now, "limit": limit},
    )
    return [(row["team_id"], row["id"]) for row in await rows.fetchall()]


async def add_vote(tx: Connection, approval: Approval, vote: Vote) -> None:
    await tx.execute(
        "INSERT INTO approvals_votes (team_id, approval_id, person, name, decision, note, at)"
        " VALUES (%(team_id)s, %(approval_id)s, %(person)s, %(name)s, %(decision)s, %(note)s, %(at)s)",
        {
            "team_id": approval.team_id,
            "approval_id": approval.id,
            "person": vote.person,
            "name": vote.name,
            "decision": vote.decision,
            "note": vote.note,
            "at": vote.at,
        },
    )


async def end(tx: Connection, approval: Approval) -> bool:
    """Writes the end of an open request; False when it had one."""
    done = await tx.execute(
        "UPDATE approvals_requests SET state = %(state)s, outcome = %(outcome)s, decided_at = %(decided_at)s,"
        " note = %(note)s WHERE team_id = %(team_id)s AND id = %(id)s AND state = 'open'",
        {
            "state": approval.state,
            "outcome": approval.outcome,
            "decided_at": approval.decided_at,
            "note": approval.note,
            "team_id": approval.team_id,
            "id": approval.id,
        },
    )
    return done.rowcount == 1


_VISIBLE = """
team_id = %(team_id)s AND (
    CASE WHEN project_id IS NULL THEN %(whole_team)s
         ELSE %(projects)s::uuid[] IS NULL OR project_id = ANY (%(projects)s) END
    OR asker_person = %(person)s OR %(person)s = ANY (people) OR groups && %(groups)s::uuid[])
"""


def _bound(reader: Reader) -> dict[str, object]:
    return {
        "team_id": reader.team_id,
        "whole_team": reader.whole_team,
        "projects": reader.projects,
        "person": reader.person,
        "groups": reader.groups,
    }


async def _only(tx: Connection, rows: Sequence[Row]) -> Approval | None:
    found = await _with_votes(tx, rows)
    return found[0] if found else None


async def _with_votes(tx: Connection, rows: Sequence[Row]) -> list[Approval]:
    if not rows:
        return []
    votes: dict[UUID, list[Vote]] = {row["id"]: [] for row in rows}
    found = await tx.execute(
        "SELECT approval_id, person, name, decision, note, at FROM approvals_votes"
        " WHERE approval_id = ANY (%(ids)s) ORDER BY at, person",
        {"ids": list(votes)},
    )
    for vote in await found.fetchall():
        decision = Decision(vote["decision"])
        votes[vote["approval_id"]].append(Vote(vote["person"], vote["name"], decision, vote["note"], vote["at"]))
    return [_approval(row, tuple(votes[row["id"]])) for row in rows]


def _approval(row: Row, votes: tuple[Vote, ...]) -> Approval:
    proposal = Proposal(
        kind=row["kind"],
        title=row["title"],
        proposed=row["proposed"],
        scope=Scope(Level(row["scope_level"]), row["team_id"], row["project_id"], row["scope_name"]),
        permission=row["permission"],
        people=frozenset(row["people"]),
        groups=frozenset(row["groups"]),
        persons=row["persons"],
        excludes_requester=row["excludes_requester"],
        needs_fresh_factor=row["needs_fresh_factor"],
        lifetime=row["expires_at"] - row["created_at"],
        on_expiry=Outcome(row["on_expiry"]),
    )
    return Approval(
        id=row["id"],
        team_id=row["team_id"],
        proposal=proposal,
        asked_by=Asker(row["asker_kind"], row["asker_id"], row["asker_name"], row["asker_person"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        state=State(row["state"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        decided_at=row["decided_at"],
        note=row["note"],
        votes=votes,
    )
