"""What the letters with a link for one person say, in three languages."""

from collections.abc import Callable

import pytest

from mno.identity.sign_in.passwords.letters import address_letter, reset_letter
from mno.identity.teams.model import Language

LINK = "https://hub.example/reset-password#{token}%s"
LETTERS = [reset_letter, address_letter]


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("language", list(Language))
def test_a_letter_has_a_heading_and_its_link_on_a_line_of_its_own(
    letter: Callable[[Language, str], tuple[str, str]], language: Language
) -> None:
    subject, text = letter(language, LINK)
    assert "MachineNativeOps" in subject
    assert "\n" not in subject
    assert text.splitlines()[1] == ""
    assert f"\n\n{LINK}\n\n" in text


@pytest.mark.parametrize("letter", LETTERS)
def test_no_two_languages_share_a_line_but_the_link(letter: Callable[[Language, str], tuple[str, str]]) -> None:
    lines = [set("\n".join(letter(language, LINK)).splitlines()) for language in Language]
    for one in range(len(lines)):
        for other in range(one):
            assert lines[one] & lines[other] == {"", LINK}


def test_only_english_is_written_in_latin_letters() -> None:
    for letter in LETTERS:
        for language in (Language.TRADITIONAL_CHINESE, Language.SIMPLIFIED_CHINESE):
            text = "".join(letter(language, "")).replace("MachineNativeOps", "")
            assert not any("a" <= character.lower() <= "z" for character in text)
