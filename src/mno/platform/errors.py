"""The one family of errors that every feature raises.

It knows nothing of HTTP: `platform/http/problems.py` maps it once to RFC 9457 problem documents.
A message is written for the person who can do something about it: what was wrong, and what to do.
"""


class MnoError(Exception):
    """Base of all expected failures; `str(error)` is safe to show to the caller."""


class Invalid(MnoError):
    """The input breaks a documented rule."""


class NotFound(MnoError):
    """The thing does not exist, or not for this principal."""


class Conflict(MnoError):
    """The change contradicts what is already there."""


class Unauthenticated(MnoError):
    """No principal, or one that is not accepted any more."""


class Denied(MnoError):
    """The principal is known and may not do this."""


class VerificationRequired(Denied):
    """The principal may, once its person has shown a second factor again (POST /api/auth/verify)."""


class LimitExceeded(MnoError):
    """A documented limit was hit; `retry_after_s` is set where waiting helps."""

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLarge(LimitExceeded):
    """The input is bigger than its documented limit; sending it again will not help."""


class BudgetExhausted(LimitExceeded):
    """A budget that blocks has no room for this call; the message names it and when it resets."""


class PaymentRequired(BudgetExhausted):
    """The same of a budget in money whose owner wants it told as such."""


class Unsupported(Invalid):
    """The media type or the encoding is not one that we read."""


class Unavailable(MnoError):
    """An engine or a service that we need does not answer; the same call may work later."""

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
