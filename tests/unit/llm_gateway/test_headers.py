"""What passes between client and provider, and what never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.llm_gateway.headers import answer_headers, check_path, check_request, request_head
from mno.platform.errors import Invalid


def head(headers: list[tuple[bytes, bytes]], credential: dict[bytes, bytes] | None = None) -> bytes:
    return request_head("POST", "/v1/x", "api.example.com", headers, credential or {}, 7)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"5"), (b"content-length", b"6")],
        [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"transfer-encoding", b"identity")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"0x5")],
        [(b"x-note", b"a\r\nx-smuggled: 1")],
        [(b"x-note", b"a\x00b")],
    ],
)
def test_a_request_of_two_meanings_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Invalid):
        check_request(headers)


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/../admin",
        b"/v1/%2e%2E/x",
        b"/.",
        b"/v1/./x",
        b"/v1/..",
        b"/v1/a b",
        b"/v1/\r\nx",
        b"/v1\\x",
        b"/v1//x",
        b"/v1/chat%2Fx",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: bytes) -> None:
    with pytest.raises(Invalid):
        check_path(path)


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1beta/models/gemini-2.5:generate", b"/v1/files/a..b"])
def test_an_ordinary_path_passes_as_it_came(path: bytes) -> None:
    assert check_path(path) == path.decode()


def test_who_calls_stays_here_and_everything_unknown_goes_on() -> None:
    sent = head(
        [
            (b"host", b"hub"),
            (b"authorization", b"Bearer mno_secret"),
            (b"x-api-key", b"mno_secret"),
            (b"x-goog-api-key", b"mno_secret"),
            (b"cookie", b"mno_session=1"),
            (b"content-length", b"99"),
            (b"transfer-encoding", b"chunked"),
            (b"connection", b"close, x-of-this-hop"),
            (b"x-of-this-hop", b"1"),
            (b"x-mno-user", b"ada"),
            (b"x-forwarded-for", b"10.0.0.1"),
            (b"accept-encoding", b"gzip, br"),
            (b"anthropic-version", b"2023-06-01"),
            (b"openai-organization", b"org"),
            (b"x-new-thing", b"yes"),
            (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"),
        ],
        {b"authorization": b"Bearer sk-provider"},
    )
    lines = sent.split(b"\r\n")
    assert lines[0] == b"POST /v1/x HTTP/1.1"
    assert b"mno_" not in sent
    assert sorted(line.partition(b":")[0] for line in lines[1:] if line) == [
        b"accept-encoding", b"anthropic-version", b"authorization", b"content-length", b"host", b"openai-organization",
        b"traceparent", b"x-new-thing",
    ]  # fmt: skip
    assert b"authorization: Bearer sk-provider" in lines
    assert b"content-length: 7" in lines
    assert b"host: api.example.com" in lines


def test_a_provider_says_nothing_about_our_pages() -> None:
    kept = answer_headers(
        [
            (b"content-type", b"application/json"),
            (b"content-length", b"5"),
            (b"set-cookie", b"a=b"),
            (b"content-security-policy", b"default-src *"),
            (b"access-control-allow-origin", b"*"),
            (b"transfer-encoding", b"chunked"),
            (b"connection", b"keep-alive, x-hop"),
            (b"x-hop", b"1"),
            (b"x-request-id", b"req_1"),
            (b"retry-after", b"3"),
        ],
        keeps_length=True,
    )
    assert kept == [
        (b"content-type", b"application/json"),
        (b"content-length", b"5"),
        (b"x-request-id", b"req_1"),
        (b"retry-after", b"3"),
    ]


names = st.text(alphabet="abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(str.encode)
values = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=20).map(str.encode)


@given(st.lists(st.tuples(names, values), max_size=12))
def test_a_request_has_one_length_one_host_and_one_end(headers: list[tuple[bytes, bytes]]) -> None:
    sent = head(headers, {b"x-api-key": b"sk"})
    assert sent.count(b"\r\n\r\n") == 1
    assert sent.endswith(b"\r\n\r\n")
    written = [line.partition(b":")[0] for line in sent.split(b"\r\n")[1:] if line]
    for name in (b"content-length", b"host", b"x-api-key"):
        assert written.count(name) == 1
    assert b"transfer-encoding" not in written
