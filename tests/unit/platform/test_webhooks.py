"""Signatures that the libraries of the Standard Webhooks specification accept."""

import pytest

from mno.platform.errors import Invalid
from mno.platform.webhooks import checked_address, secret_of, secret_text, signature

#: The example of the specification (https://github.com/standard-webhooks/standard-webhooks, spec).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    signed = signature(secret_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_read_as_it_was_written() -> None:
    assert secret_of(secret_text(b"x" * 32)) == b"x" * 32


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%%"])
def test_what_is_no_secret_of_a_webhook_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="whsec_"):
        secret_of(text)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.com",
        "https://user:word@example.com/",
        "https://exa mple.com/",
        "https:///path",
        "https://example.com:99999/",
        "https://example.com/#part",
        "https://example.com/" + "x" * 2_000,
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        checked_address(address)
