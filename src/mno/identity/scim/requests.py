"""What a SCIM request asks: its body, its filter, its page; bounded before the library looks at any of it."""

from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from scim2_models import (
    Context,
    InvalidFilterException,
    InvalidSyntaxException,
    InvalidValueException,
    PatchOp,
    Resource,
    ResponseParameters,
    ScimFilter,
    TooManyException,
)
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from mno.identity.scim.resources import (
    MAX_DIRECTORY_PAGE,
    MAX_DIRECTORY_TEXT,
    MAX_FILTERED_RESOURCES,
    MAX_PATCH_OPERATIONS,
    TOLERANT,
)

#: Characters of a filter, and of a list of attributes.
MAX_FILTER_CHARACTERS = 2_000

ResourceT = TypeVar("ResourceT", bound=Resource[Any])


@dataclass(frozen=True, slots=True)
class Listing:
    """Which part of a list is asked for; `start` counts from 0."""

    filter: str | None
    start: int
    count: int


def body_of(content: bytes) -> dict[str, Any]:
    """`InvalidSyntaxException` for what is no JSON object, or holds a text beyond all measure."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidSyntaxException(detail=f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="The body must be a JSON object.")
    _check_texts(body)
    return body


def _check_texts(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, str) and (len(one) > MAX_DIRECTORY_TEXT or "\x00" in one):
            raise InvalidValueException(detail=f"A text has at most {MAX_DIRECTORY_TEXT} characters, none of them NUL.")


def created(model: type[ResourceT], body: dict[str, Any]) -> ResourceT:
    return model.model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=TOLERANT)


def replaced(model: type[ResourceT], body: dict[str, Any], original: ResourceT) -> ResourceT:
    """What a PUT makes of the resource; what is left out of it is unassigned, as the standard says."""
    wanted = model.model_validate(body, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=TOLERANT)
    wanted.replace(original)
    return wanted


def patched(model: type[ResourceT], body: dict[str, Any], original: ResourceT) -> ResourceT:
    """What a PATCH makes of the resource; all of its operations, or none."""
    operations = body.get("Operations", body.get("operations"))
    if isinstance(operations, list) and len(operations) > MAX_PATCH_OPERATIONS:
        raise TooManyException(detail=f"A PATCH has at most {MAX_PATCH_OPERATIONS} operations.")
    patch: Any = PatchOp.__class_getitem__(model).model_validate(
        body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=TOLERANT
    )
    wanted = original.model_copy(deep=True)
    patch.patch(wanted, scim_policy=TOLERANT)
    return wanted


def listing(filter_: str | None, start_index: str | None, count: str | None) -> Listing:
    """RFC 7644, 3.4.2.4: an index below 1 is 1, a count below 0 is 0, and we may answer less than asked for."""
    start = max(1, _number("startIndex", start_index, 1))
    wanted = max(0, _number("count", count, MAX_DIRECTORY_PAGE))
    return Listing(filter_ or None, start - 1, min(wanted, MAX_DIRECTORY_PAGE))


def _number(name: str, text: str | None, default: int) -> int:
    if text is None or text == "":
        return default
    try:
        return max(-1, min(int(text[:20]), 10**9))
    except ValueError:
        raise InvalidValueException(detail=f"{name} must be a number.") from None


def parameters(attributes: str | None, excluded: str | None) -> ResponseParameters[Any]:
    """Which attributes an answer shows."""
    for text in (attributes, excluded):
        if text is not None and len(text) > MAX_FILTER_CHARACTERS:
            raise InvalidValueException(detail=f"A list of attributes has at most {MAX_FILTER_CHARACTERS} characters.")
    asked = {"attributes": attributes or None, "excludedAttributes": excluded or None}
    return ResponseParameters[Any].model_validate({name: text for name, text in asked.items() if text})


def parsed_filter(model: type[ResourceT], text: str) -> ScimFilter[ResourceT]:
    """`InvalidFilterException` for one that is damaged, too long, or names what we do not have."""
    if len(text) > MAX_FILTER_CHARACTERS or text.count("(") + text.count("[") > 20:
        raise InvalidFilterException(detail=f"A filter has at most {MAX_FILTER_CHARACTERS} characters.")
    bound: Any = ScimFilter.__class_getitem__(model)
    made: ScimFilter[ResourceT] = bound(text)
    return made


def narrowing(node: FilterNode, known: dict[str, str]) -> dict[str, Any]:
    """The equalities in a filter that SQL can answer, by column: every match has them.

    `known` names columns by attribute, in lower case. What remains is for the library to match.
    """
    terms = node.terms if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_ else (node,)
    found: dict[str, Any] = {}
    for term in terms:
        if not isinstance(term, Comparison) or term.op is not CompareOperator.eq or not isinstance(term.value, str):
            continue
        column = known.get(term.attr_path.attr.lower())
        if column is not None and term.attr_path.sub_attr is None:
            found.setdefault(column, term.value)
    return found


def require_few(found: int) -> None:
    """`TooManyException` when a filter would have to look through more than MAX_FILTERED_RESOURCES."""
    if found > MAX_FILTERED_RESOURCES:
        raise TooManyException(
            detail=f"This filter would look through more than {MAX_FILTERED_RESOURCES} resources;"
            " ask with userName eq, externalId eq or displayName eq."
        )
