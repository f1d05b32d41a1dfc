"""An administrator sets up the mail server in the program, and an invitation goes out by it."""

import httpx

from support.mail_server import PASSWORD, USER, running_mail_server

VIEWER = "role_00000000000070008000000000000004"


async def set_up(client: httpx.AsyncClient, port: int, *, user: str = "") -> None:
    values = {
        "mail.host": "127.0.0.1",
        "mail.port": port,
        "mail.security": "none",
        "mail.user": user,
        "mail.from": "MNO <hub@example.com>",
    }
    answer = await client.put("/api/config/system", json={"level": "hub", "values": values})
    assert answer.status_code < 300, answer.text


async def test_an_invitation_goes_out_by_the_mail_server_of_the_settings(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    async with running_mail_server(with_password=True) as server:
        await set_up(client, server.port, user=USER)
        assert (await client.get("/api/mail/password")).json() == {"is_set": False}
        assert (await client.put("/api/mail/password", json={"password": PASSWORD})).status_code == 204
        assert (await client.get("/api/mail/password")).json() == {"is_set": True}
        assert (await client.post("/api/mail/trial", json={"to": "ada@example.com"})).status_code == 204
        made = await client.post("/api/invitations", json={"email": "new@example.com", "role_id": VIEWER})
        assert made.status_code == 201, made.text
        assert made.json()["link"] is None
        assert made.json()["mailed_at"]
    trial, letter = server.letters
    assert (trial["To"], letter["To"]) == ("ada@example.com", "new@example.com")
    body = letter.get_body(("plain",))
    assert body is not None
    token = body.get_content().split("token=")[1].split()[0]
    offer = await anonymous.get("/api/invitations/offer", params={"token": token})
    assert offer.json()["address"] == "n…@example.com"
    logged = await client.get("/api/audit/logs", params={"limit": 200})
    assert token not in logged.text
    assert PASSWORD not in logged.text


async def test_where_the_mail_server_refuses_the_link_is_shown_with_its_words(client: httpx.AsyncClient) -> None:
    async with running_mail_server() as server:
        server.refuses.add("new@example.com")
        await set_up(client, server.port)
        made = (await client.post("/api/invitations", json={"email": "new@example.com", "role_id": VIEWER})).json()
    assert made["link"].startswith("http://localhost:8420/invitation?token=")
    assert "nobody of this name" in made["mail_error"]
    assert made["mailed_at"] is None
    refusal = await client.post("/api/mail/trial", json={"to": "ada@example.com"})
    assert refusal.status_code == 503
