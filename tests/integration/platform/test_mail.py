"""Letters over a real SMTP server: plain, STARTTLS, TLS, with a password; and what happens when it refuses."""

import ssl
from pathlib import Path

import pytest

from mno.platform.errors import Invalid, Unavailable
from mno.platform.mail import Mail, MailServer, Security
from support.mail_server import PASSWORD, USER, certificate, running_mail_server

SENDER = "MNO <hub@example.com>"


def mail_over(
    port: int,
    security: Security = Security.NONE,
    *,
    user: str = "",
    password: str = PASSWORD,
    trust: ssl.SSLContext | None = None,
) -> Mail:
    async def read() -> str:
        return password

    return Mail(lambda: MailServer("127.0.0.1", port, security, user, SENDER), read, trust)


async def test_a_letter_arrives_as_plain_text_and_as_html_in_every_script() -> None:
    async with running_mail_server() as server:
        await mail_over(server.port).send(
            "ada@example.com", "邀請您加入「營運」", "您好 <b>\n\nhttps://hub.example/x?a=1&b=2\n\nEnde", "zh-Hant"
        )
    [letter] = server.letters
    assert (letter["From"], letter["To"], letter["Subject"]) == (SENDER, "ada@example.com", "邀請您加入「營運」")
    assert letter["Auto-Submitted"] == "auto-generated"
    plain, page = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "https://hub.example/x?a=1&b=2" in plain.get_content()
    assert '<a href="https://hub.example/x?a=1&amp;b=2">' in page.get_content()
    assert "您好 &lt;b&gt;" in page.get_content()
    assert '<html lang="zh-Hant">' in page.get_content()


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_password_travels_encrypted(tmp_path: Path, security: Security) -> None:
    shown, trusted = certificate(tmp_path)
    tls = {"starttls": shown} if security is Security.STARTTLS else {"tls": shown}
    async with running_mail_server(**tls, with_password=True) as server:
        await mail_over(server.port, security, user=USER, trust=trusted).send("ada@example.com", "Hello", "Hello")
        with pytest.raises(Unavailable, match="did not take"):
            await mail_over(server.port, security, user=USER, password="wrong", trust=trusted).send(
                "ada@example.com", "Hello", "Hello"
            )
        with pytest.raises(Unavailable, match="certificate"):
            await mail_over(server.port, security, user=USER).send("ada@example.com", "Hello", "Hello")
    assert len(server.letters) == 1
    assert server.logins == [USER, USER, USER]  # a refused password is tried in a second way


async def test_a_server_without_encryption_gets_nothing_where_it_is_wanted() -> None:
    async with running_mail_server() as server:
        with pytest.raises(Unavailable):
            await mail_over(server.port, Security.STARTTLS, user=USER).send("ada@example.com", "Hello", "Hello")
    assert (server.letters, server.logins) == ([], [])


async def test_a_refused_receiver_and_a_silent_server_are_told() -> None:
    async with running_mail_server() as server:
        server.refuses.add("nobody@example.com")
        with pytest.raises(Unavailable, match="nobody of this name"):
            await mail_over(server.port).send("nobody@example.com", "Hello", "Hello")
        port = server.port
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
        await mail_over(port).send("ada@example.com", "Hello", "Hello")


async def test_without_a_server_there_is_no_mail() -> None:
    async def read() -> None:
        return None

    mail = Mail(MailServer, read)
    assert not mail.is_on()
    with pytest.raises(Unavailable, match=r"mail\.host"):
        await mail.send("ada@example.com", "Hello", "Hello")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example.com\nBcc: all@example.com",
        "a b@example.com",
        "a@b@c",
        "a@" + "b" * 300,
    ],
)
async def test_an_address_that_is_none_never_reaches_the_server(address: str) -> None:
    async with running_mail_server() as server:
        with pytest.raises(Invalid):
            await mail_over(server.port).send(address, "Hello", "Hello")
    assert server.letters == []


async def test_a_subject_cannot_carry_headers() -> None:
    async with running_mail_server() as server:
        await mail_over(server.port).send("ada@example.com", "Hello\r\nBcc: all@example.com", "Hello")
    [letter] = server.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Hello Bcc: all@example.com"
