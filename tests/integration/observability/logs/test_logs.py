import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from mno.platform.time_range import shown

#: Of tests that ask for a range of their own.
DAY = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
RANGE = {"from": shown(DAY), "to": shown(DAY + timedelta(hours=1))}
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def line(second: float = 0, **fields: Any) -> dict[str, Any]:
    return {"time": shown(DAY + timedelta(seconds=second)), "body": "said", **fields}


async def publish(client: httpx.AsyncClient, *lines: dict[str, Any]) -> Any:
    answer = await client.post("/api/logs", json=list(lines))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def asked(client: httpx.AsyncClient, path: str = "", **query: Any) -> Any:
    answer = await client.get(f"/api/logs{path}", params={**RANGE, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def bodies(client: httpx.AsyncClient, **query: Any) -> list[str]:
    return [each["body"] for each in (await asked(client, **query))["items"]]


async def test_a_published_line_is_found_as_it_was_sent(client: httpx.AsyncClient) -> None:
    receipt = await publish(
        client,
        line(
            1,
            level="WARNING",
            topic="billing",
            attributes={"region": "eu", "tries": 3},
            trace_id=TRACE,
            span_id=SPAN,
            service="shop",
            agent="buyer",
            body={"order": 7},
        ),
    )
    assert receipt == {"accepted": 1, "rejected": []}
    [found] = (await asked(client))["items"]
    sent = {"level": "warn", "severity": "WARNING", "topic": "billing", "service": "shop", "agent": "buyer"}
    assert found | sent == found
    assert (found["trace_id"], found["span_id"], found["body"]) == (TRACE, SPAN, '{"order":7}')
    assert found["attributes"] == {"region": "eu", "tries": 3}
    assert found["cut"] is False


async def test_bad_lines_are_named_and_the_others_kept(client: httpx.AsyncClient) -> None:
    body = b'{"body":"good"}\nno json\n{"level":"loud"}\n[1]\n{"colour":"red"}\n{"trace_id":"12"}\n{"id":"a"}\n'
    answer = await client.post("/api/logs", content=body, headers={"content-type": "application/x-ndjson"})
    assert answer.json()["accepted"] == 1
    assert [each["index"] for each in answer.json()["rejected"]] == [1, 2, 3, 4, 5, 6]
    assert "not one of trace, debug" in answer.json()["rejected"][1]["reason"]


async def test_every_filter_narrows_and_all_must_hold(client: httpx.AsyncClient) -> None:
    await publish(
        client,
        line(1, body="Café opened", level="info", topic="a", service="x"),
        line(2, body="two", level="error", topic="a", service="y", trace_id=TRACE, attributes={"k": "v"}),
        line(3, body="three", level="fatal", topic="b", service="y", span_id=SPAN, attributes={"k": 5}),
        line(4, body="four", level=3, agent="ann", attributes={"say": 'a "quoted" 值'}),
    )
    assert await bodies(client, level="error") == ["three", "two"]
    assert await bodies(client, trace=TRACE) == ["two"]
    assert await bodies(client, span=SPAN) == ["three"]
    assert await bodies(client, topic=["a", "b"], service="y") == ["three", "two"]
    assert await bodies(client, agent="ann") == ["four"]
    assert await bodies(client, q="CAFÉ") == ["Café opened"]
    assert await bodies(client, q='"QUOTED" 值') == ["four"]
    assert await bodies(client, **{"attr:k": ["v", "5"]}) == ["three", "two"]
    assert await bodies(client, level="error", topic="a", q="three") == []


async def test_counts_and_histogram_tell_of_the_same_lines(client: httpx.AsyncClient) -> None:
    await publish(
        client,
        line(0, level="info", topic="a", service="x"),
        line(61, level="error", topic="a", service="y"),
        line(62, level="error", topic="b", service="y"),
        line(3599, level="debug", topic="b", service="y"),
    )
    summary = await asked(client, "/summary")
    assert (summary["total"], summary["step_s"], len(summary["histogram"])) == (4, 60, 60)
    levels = {"none": 0, "trace": 0, "debug": 1, "info": 1, "warn": 0, "error": 2, "fatal": 0}
    assert summary["levels"] == levels
    assert summary["topics"] == [{"name": "a", "lines": 2}, {"name": "b", "lines": 2}]
    assert summary["services"] == [{"name": "y", "lines": 3}, {"name": "x", "lines": 1}]
    bars = [bar["levels"] for bar in summary["histogram"]]
    assert (bars[0], bars[1], bars[2], bars[-1]) == ({"info": 1}, {"error": 2}, {}, {"debug": 1})
    narrowed = await asked(client, "/summary", level="error", topic="b")
    assert (narrowed["total"], narrowed["levels"]["error"]) == (1, 1)


async def test_a_page_shows_no_line_twice_or_never_whatever_arrives(client: httpx.AsyncClient) -> None:
    await publish(client, *(line(number // 10, body=str(number)) for number in range(50)))
    seen: list[str] = []
    page = await asked(client, limit=7)
    while True:
        seen += [each["body"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        await publish(client, line(2, body="late"))
        page = await asked(client, limit=7, cursor=page["next_cursor"])
    assert sorted(seen, key=int) == [str(number) for number in range(50)]
    assert [int(each) // 10 for each in seen] == sorted((int(each) // 10 for each in seen), reverse=True)


async def test_polling_gives_everything_once_in_the_order_of_arrival(client: httpx.AsyncClient) -> None:
    await publish(client, line(30, body="before"))
    tail = (await asked(client))["tail"]
    assert (await asked(client, after=tail))["items"] == []
    await publish(client, *(line(20 - number, body=str(number)) for number in range(10)))
    await publish(client, line(25, body="10"), line(1, body="other", topic="else"))
    seen: list[str] = []
    while True:
        page = await asked(client, after=tail, limit=3, topic="")
        seen += [each["body"] for each in page["items"]]
        tail = page["tail"]
        if not page["more"]:
            break
    assert sorted(seen[:10], key=int) == [str(number) for number in range(10)]
    assert seen[10:] == ["10"]
    assert (await asked(client, after=tail))["items"] == []


async def test_lines_around_a_hit_are_its_neighbours(client: httpx.AsyncClient) -> None:
    lines = [line(second, body=str(second), service="x" if second % 2 else "y") for second in range(12)]
    await publish(client, *lines)
    [hit] = (await asked(client, q="5"))["items"]
    found = await asked(client, f"/{hit['id']}/around", of="all", before=2, after=3)
    assert [each["body"] for each in (*found["before"], found["line"], *found["after"])] == list("345678")
    found = await asked(client, f"/{hit['id']}/around", before=2, after=2)
    assert [each["body"] for each in (*found["before"], *found["after"])] == ["1", "3", "7", "9"]


async def test_a_long_line_is_cut_in_lists_and_whole_by_itself(client: httpx.AsyncClient) -> None:
    await publish(client, line(body="長" * 20_000))
    [found] = (await asked(client))["items"]
    assert (len(found["body"]), found["cut"]) == (16_000, True)
    whole = (await asked(client, f"/{found['id']}/around"))["line"]
    assert (whole["body"], whole["cut"]) == ("長" * 20_000, False)


async def test_a_line_sent_again_is_kept_once(client: httpx.AsyncClient) -> None:
    first, other = line(1, id="a", body="one"), line(1, id="b", body="two")
    assert (await publish(client, first, first, other))["accepted"] == 3
    await asyncio.gather(*(publish(client, first, line(1, body="unnamed")) for _ in range(3)))
    assert sorted(await bodies(client)) == ["one", "two", "unnamed", "unnamed", "unnamed"]


async def test_what_the_rules_name_never_reaches_the_store(client: httpx.AsyncClient) -> None:
    secret = "ann@example.org"
    answer = await client.put("/api/config/system", json={"level": "hub", "values": {"redaction.detectors": ["email"]}})
    assert answer.status_code == 200, answer.text
    await publish(client, line(body=f"mail {secret}", attributes={"to": secret}, topic="post"))
    await publish(client, line(body={"to": secret}))
    assert await publish(client) == {"accepted": 0, "rejected": []}
    page = await client.get("/api/logs", params=RANGE)
    assert len(page.json()["items"]) == 2
    assert secret not in page.text
    assert await bodies(client, q=secret) == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"trace": "xyz"}, "32 hexadecimal"),
        ({"cursor": "AAAA"}, "damaged"),
        ({"after": "AAAA"}, "damaged"),
        ({"q": "x" * 501}, "at most 500"),
        ({"topic": ["t"] * 101}, "at most 100"),
    ],
)
async def test_a_question_that_cannot_be_answered_says_why(
    client: httpx.AsyncClient, query: dict[str, Any], says: str
) -> None:
    answer = await client.get("/api/logs", params=query)
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


async def test_a_cursor_of_other_filters_is_refused(client: httpx.AsyncClient) -> None:
    await publish(client, line(), line())
    cursor = (await asked(client, limit=1))["next_cursor"]
    answer = await client.get("/api/logs", params={**RANGE, "cursor": cursor, "level": "error"})
    assert (answer.status_code, "other filters" in answer.json()["detail"]) == (400, True)


async def test_a_line_that_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    await publish(client, line())
    name = (await asked(client))["items"][0]["id"]
    wrong = name[:-6] + ("AAAAAA" if name[-6:] != "AAAAAA" else "BBBBBB")
    assert (await client.get(f"/api/logs/{wrong}/around")).status_code == 404
