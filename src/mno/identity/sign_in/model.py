"""What was shown, by whom, and how long it holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

#: How long a one-time link works.
SIGN_IN_LINK_LIFETIME = timedelta(hours=1)
#: How long a session lasts at most, unless `security.session_hours` says otherwise.
SESSION_LIFETIME = timedelta(days=30)
#: How long a session lasts that nobody uses, unless `security.session_idle_hours` says otherwise.
SESSION_IDLE_LIFETIME = timedelta(days=7)
#: Sessions of one person; the one that was not seen for longest ends for a new one.
MAX_SESSIONS_PER_PERSON = 100
#: A session's last use is written down this often at most.
LAST_SEEN_RESOLUTION = timedelta(minutes=1)
#: How long something that was begun waits for its second half (a passkey, a provider's answer, a second factor).
CEREMONY_LIFETIME = timedelta(minutes=10)
#: How long a link works that proves an address.
VERIFY_LINK_LIFETIME = timedelta(days=2)
#: How long a link works that sets a new password.
RESET_LINK_LIFETIME = timedelta(hours=1)
#: How long a browser in which somebody signed in stays known.
KNOWN_DEVICE_LIFETIME = timedelta(days=180)


class Factor(StrEnum):
    """What somebody showed."""

    LINK = "link"
    PASSWORD = "password"  # noqa: S105 - the name of a factor
    PASSKEY = "passkey"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    GITHUB = "github"
    OIDC = "oidc"
    #: A second factor that a trusted provider says it saw.
    PROVIDER_FACTOR = "provider_factor"
    #: An invitation that was accepted: it came to the address and works once.
    INVITATION = "invitation"


#: Any of these satisfies a role that demands a second factor. A passkey does alone: it is had and unlocked.
SECOND_FACTORS = frozenset({Factor.PASSKEY, Factor.TOTP, Factor.RECOVERY_CODE, Factor.PROVIDER_FACTOR})


@dataclass(frozen=True, slots=True)
class Person:
    """Who wants to come in."""

    id: UUID
    name: str
    email: str
    email_verified: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session acts."""

    team_id: UUID
    project_id: UUID


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in, without its secret."""

    id: UUID
    user_id: UUID
    team_id: UUID
    project_id: UUID
    address: str
    agent: str
    factors: tuple[Factor, ...]
    verified_at: datetime | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in gives to the browser: its session's secret, and one by which the browser is known again."""

    token: str
    device: str
    user_id: UUID


@dataclass(frozen=True, slots=True)
class FactorWanted:
    """The first factor was right, and the account asks for a second one; `token` is shown with it."""

    token: str
    factors: tuple[Factor, ...]
