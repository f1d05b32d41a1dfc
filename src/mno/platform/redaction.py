"""Redaction: what must not be stored is replaced before it is.

Built-in detectors recognise by shape and, where there is one, by check digit; a project's own patterns are RE2
expressions, whose time grows with the text and with nothing else, so none can run away. Text that is JSON is
redacted value by value and stays JSON.

Sources: ISO/IEC 7812 (Luhn), GB 11643-1999 (Chinese identity numbers), the check rule of Taiwan's national and
resident identity numbers; prefixes of keys as their providers document them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson

from mno.platform.errors import Invalid

#: An own pattern's source text.
MAX_PATTERN_CHARACTERS = 500
#: What a compiled pattern may take, in bytes; RE2 refuses larger ones.
MAX_PATTERN_MEMORY_BYTES = 1024 * 1024


class OwnPattern(NamedTuple):
    name: str
    pattern: str
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one project redacts: names of detectors, and its own patterns."""

    detectors: tuple[str, ...] = ()
    patterns: tuple[OwnPattern, ...] = ()

    @classmethod
    def of(cls, detectors: Sequence[str], patterns: Sequence[Mapping[str, str]]) -> "Rules":
        """From the settings `redaction.detectors` and `redaction.patterns`."""
        own = tuple(OwnPattern(one["name"], one["pattern"], one.get("replacement", "")) for one in patterns)
        return cls(tuple(detectors), own)

    def __bool__(self) -> bool:
        return bool(self.detectors or self.patterns)


class _Detector(NamedTuple):
    #: One of these is in every match, so a text without them need not be searched; empty: no such hint.
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    confirm: Callable[[str], bool]
    #: RE2 over bytes: found in whatever holds a match, and quick over a whole request.
    sieve: bytes


class Found(NamedTuple):
    """One place that would be replaced, for the preview."""

    rule: str
    start: int
    end: int
    replacement: str


def _always(_: str) -> bool:
    return True


def luhn(text: str) -> bool:
    """Whether the digits of a card number pass their check, and are not all the same."""
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


_CN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def cn_id(text: str) -> bool:
    """Whether an 18-digit Chinese identity number's last character checks (GB 11643: modulus 11-2)."""
    remainder = sum(int(digit) * weight for digit, weight in zip(text[:17], _CN_WEIGHTS, strict=True)) % 11
    return "10X98765432"[remainder] == text[17].upper()


#: The two digits that stand for a letter in a Taiwanese identity number.
_TW_LETTERS = {letter: 10 + index for index, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}


def tw_id(text: str) -> bool:
    """Whether a Taiwanese identity number (national, or resident since 2021) checks: weights 1, 9, 8 … 1, 1."""
    letter = _TW_LETTERS[text[0].upper()]
    total = letter // 10 + letter % 10 * 9
    total += sum(int(digit) * weight for digit, weight in zip(text[1:9], range(8, 0, -1), strict=True))
    return (total + int(text[9])) % 10 == 0


_KEYS = (
    r"sk-ant-[A-Za-z0-9_-]{20,}", r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}", r"sk-or-v1-[0-9a-f]{32,}",
    r"sk-lf-[0-9a-f-]{30,}", r"sk-[A-Za-z0-9]{32,}", r"AIza[0-9A-Za-z_-]{35}", r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    r"gh[pousr]_[A-Za-z0-9]{36,}", r"github_pat_[A-Za-z0-9_]{40,}", r"glpat-[A-Za-z0-9_-]{20,}",
    r"xox[abeprs]-[A-Za-z0-9-]{10,}", r"hf_[A-Za-z0-9]{30,}", r"gsk_[A-Za-z0-9]{40,}", r"xai-[A-Za-z0-9]{60,}",
    r"r8_[A-Za-z0-9]{37,}", r"nvapi-[A-Za-z0-9_-]{40,}", r"pplx-[A-Za-z0-9]{40,}", r"(?:sk|rk)_live_[A-Za-z0-9]{20,}",
    r"npm_[A-Za-z0-9]{36}", r"pypi-[A-Za-z0-9_-]{80,}", r"mno[rt]?_[A-Za-z0-9_-]{24,}",
)  # fmt: skip
_PEM = r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){1,10000}-----END [A-Z ]{0,40}PRIVATE KEY-----"
_KEY_HINTS = (
    "sk-", "AIza", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "hf_",
    "gsk_", "xai-", "r8_", "nvapi-", "pplx-", "_live_", "npm_", "pypi-", "mno_", "mnor_", "mnot_", "PRIVATE KEY",
)  # fmt: skip

