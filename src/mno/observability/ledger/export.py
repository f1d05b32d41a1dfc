"""The ledger as a file: CSV in our words, and CSV with the columns of FOCUS 1.2.

Source: FinOps Open Cost and Usage Specification 1.2, https://focus.finops.org/focus-specification/v1-2/. A hub knows
no list price beside the one that was charged and no discount, so all four costs of a line are the same. What the
specification has no column for begins with `x_`.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from mno.observability.ledger.model import Line
from mno.platform import money
from mno.platform.ids import shown

#: A cell that begins so is run as a formula by spreadsheets; source: OWASP, "CSV Injection".
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "hour", "project", "kind", "provider", "model", "agent", "environment", "api_key", "tags", "cost", "currency",
    "tokens", "calls", "note",
)  # fmt: skip
FOCUS_COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost",
    "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
    "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SubAccountId", "SubAccountName",
    "SubAccountType", "Tags", "x_Agent", "x_ApiKeyId", "x_Calls", "x_Environment",
)  # fmt: skip
_HOUR = timedelta(hours=1)


def as_csv(lines: Iterable[Line], projects: Mapping[UUID, str]) -> bytes:
    """UTF-8 with a header line; text that a spreadsheet would run as a formula gets a `'` before it."""
    return _written(
        _COLUMNS,
        (
            (
                _time(line.hour),
                projects.get(line.project_id, "") or shown("prj", line.project_id),
                "credit" if line.is_credit else "correction" if line.corrects else "usage",
                *line.key[:5],
                " ".join(line.key.tags),
                _amount(line.sums.cost),
                "USD",
                line.sums.tokens,
                line.sums.calls,
                line.note,
            )
            for line in lines
        ),
    )


def as_focus(lines: Iterable[Line], team_id: UUID, team: str, projects: Mapping[UUID, str]) -> bytes:
    """The same with the columns of FOCUS 1.2; nulls are empty."""
    rows = (_focus(line, team_id, team, projects.get(line.project_id, "")) for line in lines)
    return _written(FOCUS_COLUMNS, ([row[name] for name in FOCUS_COLUMNS] for row in rows))


def _focus(line: Line, team_id: UUID, team: str, project: str) -> dict[str, object]:
    key, cost = line.key, _amount(line.sums.cost)
    month = line.hour.replace(day=1, hour=0, minute=0)
    provider = key.provider or "unknown"
    described = line.note if line.is_credit else f"{key.model or 'unknown model'}: {line.sums.calls} calls"
    tokens: object = "" if line.is_credit else line.sums.tokens
    unit = "" if line.is_credit else "Tokens"
    return {
        "BilledCost": cost,
        "BillingAccountId": shown("team", team_id),
        "BillingAccountName": team,
        "BillingAccountType": "Team",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": _time((month + timedelta(days=32)).replace(day=1)),
        "BillingPeriodStart": _time(month),
        "ChargeCategory": "Credit" if line.is_credit else "Usage",
        "ChargeClass": "Correction" if line.corrects else "",
        "ChargeDescription": described,
        "ChargeFrequency": "One-Time" if line.is_credit else "Usage-Based",
        "ChargePeriodEnd": _time(line.hour + _HOUR),
        "ChargePeriodStart": _time(line.hour),
        "ConsumedQuantity": tokens,
        "ConsumedUnit": unit,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "InvoiceIssuerName": provider,
        "ListCost": cost,
        "PricingQuantity": tokens,
        "PricingUnit": unit,
        "ProviderName": provider,
        "PublisherName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": provider,
        "ServiceSubcategory": "Generative AI",
        "SkuId": key.model,
        "SubAccountId": shown("prj", line.project_id),
        "SubAccountName": project,
        "SubAccountType": "Project",
        "Tags": orjson.dumps(dict(_pairs(key.tags))).decode(),
        "x_Agent": key.agent,
        "x_ApiKeyId": key.api_key,
        "x_Calls": line.sums.calls,
        "x_Environment": key.environment,
    }


def _pairs(tags: Sequence[str]) -> Iterable[tuple[str, str]]:
    for tag in tags:
        name, _, value = tag.partition("=")
        yield name, value


def _written(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(map(_cell, row))
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """An amount below zero is a number and stays one."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()


def _amount(nano: int) -> str:
    return money.shown(money.usd(nano))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
