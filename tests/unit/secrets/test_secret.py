"""A secret in memory says nothing to whatever turns values into text, and is handed over by name only."""

import copy
import dataclasses
import json
import logging
import pickle
import traceback

import orjson
import pytest

from mno.secrets.runtime.model import Environment
from mno.secrets.secret import Secret

CANARY = "canary-7d1f"


@dataclasses.dataclass
class Holder:
    secret: Secret


def test_every_way_into_text_hides_it() -> None:
    secret = Secret(CANARY)
    environment = Environment({"REGION": "eu"}, {"TOKEN": secret})
    texts = [
        f"{secret}", f"{secret!r}", f"{secret:>40}", str(secret), "%s %r" % (secret, secret), str([secret]),  # noqa: UP031 - the old way is one of them
        str({"a": secret}), str(Holder(secret)), repr(environment), f"{secret}", ascii(secret),
    ]  # fmt: skip
    assert not [text for text in texts if CANARY in text]
    assert secret.reveal() == CANARY
    assert environment.reveal() == {"REGION": "eu", "TOKEN": CANARY}


@pytest.mark.parametrize(
    "turn", [json.dumps, orjson.dumps, pickle.dumps, copy.copy, copy.deepcopy, hash, vars, iter, len, bytes]
)
def test_what_would_carry_it_away_fails_without_naming_it(turn: object) -> None:
    with pytest.raises(TypeError) as refused:
        turn(Secret(CANARY))  # type: ignore[operator]
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_a_dataclass_around_it_cannot_be_unfolded() -> None:
    with pytest.raises(TypeError):
        dataclasses.asdict(Holder(Secret(CANARY)))


def test_a_log_line_and_a_traceback_with_locals_hide_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    try:
        raise ValueError(secret)
    except ValueError as error:
        logging.getLogger("test").exception("failed with %s", secret)
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    # the test's own module holds the canary as a constant, not as a local
    assert CANARY not in shown
    assert CANARY not in caplog.text


def test_two_secrets_of_one_value_are_equal() -> None:
    assert Secret("é") == Secret("é")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