#: Printable ASCII that JSON spells out, such as the `+` of a phone number.
_SPELLED = re.compile(r"\\u00[2-7]")
_SPELLED_BYTES = re.compile(_SPELLED.pattern.encode())


def _begun(first: str, not_after: str) -> str:
    """The first character of a match: not amid a word, but also right after an escape of JSON, whose last letter is no
    part of the word. What stands before it is looked at after it, because most characters begin nothing.
    """
    return rf"[{first}](?:(?<![{not_after}][{first}])|(?<=\\[bfnrt][{first}])|(?<=\\u[0-9A-Fa-f]{{4}}[{first}]))"


#: By name, as the setting `redaction.detectors` has them. Every repetition is over one class or bounded, so the
#: standard library's engine needs time in proportion to the text. Words are those of ASCII: Chinese is written without
#: blanks, so a number may follow a character at once.
_DETECTORS: dict[str, _Detector] = {
    "provider_key": _Detector(
        _KEY_HINTS,
        re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))" + f"(?:{'|'.join((*_KEYS, _PEM))})"),
        _always,
        f"{'|'.join(_KEYS)}|PRIVATE KEY".encode(),
    ),
    "email": _Detector(
        ("@",),
        re.compile(
            r"(?<![\w.+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])", re.ASCII
        ),
        _always,
        rb"[A-Za-z0-9._%+-]@[A-Za-z0-9-]{1,63}\.[A-Za-z]",
    ),
    "phone": _Detector(
        (),
        re.compile(
            _begun("+01", r"\w+./-") + r"(?:(?<=\+)[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{1,4}\)?){2,5}(?<=[0-9])"
            r"|(?<=1)[3-9][0-9]{9}|(?<=0)9[0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3})"
            r"(?![\w/]|[.-]\d)",
            re.ASCII,
        ),
        lambda text: 8 <= sum(character.isdigit() for character in text) <= 15,
        rb"\+[1-9]|1[3-9][0-9]{9}|09[0-9]{2}",
    ),
    "card": _Detector(
        (),
        re.compile(_begun("1-9", r"\w.-") + r"(?:[ -]?[0-9]){12,18}(?![\w-]|\.\d)", re.ASCII),
        luhn,
        rb"[1-9](?:[ -]?[0-9]){12}",
    ),
    "cn_id": _Detector(
        (),
        re.compile(
            _begun("1-9", r"\w.-")
            + r"[0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?!\w)",
            re.ASCII,
        ),
        cn_id,
        rb"[1-9][0-9]{16}[0-9Xx]",
    ),
    "tw_id": _Detector(
        (), re.compile(_begun("A-Z", r"\w") + r"[1289][0-9]{8}(?!\w)", re.ASCII), tw_id, rb"[A-Z][1289][0-9]{8}"
    ),
}

DETECTORS = tuple(_DETECTORS)


def compiled_pattern(pattern: str) -> Any:
    """An own pattern as RE2 understands it; `Invalid` says what is wrong with it."""
    import re2

    if not 0 < len(pattern) <= MAX_PATTERN_CHARACTERS:
        raise Invalid(f"A pattern has 1 to {MAX_PATTERN_CHARACTERS} characters.")
    options = re2.Options()
    options.max_mem = MAX_PATTERN_MEMORY_BYTES
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise Invalid(f"The pattern '{pattern[:60]}' is not one that RE2 reads: {str(error)[:100]}.") from None
    if compiled.search("") is not None:
        raise Invalid(f"The pattern '{pattern[:60]}' matches the empty text, so it would match everywhere.")
    return compiled


