"""What is posted makes the ledger say what the usage says, to the last digit."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ledger.model import Key, LedgerKind, Sums
from mno.observability.ledger.posting import postings

keys = st.builds(
    Key,
    *(st.sampled_from("ab") for _ in range(2)),
    st.just(""),
    st.just(""),
    st.just(""),
    st.sampled_from([(), ("t=1",)]),
)
amounts = st.integers(-(10**18), 10**18)
books = st.dictionaries(keys, st.builds(Sums, amounts, amounts, amounts), max_size=6)


def added(written: Mapping[Key, Sums], usage: Mapping[Key, Sums]) -> dict[Key, Sums]:
    found = dict(written)
    for posting in postings(usage, written):
        before = found.get(posting.key, Sums())
        found[posting.key] = Sums(*(one + other for one, other in zip(before, posting.sums, strict=True)))
    return found


@given(books, books)
def test_after_posting_the_sums_are_those_of_the_usage(usage: dict[Key, Sums], written: dict[Key, Sums]) -> None:
    after = added(written, usage)
    assert all(after.get(key, Sums()) == usage.get(key, Sums()) for key in {*after, *usage})
    assert postings(usage, after) == []


def test_the_first_of_an_hour_is_usage_and_what_comes_later_an_adjustment() -> None:
    key, other = Key("openai", "gpt-4o", "", "", "", ()), Key("openai", "gpt-5", "", "", "", ())
    found = postings({key: Sums(7, 2, 1), other: Sums(1, 1, 1)}, {key: Sums(5, 2, 1)})
    assert [(posting.kind, posting.key, posting.sums) for posting in found] == [
        (LedgerKind.ADJUSTMENT, key, Sums(2, 0, 0)),
        (LedgerKind.USAGE, other, Sums(1, 1, 1)),
    ]
