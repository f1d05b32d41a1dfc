"""The pure rules of signing in: passwords, waits, codes, where a passkey belongs, where one is sent on to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.identity.sign_in.attempts.waits import RULES, Kind, account, address, wait_after
from mno.identity.sign_in.codes import otp
from mno.identity.sign_in.outside.service import local_path
from mno.identity.sign_in.passkeys.ceremony import site_of
from mno.identity.sign_in.passwords.rules import checked, is_common, normalised
from mno.platform.errors import Denied, Invalid


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "P@ssw0rd!!!!", "123456789012", "098765432109", "qwertyuiop12", "QWERTYUIOPAS", "aaaaaaaaaaaa",
        "abababababab", "abcabcabcabc", "abcdefghijkl", "letmein-letmein", "welcome2026!", "correcthorsebatterystaple",
        "1qaz2wsx3edc", "iloveyou1234", "Summer2026!!", "------------",
    ],
)  # fmt: skip
def test_a_first_guess_is_refused(password: str) -> None:
    assert is_common(password)
    with pytest.raises(Invalid):
        checked(password)


@pytest.mark.parametrize(
    "password",
    [
        "seven green herons wade",
        "tdkq vbnw pfzm",
        "K7#mvQ2!xLw9",
        "我在河边看见七只苍鹭飞过去了",
        "password of a heron's nest",
        "   a heron   ",
    ],
)
def test_a_password_that_is_no_first_guess_is_taken_without_rules_of_composition(password: str) -> None:
    assert checked(password) == normalised(password)


def test_ones_own_name_and_address_are_first_guesses() -> None:
    for password in ("adalovelace1815", "Ada.Lovelace!!", "lovelace-lovelace"):
        with pytest.raises(Invalid):
            checked(password, "Ada Lovelace", "ada.lovelace@example.com")
    assert checked("lovelace counts the herons", "Ada Lovelace", "ada@example.com")


@given(st.text(max_size=300))
def test_whatever_is_taken_has_the_length_and_the_form_that_it_shall_have(password: str) -> None:
    try:
        taken = checked(password)
    except Invalid:
        return
    assert 12 <= len(taken) <= 256
    assert normalised(taken) == taken


@given(st.sampled_from(list(Kind)), st.integers(0, 10_000))
def test_waits_grow_and_stay_bounded(kind: Kind, attempts: int) -> None:
    rule = RULES[kind]
    assert timedelta() <= wait_after(kind, attempts) <= wait_after(kind, attempts + 1) <= rule.longest
    assert (wait_after(kind, attempts) == timedelta()) == (attempts < rule.free)


def test_an_account_is_counted_in_any_spelling_and_ipv6_by_its_subscriber() -> None:
    assert account(" Ada@Example.com ") == account("ada@example.com")
    assert address("2001:db8:1:2::1") == address("2001:db8:1:2:ffff::9") != address("2001:db8:1:3::1")
    assert address("::ffff:192.0.2.1") == address("192.0.2.1") != address("192.0.2.2")
    assert address("") is address("no address") is None


@given(st.integers(60, 4_000_000_000), st.integers(-3, 3))
def test_a_code_counts_within_one_period_and_never_twice(now_s: int, off: int) -> None:
    import pyotp

    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    here = now_s // otp.PERIOD_S
    code = pyotp.TOTP(secret).generate_otp(max(here + off, 0))
    step = otp.step_of(secret, code, now_s, -1)
    if abs(off) <= otp.MAX_SKEW_STEPS:
        assert step is not None
        assert otp.step_of(secret, code, now_s, here + otp.MAX_SKEW_STEPS) is None
    elif step is not None:
        # one in a million: two periods with the same code
        assert pyotp.TOTP(secret).generate_otp(step) == code


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert otp.step_of("JBSWY3DPEHPK3PXP", code, 1_800_000_000, 0) is None


@pytest.mark.parametrize(
    ("rp_id", "public_url", "host", "expected"),
    [
        ("", "", "localhost:8420", ("localhost", "http://localhost:8420")),
        ("", "https://hub.example.com", "anything", ("hub.example.com", "https://hub.example.com")),
        ("example.com", "https://hub.example.com", "x", ("example.com", "https://hub.example.com")),
        ("example.com", "https://hub.example.com:8443/", "x", ("example.com", "https://hub.example.com:8443")),
    ],
)
def test_a_passkey_belongs_to_the_site_that_the_operator_named(
    rp_id: str, public_url: str, host: str, expected: tuple[str, str]
) -> None:
    site = site_of(rp_id, public_url, "http", host)
    assert (site.rp_id, site.origin) == expected


@pytest.mark.parametrize(
    ("rp_id", "public_url", "host"),
    [
        ("", "", "127.0.0.1:8420"),
        ("", "", "evil-localhost"),
        ("example.com", "", "badexample.com"),
        ("example.com", "https://example.com.evil", "x"),
    ],
)
def test_a_site_that_does_not_end_with_the_passkeys_domain_is_told(rp_id: str, public_url: str, host: str) -> None:
    with pytest.raises(Denied, match="webauthn_rp_id"):
        site_of(rp_id, public_url, "http", host)


@given(st.text(max_size=40))
def test_one_is_sent_on_within_this_server_only(text: str) -> None:
    path = local_path(f"/{text}")
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert "\\" not in path
    assert not any(ord(character) < 32 for character in path)
