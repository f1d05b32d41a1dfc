"""Which passwords are taken: long ones that nobody would guess first (NIST SP 800-63B, section 3.1.1).

No rule asks for digits or signs; they make people choose worse. What is refused is short, or among the first
that are tried: well-known words with or without digits around them, rows of the keyboard, repetitions, and the
person's own name or address.
"""

import re
import string
import unicodedata
from functools import cache

from mno.platform.errors import Invalid
from mno.platform.paths import packaged

#: The shortest password that is taken.
MIN_PASSWORD_CHARACTERS = 12
#: The longest password that is taken.
MAX_PASSWORD_CHARACTERS = 256

_ROWS = (
    "01234567890123456789012345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)
_LOOKS_LIKE = str.maketrans("013457@$!", "oleastasi")
_REPEATED = re.compile(r"(.{1,4}?)\1+")


def normalised(password: str) -> str:
    """The same characters however they were typed (NFKC), so that another keyboard can enter them again."""
    return unicodedata.normalize("NFKC", password)


def checked(password: str, *own: str) -> str:
    """The password, normalised; `Invalid` says why it is refused. `own` are the person's name and address."""
    password = normalised(password)
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise Invalid(f"A password needs at least {MIN_PASSWORD_CHARACTERS} characters; a few words are good.")
    if len(password) > MAX_PASSWORD_CHARACTERS:
        raise Invalid(f"A password may have {MAX_PASSWORD_CHARACTERS} characters.")
    if is_common(password) or _is_own(password, own):
        raise Invalid("This password is among the first that somebody would try; take another, such as a few words.")
    return password


def is_common(password: str) -> bool:
    """Whether it is one of the first guesses."""
    plain = password.lower()
    if _REPEATED.fullmatch(plain) or len(set(plain)) <= 2:
        return True
    if any(plain in row or plain in row[::-1] for row in _ROWS):
        return True
    core = plain.strip(string.digits + string.punctuation + " ")
    forms = (plain, plain.translate(_LOOKS_LIKE), core.translate(_LOOKS_LIKE))
    return any(_of_known_words(_letters(form)) for form in forms)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalpha())


def _of_known_words(letters: str) -> bool:
    return letters == "" or _known_words().fullmatch(letters) is not None


def _is_own(password: str, own: tuple[str, ...]) -> bool:
    letters = _letters(password.lower())
    parts = {part for text in own for part in re.split(r"[\W_]+", text.lower()) if len(part) >= 4}
    rest = letters
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(_letters(part), "")
    return rest != letters and len(rest) <= 3


@cache
def _known_words() -> re.Pattern[str]:
    text = packaged("identity", "sign_in", "passwords", "common.txt").read_text(encoding="utf-8")
    words = [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]
    return re.compile("(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + "){1,3}")
