"""One-time codes of an authenticator app (RFC 6238), and the recovery codes that stand in for a lost one."""

import hmac
import secrets

import pyotp

from mno.platform import crypto

#: Codes of the period before and after count too: clocks differ.
MAX_SKEW_STEPS = 1
#: How long one code holds, in seconds.
PERIOD_S = 30
RECOVERY_CODES = 10
_ISSUER = "MachineNativeOps"
#: Without letters and digits that look like others.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """160 random bits in base32, as the authenticator apps want them."""
    return pyotp.random_base32(32)


def uri_of(secret: str, account: str) -> str:
    """What stands in the QR code (`otpauth://totp/…`)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=_ISSUER)


def step_of(secret: str, code: str, now_s: float, last_step: int) -> int | None:
    """The period that this code is of; None when it is wrong, or its period is not after `last_step`."""
    digits = code.replace(" ", "")
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    here = int(now_s) // PERIOD_S
    found = None
    for step in range(here - MAX_SKEW_STEPS, here + MAX_SKEW_STEPS + 1):
        # all are compared, so that the time says nothing about which one was right
        if hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step), digits) and step > last_step:
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Ten codes of 79 random bits, too many to guess even for one who has their SHA-256."""
    return [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]


def recovery_fingerprint(code: str) -> bytes:
    """By which a recovery code is found again, however it was typed."""
    return crypto.fingerprint("".join(code.lower().split()).replace("-", ""))
