import re

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.system.openmetrics import Family, Kind, Point, written

_SAMPLE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{\w+="(?:[^"\\\n]|\\["\\n])*"(,\w+="(?:[^"\\\n]|\\["\\n])*")*\})? \S+')


def test_each_kind_is_written_as_the_specification_says() -> None:
    families = [
        Family("mno_spans", Kind.COUNTER, "Spans.", (Point(12),)),
        Family("mno_build", Kind.INFO, "Version.", (Point(1, {"version": "1.0"}),)),
        Family("mno_memory_bytes", Kind.GAUGE, "Memory.", (Point(1.5e12, {"part": "hub"}),), unit="bytes"),
        Family("mno_commit_seconds", Kind.SUMMARY, "Commit.", (Point(0.0125, {"quantile": "0.5"}),), unit="seconds"),
    ]
    assert written(families).splitlines() == [
        "# TYPE mno_spans counter",
        "# HELP mno_spans Spans.",
        "mno_spans_total 12",
        "# TYPE mno_build info",
        "# HELP mno_build Version.",
        'mno_build_info{version="1.0"} 1',
        "# TYPE mno_memory_bytes gauge",
        "# UNIT mno_memory_bytes bytes",
        "# HELP mno_memory_bytes Memory.",
        'mno_memory_bytes{part="hub"} 1500000000000',
        "# TYPE mno_commit_seconds summary",
        "# UNIT mno_commit_seconds seconds",
        "# HELP mno_commit_seconds Commit.",
        'mno_commit_seconds{quantile="0.5"} 0.0125',
        "# EOF",
    ]


@given(st.text(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_no_text_breaks_a_line(label: str, help_text: str, value: float) -> None:
    text = written([Family("m", Kind.GAUGE, help_text, (Point(value, {"l": label}),))])
    *_, sample, end, last = text.split("\n")
    assert (end, last) == ("# EOF", "")
    assert _SAMPLE.fullmatch(sample)
    assert float(sample.rpartition(" ")[2]) == value
    assert len(text.split("\n")) == 5
