"""What must not be stored is found by shape and check digit, replaced, and nothing else is touched."""

import json
import random
import re
import string
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.platform.errors import Invalid
from mno.platform.redaction import DETECTORS, OwnPattern, Redactor, Rules, cn_id, luhn, tw_id

EVERYTHING = Redactor(Rules(DETECTORS))


def only(name: str) -> Redactor:
    return Redactor(Rules((name,)))


# Made here, never issued: a key's shape with a repeated body.
@pytest.mark.parametrize(
    "key",
    [
        "sk-" + "aB3" * 16, "sk-proj-" + "aB3_" * 12, "sk-ant-api03-" + "aB3-" * 12, "AIza" + "aB3dE" * 7,
        "AKIA" + "ABCD" * 4, "ghp_" + "aB3d" * 9, "github_pat_" + "aB3d" * 12, "xoxb-" + "1234567890-abc",
        "hf_" + "aB3" * 11,
        "gsk_" + "aB3d" * 12, "glpat-" + "aB3d" * 5, "sk_" + "live_" + "aB3d" * 6, "mno_" + "aB3d" * 10,
    ],
)  # fmt: skip
def test_keys_of_providers_are_replaced(key: str) -> None:
    assert only("provider_key").text(f"use {key}, please") == "use [provider_key], please"
    assert (
        only("provider_key").text(f'{{"authorization":"Bearer {key}"}}') == '{"authorization":"Bearer [provider_key]"}'
    )


def test_a_private_key_is_replaced_as_a_whole_in_text_and_in_json() -> None:
    pem = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIB\nabc=\n-----END RSA " + "PRIVATE KEY-----"
    assert only("provider_key").text(f"a {pem} b") == "a [provider_key] b"
    document = orjson.dumps({"key": pem}).decode()
    assert only("provider_key").json(document) == '{"key":"[provider_key]"}'


@pytest.mark.parametrize(
    "text",
    [
        "task-oriented-programming-is-what-we-do-here",
        "a sketch of disk-usage",
        "risk-free",
        "mno_short",
        "xoxo",
        "AKIAonly",
    ],
)
def test_words_that_only_look_like_the_beginning_of_a_key_stay(text: str) -> None:
    assert EVERYTHING.text(text) is text


@pytest.mark.parametrize("address", ["ann@example.com", "a.b+c@mail.example.co.uk", "x_y%z@sub-domain.example.org"])
def test_mail_addresses_are_replaced(address: str) -> None:
    assert only("email").text(f"write to {address}.") == "write to [email]."


@pytest.mark.parametrize("text", ["user@localhost", "@example.com", "a @ b.com", "git@github", "5@5"])
def test_what_is_no_mail_address_stays(text: str) -> None:
    assert only("email").text(text) is text


@pytest.mark.parametrize(
    "number", ["+49 170 1234567", "+1 (415) 555-0132", "13800138000", "0912-345-678", "+886912345678"]
)
def test_phone_numbers_are_replaced(number: str) -> None:
    assert only("phone").text(f"call {number} now") == "call [phone] now"


@pytest.mark.parametrize("text", ["1700000000000", "3.14159265358979", "2026-11-21", "10.0.0.1", "v1.2.3", "1234567"])
def test_numbers_that_are_no_phone_stay(text: str) -> None:
    assert only("phone").text(text) is text


@given(st.integers(min_value=10**12, max_value=10**18 - 1))
def test_a_number_is_a_card_with_one_check_digit_of_ten(body: int) -> None:
    digits = [int(digit) for digit in str(body)]
    total = sum(
        digit if index % 2 else (digit * 2 - 9 if digit > 4 else digit * 2)
        for index, digit in enumerate(reversed(digits))
    )
    right = -total % 10
    for check in range(10):
        assert luhn(f"{body}{check}") == (check == right and len(set(f"{body}{check}")) > 1)


def test_cards_with_blanks_and_dashes_and_their_neighbours() -> None:
    assert only("card").text("pay 4111 1111 1111 1111 or 5500-0000-0000-0004") == "pay [card] or [card]"
    for text in ("4111 1111 1111 1112", "0" * 16, "order 1234567890123456789012"):
        assert only("card").text(text) is text


def test_chinese_identity_numbers_by_their_check_character() -> None:
    # the example of GB 11643-1999
    assert cn_id("11010519491231002X")
    assert cn_id("440524188001010014")
    assert only("cn_id").text("id 11010519491231002X.") == "id [cn_id]."
    for wrong in ("110105194912310021", "11010519491331002X"):
        assert only("cn_id").text(f"id {wrong}.") == f"id {wrong}."


def test_taiwanese_identity_numbers_by_their_check_digit() -> None:
    assert tw_id("A123456789")
    assert only("tw_id").text("ID A123456789, not A123456788") == "ID [tw_id], not A123456788"
    # a resident's number of the new form
    assert tw_id("A800000014")


