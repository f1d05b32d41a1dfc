"""Redaction of what was decoded, before anything of it is stored.

Content is redacted: names, messages, attributes, events, links, tags and the resource. What spans are told apart and
grouped by (ids of traces, users and sessions, models, agents) stays, or a bill could not be split by it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mno.observability.spans.model import Span
from mno.platform.redaction import Redactor, Rules, redactor

if TYPE_CHECKING:
    import pyarrow as pa

_TEXTS = ("name", "status_message")
_DOCUMENTS = ("input_messages", "output_messages", "attributes", "events", "links")
#: The same of rows of logs and metrics; what is no JSON is redacted as text.
_ROW_CONTENT = ("body", "event_name", "description", "attributes", "resource")


def wanted(rules: Rules, body: bytes, *, escaped: bool) -> Redactor | None:
    """The redactor for what was decoded from `body`; None when there is nothing to redact in it.

    `escaped`: the body is JSON, where any character may stand in disguise.
    """
    if not rules:
        return None
    whole = redactor(rules)
    return whole if escaped and b"\\u00" in body else whole.narrowed(body)


def redact(spans: list[Span], by: Redactor) -> None:
    """In place. A resource, which many spans share, is looked at once."""
    resources: dict[str, str] = {}
    for span in spans:
        for fields, redacted in ((_TEXTS, by.text), (_DOCUMENTS, by.json)):
            _replace(span, fields, redacted)
        if span.tags:
            span.tags = tuple(by.text(tag) for tag in span.tags)
        if span.resource not in resources:
            resources[span.resource] = by.json(span.resource)
        span.resource = resources[span.resource]


def _replace(span: Span, fields: tuple[str, ...], redacted: Callable[[str], str]) -> None:
    for name in fields:
        text = getattr(span, name)
        if text:
            setattr(span, name, redacted(text))


def redacted_rows(rows: "pa.Table", rules: Rules) -> "pa.Table":
    """Rows of logs or metrics with their content redacted."""
    if not rules or rows.num_rows == 0:
        return rows
    by = redactor(rules)
    for index, field in enumerate(rows.schema):
        if field.name in _ROW_CONTENT:
            texts = [by.json(text) for text in rows.column(index).to_pylist()]
            rows = rows.set_column(index, field, [texts])
    return rows
