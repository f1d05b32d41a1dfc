"""Whether whoever acts has shown only now who they are: what sensitive changes ask for besides a permission."""

from datetime import timedelta

from mno.platform import clock
from mno.platform.errors import VerificationRequired
from mno.platform.principal import Principal

#: How long a second factor counts as fresh where nothing else is said.
FRESH = timedelta(minutes=10)


def freshly_verified(principal: Principal, max_age: timedelta = FRESH) -> Principal:
    """The principal itself, or `VerificationRequired` when its person showed no factor within `max_age`.

    An API key can show none: what asks for this is for people.
    """
    if principal.verified_at is None or clock.now() - principal.verified_at > max_age:
        raise VerificationRequired(
            f"'{principal.name}' has to show a second factor for this, within the last "
            f"{max(1, int(max_age.total_seconds() // 60))} minutes: POST /api/auth/verify, then try again."
        )
    return principal


def freshly_verified_by_second_factor(principal: Principal) -> Principal:
    """The same where a password shown again is not enough."""
    if not freshly_verified(principal).second_factor:
        raise VerificationRequired(
            f"'{principal.name}' has shown a password only, and this wants a second factor: an authenticator app or a "
            "passkey, which the profile sets up."
        )
    return principal
