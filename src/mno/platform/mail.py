"""E-mail by SMTP: plain text with the same in simple HTML, to one receiver at a time.

The server is set by an administrator while the program runs, so every letter asks anew where to send it. Nothing is
queued: who sends hears at once whether the server took the letter, and can show a link instead.
"""

import html
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid, parseaddr
from enum import StrEnum

from mno.platform.errors import Invalid, Unavailable

#: How long the mail server may take for one step of the conversation, in seconds.
SMTP_TIMEOUT_S = 10.0
#: Of an e-mail address (RFC 5321, 4.5.3.1.3).
MAX_ADDRESS_CHARACTERS = 254
#: Of one letter.
MAX_LETTER_CHARACTERS = 20_000

_ADDRESS = re.compile(
    r"[^\s@<>,;:\"\\()\[\]\x00-\x1f\x7f]{1,64}@(?:[^\s@<>,;:\"\\()\[\].\x00-\x1f\x7f]+\.)*[^\s@<>,;:\"\\()\[\].\x00-\x1f\x7f]+"
)
_LINK = re.compile(r"https?://[^\s<>\"]+")


class LetterRefused(Unavailable):
    """The mail server will never take this letter: it answered with a code from 550 to 559 (RFC 5321, 4.2.1)."""


class Security(StrEnum):
    """How the conversation with the mail server is protected."""

    #: Plain at first, then encrypted; refused when the server cannot.
    STARTTLS = "starttls"
    #: Encrypted from the first byte (port 465).
    TLS = "tls"
    #: Not at all: for a server on this machine only.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed over; without a host there is no e-mail."""

    host: str = ""
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""
    #: Such as `MNO <hub@example.com>`.
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent; the text's first line is the HTML's heading, its addresses become links."""

    to: str
    subject: str
    text: str
    #: Of the text, as in `<html lang>`.
    language: str = "en"


class Mail:
    """Sends letters by the server that is set at the moment."""

    def __init__(
        self,
        server: Callable[[], MailServer],
        password: Callable[[], Awaitable[str | None]],
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`password` is asked for only where the server has a user; `trust` is the system's unless given."""
        self._server = server
        self._password = password
        self._trust = trust

    def is_on(self) -> bool:
        server = self._server()
        return bool(server.host and server.sender)

    async def send(self, to: str, subject: str, text: str, language: str = "en") -> None:
        """Hands one letter to the mail server.

        `Unavailable` when no server is set or it does not take the letter (`LetterRefused` where trying again is of no
        use), `Invalid` for an address that is none.
        """
        server = self._server()
        if not (server.host and server.sender):
            raise Unavailable("No mail server is set. Set mail.host and mail.from in the settings.")
        message = composed(server.sender, Letter(address_of(to), subject, text, language))
        await self._hand_over(server, message)

    async def _hand_over(self, server: MailServer, message: EmailMessage) -> None:
        # half a megabyte that most processes never need
        import aiosmtplib

        password = await self._password() if server.user else None
        try:
            await aiosmtplib.send(
                message,
                hostname=server.host,
                port=server.port,
                username=server.user or None,
                password=password,
                use_tls=server.security is Security.TLS,
                start_tls=server.security is Security.STARTTLS,
                tls_context=self._trust,
                timeout=SMTP_TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            kind = LetterRefused if _is_final(error) else Unavailable
            raise kind(f"The mail server {server.host}:{server.port} did not take the letter: {reason}") from None


def _is_final(error: Exception) -> bool:
    import aiosmtplib

    refused = error.recipients if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else [error]
    of_the_letter = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)
    return all(isinstance(one, of_the_letter) and one.code // 10 == 55 for one in refused)


def address_of(text: str) -> str:
    """An e-mail address without its blanks; `Invalid` when it is none that a mail server would understand."""
    address = text.strip()
    if len(address) > MAX_ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(address):
        raise Invalid(f"'{address[:80]}' is not an e-mail address.")
    return address


def composed(sender: str, letter: Letter) -> EmailMessage:
    """The message as it travels: plain text, and HTML for those who prefer it. `Invalid` for a broken header."""
    if len(letter.text) > MAX_LETTER_CHARACTERS:
        raise Invalid(f"A letter has at most {MAX_LETTER_CHARACTERS} characters.")
    name, address = parseaddr(sender)
    message = EmailMessage()
    try:
        message["From"] = formataddr((name, address_of(address)))
        message["To"] = letter.to
        message["Subject"] = " ".join(letter.subject.split())
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2] or "localhost")
        # no out-of-office answers, please (RFC 3834)
        message["Auto-Submitted"] = "auto-generated"
    except (ValueError, MessageError) as error:
        raise Invalid(f"This letter cannot be sent: {error}") from None
    message.set_content(letter.text)
    message.add_alternative(page(letter), subtype="html")
    return message


def page(letter: Letter) -> str:
    """The letter as HTML: its first paragraph as a heading, addresses as links."""
    paragraphs = [part.strip() for part in letter.text.split("\n\n") if part.strip()]
    heading, *rest = paragraphs or [""]
    body = "".join(f"<p>{_linked(part)}</p>" for part in rest)
    return (
        f'<!doctype html><html lang="{html.escape(letter.language, quote=True)}"><body style="font-family:'
        'system-ui,sans-serif;line-height:1.5;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a">'
        f'<h1 style="font-size:1.25rem">{_linked(heading)}</h1>{body}</body></html>'
    )


def _linked(text: str) -> str:
    parts: list[str] = []
    end = 0
    for found in _LINK.finditer(text):
        address = html.escape(found.group(), quote=True)
        parts += [_escaped(text[end : found.start()]), f'<a href="{address}">{address}</a>']
        end = found.end()
    return "".join([*parts, _escaped(text[end:])])


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
