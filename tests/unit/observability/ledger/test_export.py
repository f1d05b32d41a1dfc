"""The ledger as a file: our columns, and those of FOCUS 1.2."""

import csv
import io
import json
from datetime import UTC, datetime
from uuid import UUID

from mno.observability.ledger.export import FOCUS_COLUMNS, as_csv, as_focus
from mno.observability.ledger.model import Key, Line, Sums

TEAM, PROJECT = UUID(int=1), UUID(int=2)
HOUR = datetime(2026, 12, 31, 23, tzinfo=UTC)
KEY = Key("openai", "gpt-4o", "clerk", "prod", "key_1", ("feature=search", "x"))
#: The columns that FOCUS 1.2 makes mandatory.
MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd",
    "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity",
    "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
}  # fmt: skip


def a_line(key: Key = KEY, *, cost: int = 1_500_000_000, is_credit: bool = False, corrects: bool = False) -> Line:
    return Line(PROJECT, HOUR, key, is_credit, corrects, Sums(cost, 1_000, 3), "From the provider" if is_credit else "")


def read(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode())))


def test_a_line_of_usage_in_the_columns_of_focus() -> None:
    (row,) = read(as_focus([a_line()], TEAM, "Acme", {PROJECT: "Search"}))
    assert set(FOCUS_COLUMNS) >= MANDATORY
    assert list(row) == list(FOCUS_COLUMNS)
    assert row["BilledCost"] == row["EffectiveCost"] == row["ListCost"] == row["ContractedCost"] == "1.500000000"
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z")
    assert (row["ChargeCategory"], row["ChargeClass"], row["ChargeFrequency"]) == ("Usage", "", "Usage-Based")
    assert (row["ServiceCategory"], row["ServiceSubcategory"]) == ("AI and Machine Learning", "Generative AI")
    assert (row["ConsumedQuantity"], row["ConsumedUnit"], row["SkuId"]) == ("1000", "Tokens", "gpt-4o")
    assert (row["BillingAccountName"], row["SubAccountName"]) == ("Acme", "Search")
    assert json.loads(row["Tags"]) == {"feature": "search", "x": ""}


def test_credits_and_corrections_of_an_earlier_month_say_so() -> None:
    lines = [a_line(cost=-5, is_credit=True), a_line(cost=-7, corrects=True)]
    credit, correction = read(as_focus(lines, TEAM, "Acme", {}))
    assert (credit["ChargeCategory"], credit["ChargeDescription"]) == ("Credit", "From the provider")
    assert (credit["BilledCost"], credit["ConsumedQuantity"]) == ("-0.000000005", "")
    assert (correction["ChargeCategory"], correction["ChargeClass"]) == ("Usage", "Correction")
    assert [row["kind"] for row in read(as_csv(lines, {}))] == ["credit", "correction"]


def test_text_that_a_spreadsheet_would_run_is_disarmed_and_numbers_are_not() -> None:
    evil = KEY._replace(model="=1+1", agent="-x")
    (row,) = read(as_csv([a_line(evil, cost=-1)], {PROJECT: "@home"}))
    assert (row["model"], row["agent"], row["project"], row["cost"]) == ("'=1+1", "'-x", "'@home", "-0.000000001")
    (focus,) = read(as_focus([a_line(evil, cost=-1)], TEAM, "+team", {}))
    assert (focus["SkuId"], focus["BillingAccountName"], focus["BilledCost"]) == ("'=1+1", "'+team", "-0.000000001")
