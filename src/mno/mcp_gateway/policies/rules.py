"""What a rule for tools must keep to, and what several rules say together: pure."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from mno.approvals.model import Outcome
from mno.mcp_gateway.model import MAX_CALLS_PER_MINUTE, MAX_CONCURRENT_CALLS, MAX_RESULT_BYTES
from mno.mcp_gateway.policies.model import (
    FREE,
    MAX_APPROVAL_CHANNELS,
    MAX_TOOL_APPROVAL_S,
    MAX_TOOL_PATTERN_CHARACTERS,
    MAX_TOOL_QUOTA,
    MAX_TOOL_RETRIES,
    MAX_TOOL_RULE_NAME_CHARACTERS,
    MIN_TOOL_APPROVAL_S,
    ApprovalTerms,
    ToolRule,
    ToolTerms,
)
from mno.platform.errors import Invalid

_LIMITS = (
    ("calls_per_minute", MAX_CALLS_PER_MINUTE),
    ("concurrent_calls", MAX_CONCURRENT_CALLS),
    ("calls_per_day", MAX_TOOL_QUOTA),
    ("calls_per_month", MAX_TOOL_QUOTA),
    ("result_bytes", MAX_RESULT_BYTES),
)
# square brackets would be classes of characters to fnmatch
_PATTERN = re.compile(r"[A-Za-z0-9_.:/*?-]+")


def checked(rule: ToolRule) -> ToolRule:
    """The rule itself, or `Invalid` with what is wrong."""
    if not rule.name.strip() or len(rule.name) > MAX_TOOL_RULE_NAME_CHARACTERS or not rule.name.isprintable():
        raise Invalid(f"A rule has a name of 1 to {MAX_TOOL_RULE_NAME_CHARACTERS} printable characters.")
    for place, pattern in (("server", rule.server), ("tool", rule.tool)):
        if len(pattern) > MAX_TOOL_PATTERN_CHARACTERS or not _PATTERN.fullmatch(pattern):
            raise Invalid(
                f"The pattern of {place} has letters, digits, _ . : / -, * for any characters and ? for one,"
                f" {MAX_TOOL_PATTERN_CHARACTERS} at most."
            )
    for name, most in _LIMITS:
        value = getattr(rule, name)
        if value is not None and not 1 <= value <= most:
            raise Invalid(f"{name} is 1 to {most}, or null for no limit.")
    if not 0 <= rule.retries <= MAX_TOOL_RETRIES:
        raise Invalid(f"retries is 0 to {MAX_TOOL_RETRIES}.")
    if rule.approval is not None:
        _check_approval(rule.approval)
    return rule


def _check_approval(terms: ApprovalTerms) -> None:
    if terms.persons not in (1, 2):
        raise Invalid("One or two persons approve a call.")
    if not MIN_TOOL_APPROVAL_S <= terms.lifetime.total_seconds() <= MAX_TOOL_APPROVAL_S:
        raise Invalid(f"A call waits for approval for {MIN_TOOL_APPROVAL_S} to {MAX_TOOL_APPROVAL_S} seconds.")
    if len(terms.channels) > MAX_APPROVAL_CHANNELS:
        raise Invalid(f"{MAX_APPROVAL_CHANNELS} channels at most are told of a call that waits.")


def matches(rule: ToolRule, server: str, tool: str) -> bool:
    return rule.enabled and fnmatchcase(server, rule.server) and fnmatchcase(tool, rule.tool)


def terms_of(rules: Iterable[ToolRule], server: str, tool: str) -> ToolTerms:
    """All that match, together."""
    found = [rule for rule in rules if matches(rule, server, tool)]
    if not found:
        return FREE
    caps = [rule.result_bytes for rule in found if rule.result_bytes is not None]
    return ToolTerms(
        counting=tuple(rule for rule in found if rule.counts),
        quotas=tuple(rule for rule in found if rule.has_quota),
        result_bytes=min(caps, default=None),
        approval=strictest([rule.approval for rule in found if rule.approval is not None]),
        retries=min((rule.retries for rule in found if rule.idempotent), default=0),
        hinted_retries=min((rule.retries for rule in found if rule.trusts_hints), default=0),
        records_arguments=any(rule.records_arguments for rule in found),
        records_results=any(rule.records_results for rule in found),
    )


def strictest(terms: list[ApprovalTerms]) -> ApprovalTerms | None:
    """What satisfies each of them; None where nothing is demanded."""
    if not terms:
        return None
    channels = dict.fromkeys(channel for one in terms for channel in one.channels)
    denies = any(one.on_expiry is Outcome.DENY for one in terms)
    return ApprovalTerms(
        persons=max(one.persons for one in terms),
        lifetime=min(one.lifetime for one in terms),
        on_expiry=Outcome.DENY if denies else Outcome.ALLOW,
        channels=tuple(channels)[:MAX_APPROVAL_CHANNELS],
    )


def retries_of(terms: ToolTerms, definition: Mapping[str, Any]) -> int:
    """How often a call of this tool may be tried again: where the operator says that it is idempotent, or where the
    server says so and is believed.
    """
    hints = definition.get("annotations")
    is_harmless = isinstance(hints, Mapping) and any(
        hints.get(name) is True for name in ("readOnlyHint", "idempotentHint")
    )
    return max(terms.retries, terms.hinted_retries if is_harmless else 0)


def is_read_only(definition: Mapping[str, Any]) -> bool:
    """Whether the server says that calling this tool changes nothing."""
    hints = definition.get("annotations")
    return isinstance(hints, Mapping) and hints.get("readOnlyHint") is True
