"""What a process remembers of secrets, against a model: never longer than a second, never after a revocation."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from mno.identity.memory import REMEMBERED_S, RememberedPrincipals
from mno.platform import limits
from mno.platform.principal import Principal, PrincipalKind

NOBODY = Principal(PrincipalKind.API_KEY, UUID(int=1), "key", UUID(int=2), UUID(int=3), frozenset())

steps = st.lists(
    st.one_of(
        st.tuples(st.just("remember"), st.integers(0, 3)),
        st.tuples(st.just("forget"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.floats(0, 1.5)),
    )
)


@given(steps)
def test_a_principal_is_remembered_for_a_second_at_most_and_not_after_a_revocation(
    steps: list[tuple[str, float]],
) -> None:
    now = 0.0
    remembered = RememberedPrincipals(lambda: now)
    expected: dict[bytes, float] = {}
    for step, value in steps:
        secret = bytes([int(value)])
        if step == "wait":
            now += value
        elif step == "remember":
            remembered.remember(secret, NOBODY, remembered.generation)
            expected[secret] = now + REMEMBERED_S
        else:
            remembered.forget(secret)
            expected.pop(secret, None)
        for one in (bytes([n]) for n in range(4)):
            assert (remembered.get(one) is not None) == (expected.get(one, -1.0) >= now)


def test_what_was_read_before_a_revocation_is_not_remembered_after_it() -> None:
    remembered = RememberedPrincipals(lambda: 0.0)
    before = remembered.generation
    remembered.forget(b"key")
    remembered.remember(b"key", NOBODY, before)
    assert remembered.get(b"key") is None


def test_the_memory_has_a_bound() -> None:
    remembered = RememberedPrincipals(lambda: 0.0)
    for number in range(limits.MAX_REMEMBERED_PRINCIPALS + 10):
        remembered.remember(number.to_bytes(4, "big"), NOBODY, 0)
    assert (
        sum(remembered.get(n.to_bytes(4, "big")) is not None for n in range(limits.MAX_REMEMBERED_PRINCIPALS + 10))
        == 10
    )
