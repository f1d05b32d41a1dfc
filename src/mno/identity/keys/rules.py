"""What a wish for a key must keep to, and from where a key may be used: pure."""

import ipaddress
from collections.abc import Iterable
from datetime import datetime

from mno.identity.keys.model import MAX_ADDRESS_RANGES, KeyWish, Network
from mno.identity.policy.model import MAX_PERMISSIONS_PER_ROLE, MAX_SCOPE_NAME_CHARACTERS
from mno.identity.policy.rules import nearest
from mno.platform.errors import Invalid
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.permissions import ALL, HUB, TEAM


def checked_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise Invalid(f"A key needs a name of at most {MAX_NAME_CHARACTERS} characters.")
    return name


def check_abilities(wish: KeyWish) -> None:
    """`Invalid` for a key that may nothing, or names something that is none."""
    if not wish.scopes and not wish.permissions:
        raise Invalid("A key needs at least one scope (ingest, read, admin or gateway) or a permission.")
    if len(wish.permissions) > MAX_PERMISSIONS_PER_ROLE:
        raise Invalid(f"A key may name {MAX_PERMISSIONS_PER_ROLE} permissions at most; use a scope.")
    for name in wish.permissions:
        if name not in ALL:
            raise Invalid(f"'{name[:80]}' is no permission. Did you mean '{nearest(name[:80])}'?")
        if name in HUB:
            raise Invalid(f"{name} is asked of the whole hub; a key gets it by a grant on the hub only.")
        if wish.agent and name in TEAM:
            raise Invalid(f"{name} is asked of the team; a key for one agent cannot have it.")
    if len(wish.agent) > MAX_SCOPE_NAME_CHARACTERS:
        raise Invalid(f"An agent's name has {MAX_SCOPE_NAME_CHARACTERS} characters at most.")


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise Invalid("The time at which a key expires needs a time zone, such as 2027-01-01T00:00:00Z.")
    if expires_at <= now:
        raise Invalid("A key cannot expire in the past.")


def parsed_addresses(texts: Iterable[str]) -> tuple[Network, ...]:
    """Ranges in CIDR form, or single addresses; each once."""
    networks: dict[Network, None] = {}
    for text in texts:
        try:
            networks[ipaddress.ip_network(text.strip(), strict=False)] = None
        except ValueError:
            raise Invalid(
                f"'{text[:60]}' is no address range. Write 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32."
            ) from None
    if len(networks) > MAX_ADDRESS_RANGES:
        raise Invalid(f"A key may have {MAX_ADDRESS_RANGES} address ranges at most.")
    return tuple(networks)


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether a caller's address lies in one of the ranges; an IPv4 address in IPv6's clothes counts as IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)
