"""Why somebody may, or may not: the same decision as in rules.py, told with the grants that make it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from mno.identity.policy.model import Effect, Grant, Role, SubjectKind
from mno.identity.policy.rules import (
    BITS,
    HUB_MASK,
    TEAM_MASK,
    Key,
    expanded,
    masks_of,
    meant_at,
    names_to,
    rights_of,
)
from mno.platform.scope import Level, Scope


@dataclass(frozen=True, slots=True)
class Reason:
    """One grant that names the permission on the way to the scope."""

    grant: Grant
    #: From the granted role to the one that names the permission.
    roles: tuple[str, ...]
    #: The group through which the subject has it; empty for a grant of its own.
    group: str
    #: Whether a second factor is missing for it.
    needs_factor: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    allowed: bool
    summary: str
    allows: tuple[Reason, ...]
    denies: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose question it is, with all that holds for it."""

    name: str
    grants: tuple[Grant, ...]
    groups: Mapping[UUID, str]
    verified: bool
    key: Key | None = None


def explained(
    team_id: UUID, subject: Subject, roles: Mapping[UUID, Role], permission: str, scope: Scope
) -> Explanation:
    """The answer to one question and the grants behind it."""
    masks = masks_of(roles)
    rights = rights_of(team_id, subject.grants, masks, verified=subject.verified, key=subject.key)
    allowed = rights.may(permission, scope)
    reasons = [
        Reason(
            grant,
            _way_to(grant.role_id, permission, roles),
            subject.groups.get(grant.subject_id, "") if grant.subject_kind is SubjectKind.GROUP else "",
            needs_factor=not subject.verified and not masks[grant.role_id].free & BITS[permission],
        )
        for grant in subject.grants
        if grant.role_id in masks
        and masks[grant.role_id].all & BITS[permission] & meant_at(grant.scope_kind)
        and _on_the_way(grant, permission, scope)
    ]
    allows = tuple(reason for reason in reasons if reason.grant.effect is Effect.ALLOW)
    denies = tuple(reason for reason in reasons if reason.grant.effect is Effect.DENY)
    return Explanation(allowed, _summary(subject, permission, scope, allowed, allows, denies), allows, denies)


def _on_the_way(grant: Grant, permission: str, scope: Scope) -> bool:
    """Whether the grant's place is the one asked about, or above it; on the permission's own level."""
    bit = BITS[permission]
    if bit & HUB_MASK or grant.scope_kind is Level.HUB:
        return bool(bit & HUB_MASK) and grant.scope_kind is Level.HUB
    if grant.scope_kind is Level.TEAM:
        return True
    if bit & TEAM_MASK or scope.project_id != grant.project_id:
        return False
    if grant.scope_kind is Level.PROJECT:
        return True
    return grant.scope_kind is scope.level and grant.scope_id in names_to(scope.level, scope.name)


def _way_to(role_id: UUID, permission: str, roles: Mapping[UUID, Role]) -> tuple[str, ...]:
    """The names of the roles from the granted one to the nearest that names the permission itself."""
    ways: list[tuple[UUID, tuple[str, ...]]] = [(role_id, (roles[role_id].name,))]
    seen = {role_id}
    for last, names in ways:  # grows while it is walked
        if expanded(roles[last].permissions) & BITS[permission]:
            return names
        for included in roles[last].includes:
            if included in roles and included not in seen:
                seen.add(included)
                ways.append((included, (*names, roles[included].name)))
    return (roles[role_id].name,)


def _summary(
    subject: Subject, permission: str, scope: Scope, allowed: bool, allows: Iterable[Reason], denies: Iterable[Reason]
) -> str:
    allows, denies = list(allows), list(denies)
    who = f"'{subject.name}'"
    if not allowed and denies:
        return f"{who} may not: a grant denies {permission}{_through(denies[0])}, and a deny always wins."
    if allowed:
        counting = [reason for reason in allows if not reason.needs_factor]
        if counting:
            return f"{who} may: a grant gives {permission}{_through(counting[0])}."
        return f"{who} may: the key itself was made with {permission}."
    if subject.key is not None and _beyond(subject.key, scope):
        return f"{who} may not: a key may nothing outside of its {'agent' if subject.key.agent else 'project'}."
    if allows:
        return (
            f"{who} may not yet: {permission}{_through(allows[0])} demands a second factor, which was not shown."
            if any(reason.needs_factor for reason in allows)
            else f"{who} may not: {permission} is not given here."
        )
    return f"{who} may not: no grant names {permission} here."


def _beyond(key: Key, scope: Scope) -> bool:
    if scope.project_id is not None and scope.project_id != key.project_id:
        return True
    if not key.agent or scope.level is Level.TOOL:  # an agent calls tools
        return False
    return scope.level is not Level.AGENT or scope.name != key.agent


def _through(reason: Reason) -> str:
    place = (
        reason.grant.scope_kind if not reason.grant.scope_id else f"{reason.grant.scope_kind} {reason.grant.scope_id}"
    )
    group = f", through the group '{reason.group}'" if reason.group else ""
    return f" by the role {' > '.join(reason.roles)} on the {place}{group}"