class Redactor:
    """The compiled rules of one project. `text` and `json` return their argument itself where nothing matched."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._detectors = [(name, _DETECTORS[name]) for name in rules.detectors if name in _DETECTORS]
        self._own = [
            (f"pattern:{one.name}", compiled_pattern(one.pattern), one.replacement or f"[{one.name}]")
            for one in rules.patterns
        ]

    def narrowed(self, body: bytes) -> "Redactor | None":
        """The rules that can matter for texts that stand in these bytes as they are (UTF-8, JSON within them with its
        escapes); None: none.

        Most requests hold nothing to redact, and to know that takes a look at the whole and not at every text.
        """
        if b"\\u00" in body and _SPELLED_BYTES.search(body) is not None:
            return self if self._rules else None
        found = tuple(name for name, _ in self._detectors if _sieve(name).search(body) is not None)
        if not found and not self._own:
            return None
        return self if len(found) == len(self._detectors) else redactor(replace(self._rules, detectors=found))

    def text(self, text: str) -> str:
        """The text with every match replaced."""
        text = self._detected(text)
        for _, pattern, replacement in self._own:
            if pattern.search(text) is not None:
                text = pattern.sub(lambda _, replacement=replacement: replacement, text)
        return text

    def _detected(self, text: str) -> str:
        for name, detector in self._detectors:
            if _may_match(detector, text):
                text = detector.pattern.sub(_replacing(name, detector), text)
        return text

    def json(self, document: str) -> str:
        """A JSON document with the matches in its strings replaced, those of the detectors also in its names; text that
        is no JSON is redacted as text.
        """
        if not document or not self._worth_a_walk(document):
            return document
        try:
            value = orjson.loads(document)
        except orjson.JSONDecodeError:
            return self.text(document)
        redacted = self._walked(value)
        return document if redacted == value else orjson.dumps(redacted).decode()

    def preview(self, text: str) -> list[Found]:
        """Where the rules would act on this text, in the order of their rules."""
        found: list[Found] = []
        for name, detector in self._detectors:
            found.extend(
                Found(name, match.start(), match.end(), f"[{name}]")
                for match in detector.pattern.finditer(text)
                if detector.confirm(match.group())
            )
        for name, pattern, replacement in self._own:
            found.extend(Found(name, match.start(), match.end(), replacement) for match in pattern.finditer(text))
        return found

    def _worth_a_walk(self, document: str) -> bool:
        """Escapes may hide a match of an own pattern; those of the detectors have none within but spelled ASCII."""
        return bool(self._own or _SPELLED.search(document)) or any(
            (_may_match(detector, document) and detector.pattern.search(document) is not None)
            or (name == "provider_key" and "PRIVATE KEY" in document)
            for name, detector in self._detectors
        )

    def _walked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._walked(one) for one in value]
        if isinstance(value, dict):
            redacted: dict[str, Any] = {}
            for name, one in value.items():
                # names hold a document together, so own patterns, which may match anything, leave them
                kept = self._detected(name)
                redacted[f"{kept} {len(redacted)}" if kept in redacted else kept] = self._walked(one)
            return redacted
        return value


@lru_cache(maxsize=256)
def redactor(rules: Rules) -> Redactor:
    """The redactor of these rules, compiled once in a process."""
    return Redactor(rules)


@cache
def _sieve(name: str) -> Any:
    import re2

    return re2.compile(_DETECTORS[name].sieve)


def _may_match(detector: _Detector, text: str) -> bool:
    return not detector.hints or any(hint in text for hint in detector.hints)


def _replacing(name: str, detector: _Detector) -> Callable[[re.Match[str]], str]:
    replacement = f"[{name}]"
    return lambda match: replacement if detector.confirm(match.group()) else match.group()
