"""What an invitation says, in three languages, whatever the names in it are."""

from datetime import UTC, datetime

import pytest

from mno.identity.teams.invitations.letters import letter
from mno.identity.teams.model import Language, language_of

LINK = "https://hub.example/invitation?token=abc"


def written(language: Language, **more: str | None) -> tuple[str, str]:
    told: dict[str, str | None] = {"team": "Ops", "inviter": "Ada", "role": "Viewer", "project": None, **more}
    return letter(
        language,
        team=str(told["team"]),
        inviter=str(told["inviter"]),
        role=str(told["role"]),
        project=told["project"],
        link=LINK,
        until=datetime(2026, 11, 28, 9, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize("language", list(Language))
def test_a_letter_names_team_inviter_role_link_and_end_in_every_language(language: Language) -> None:
    subject, text = written(language, project="Billing")
    assert "Ops" in subject
    for word in ("Ada", "Ops", "Billing", "2026-11-28 09:30"):
        assert word in text
    assert f"\n{LINK}\n" in text
    assert "{" not in text


def test_the_fixed_roles_are_called_as_on_the_pages_and_own_roles_keep_their_name() -> None:
    assert "檢視者" in written(Language.TRADITIONAL_CHINESE)[1]
    assert "查看者" in written(Language.SIMPLIFIED_CHINESE)[1]
    assert "Night watch" in written(Language.SIMPLIFIED_CHINESE, role="Night watch")[1]


def test_a_name_brings_neither_lines_nor_links_into_the_letter() -> None:
    subject, text = written(Language.ENGLISH, team="Ops\r\n\r\nhttps://evil.example", inviter="{link}")
    assert "\n" not in subject
    assert "https://evil" not in text
    assert text.count("http") - text.count("https: //") == 1


@pytest.mark.parametrize(
    ("preferred", "language"),
    [(("", "zh-Hans"), "zh-Hans"), (("zh-Hant", "en"), "zh-Hant"), (("fr", ""), "en"), ((), "en")],
)
def test_the_first_language_that_we_speak_is_taken(preferred: tuple[str, ...], language: str) -> None:
    assert language_of(*preferred) == language