@given(st.text())
def test_any_text_is_either_itself_or_says_what_was_taken(text: str) -> None:
    redacted = EVERYTHING.text(text)
    assert redacted == text or re.search(r"\[(provider_key|email|phone|card|cn_id|tw_id)\]", redacted)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_stays_json_of_the_same_shape(value: object) -> None:
    document = orjson.dumps(value).decode()
    redactor = Redactor(Rules(DETECTORS, (OwnPattern("quote", '["{}a]', '"'),)))
    again = orjson.loads(redactor.json(document))
    assert type(again) is type(value)
    if isinstance(value, dict) and isinstance(again, dict):
        assert again.keys() == value.keys()


def test_values_and_names_in_json_are_replaced() -> None:
    document = '{"ann@example.com":[{"to":"ann@example.com"}],"n":1,"bob@example.com":2}'
    assert only("email").json(document) == '{"[email]":[{"to":"[email]"}],"n":1,"[email] 2":2}'


def test_own_patterns_leave_the_names_that_hold_a_document_together() -> None:
    redactor = Redactor(Rules((), (OwnPattern("role", "role"),)))
    assert redactor.json('{"role":"a role"}') == '{"role":"a [role]"}'


@pytest.mark.parametrize("before", ["\n", "\t", "\r", "\f", "\b", "\u00e9 \n", "\u8b77"])
@pytest.mark.parametrize(
    "thing", ["sk-ant-" + "a1B2" * 8, "4111 1111 1111 1111", "A123456789", "13812345678", "11010519491231002X"]
)
def test_an_escape_of_json_in_front_hides_nothing_however_deep_it_is_packed(before: str, thing: str) -> None:
    text = f"it is {before}{thing}"
    packed = json.dumps({"a": text})
    for document in (packed, json.dumps({"arguments": packed}), json.dumps([json.dumps([packed])])):
        assert thing not in EVERYTHING.json(document)
        assert thing not in EVERYTHING.text(document)
        narrowed = EVERYTHING.narrowed(document.encode())
        assert narrowed is not None
        assert thing not in narrowed.json(document)


def test_ascii_that_json_spells_out_hides_nothing() -> None:
    document = r'{"tel":"\u002B886 912 345 678","to":"ann\u0040example.com"}'
    narrowed = EVERYTHING.narrowed(document.encode())
    assert narrowed is not None
    assert narrowed.json(document) == '{"tel":"[phone]","to":"[email]"}'


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("身份证号11010519491231002X已核", "身份证号[cn_id]已核"),
        ("身分證A123456789號", "身分證[tw_id]號"),
        ("电话13812345678。", "电话[phone]。"),
        ("卡號4111111111111111，", "卡號[card]，"),
        ("郵箱ann@example.com收", "郵箱[email]收"),
    ],
)
def test_chinese_leaves_no_blank_before_a_number(text: str, redacted: str) -> None:
    assert EVERYTHING.text(text) == redacted


def test_a_document_without_a_match_is_the_very_same_object() -> None:
    document = '{"a" : "b"}'
    assert EVERYTHING.json(document) is document


def test_what_is_cut_short_and_no_json_any_more_is_redacted_as_text() -> None:
    assert only("email").json('{"to":"ann@example.com","te') == '{"to":"[email]","te'


def test_own_patterns_replace_by_their_own_words() -> None:
    redactor = Redactor(Rules((), (OwnPattern("ticket", r"TCK-\d+", "<ticket>"), OwnPattern("name", "(?i)smith"))))
    assert redactor.text("TCK-42 of Smith") == "<ticket> of [name]"
    assert redactor.json(r'{"a":"TCK-1 \"Smith\""}') == r'{"a":"<ticket> \"[name]\""}'


@pytest.mark.parametrize("pattern", ["", "(", "a" * 501, "a*", r"(a)\1", "(?=a)b", "(((a{1000}){1000}){1000})"])
def test_a_pattern_that_is_empty_unreadable_or_too_large_is_invalid(pattern: str) -> None:
    with pytest.raises(Invalid):
        Redactor(Rules((), (OwnPattern("x", pattern),)))


def test_no_expression_runs_away() -> None:
    """(a+)+$ takes a backtracking engine for ever on this text; 100 kB of anything takes ours well under a second."""
    own = Redactor(Rules(DETECTORS, (OwnPattern("evil", "(a+)+$"), OwnPattern("worse", r"(\w+\s?)*x$"))))
    rng = random.Random(1)
    texts = ["a" * 100_000 + "!", "1 " * 50_000, "a@" * 50_000, "sk-" * 33_000, "+1" * 50_000, "9-" * 50_000]
    texts.append(("-----BEGIN PRIVATE " + "KEY-----") * 3_700)
    texts.append("".join(rng.choice(string.printable) for _ in range(100_000)))
    started = time.process_time()
    for text in texts:
        own.text(text)
    assert time.process_time() - started < 2


def test_the_preview_says_where_and_why() -> None:
    found = Redactor(Rules(("email",), (OwnPattern("ticket", r"TCK-\d+", "<t>"),))).preview("TCK-1 by ann@example.com")
    assert [(one.rule, one.start, one.end, one.replacement) for one in found] == [
        ("email", 9, 24, "[email]"), ("pattern:ticket", 0, 5, "<t>"),
    ]  # fmt: skip
