"""A value fits its setting or is refused by name, and a save says exactly what it changes."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.llm_gateway.model import ProviderKind
from mno.platform.errors import Invalid
from mno.platform.redaction import DETECTORS
from mno.platform.scope import Level
from mno.settings.catalogue import BY_NAME, LANGUAGES, SETTINGS, words
from mno.settings.model import HUB, Kind, Place, Setting
from mno.settings.rules import differences, fitting

TEAM = Place(UUID(int=1))

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def test_every_setting_is_documented_in_three_languages() -> None:
    assert set(words()) == set(BY_NAME)
    for name, said in words().items():
        assert set(said) == set(LANGUAGES), name
        for text in ("title", "description"):
            assert all(said[language][text].strip() for language in LANGUAGES), name
            assert said["en"][text] != said["zh-Hant"][text], name
        assert said["zh-Hant"]["description"] != said["zh-Hans"]["description"], name


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: str(setting.name))
def test_every_default_fits_its_own_setting(setting: Any) -> None:
    default = [*setting.default] if isinstance(setting.default, tuple) else setting.default
    assert fitting(setting, default) == default
    assert setting.levels


def test_the_catalogue_names_the_detectors_that_there_are() -> None:
    assert BY_NAME["redaction.detectors"].choices == DETECTORS


@given(st.sampled_from(SETTINGS), ANYTHING)
def test_whatever_is_sent_fits_or_is_invalid_and_what_fits_stays(setting: Any, value: Any) -> None:
    try:
        once = fitting(setting, value)
    except Invalid:
        return
    assert fitting(setting, once) == once


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("systems.monitor", 1), ("systems.monitor", "true"), ("retention.spans_days", -1),
        ("retention.spans_days", 3651), ("retention.spans_days", 1.5), ("retention.spans_days", True),
        ("llm.providers", ["openai", "nobody"]), ("llm.max_output_tokens", -1),
        ("mail.host", "a\nb"), ("mail.host", "x" * 1001),
        ("general.language", "de"), ("redaction.detectors", ["email", "soul"]), ("redaction.detectors", "email"),
        ("security.allowed_addresses", ["10.0.0.1/8"]), ("security.allowed_addresses", ["300.1.1.1"]),
        ("security.allowed_addresses", [1]), ("security.allowed_addresses", ["10.0.0.0/8"] * 201),
        ("security.egress_allowed", ["http://x"]), ("redaction.patterns", [{"name": "x", "pattern": "("}]),
        ("redaction.patterns", [{"name": "", "pattern": "a"}]), ("redaction.patterns", [{"pattern": "a", "evil": "b"}]),
        ("redaction.patterns", [{"name": "x", "pattern": "a"}] * 51),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(name: str, value: Any) -> None:
    with pytest.raises(Invalid):
        fitting(BY_NAME[name], value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.1, -0.1, "1", True])
def test_a_number_lies_within_its_bounds(value: Any) -> None:
    with pytest.raises(Invalid):
        fitting(Setting("some.share", Kind.NUMBER, 1.0, (Level.HUB,), minimum=0, maximum=2), value)


def test_the_kinds_of_providers_are_those_that_there_are() -> None:
    assert BY_NAME["llm.providers"].choices == tuple(ProviderKind)


def test_addresses_have_one_plain_form() -> None:
    networks = ["203.0.113.7", "2001:DB8::/32", "203.0.113.7", "0.0.0.0/0"]
    assert fitting(BY_NAME["security.allowed_addresses"], networks) == ["203.0.113.7/32", "2001:db8::/32", "0.0.0.0/0"]


def test_the_difference_names_only_what_changes() -> None:
    own = {"retention.spans_days": 30, "general.language": "en"}
    changes = differences(TEAM, own, {"retention.spans_days": 30, "general.language": None, "systems.costs": False})
    assert [(one.name, one.before, one.after) for one in changes] == [
        ("general.language", "en", None),
        ("systems.costs", None, False),
    ]


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(Invalid, match=r"retention\.spans_days"):
        differences(TEAM, {}, {"retention.span_days": 1})


def test_a_setting_of_the_hub_cannot_be_set_on_a_team() -> None:
    with pytest.raises(Invalid, match="hub"):
        differences(TEAM, {}, {"mail.host": "mail.example.com"})
    assert Place(HUB).level is Level.HUB
    assert differences(Place(HUB), {}, {"mail.host": "mail.example.com"})
