"""What a provider, a name for models and a key's limits must keep to: pure."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from mno.llm_gateway.model import (
    BASE_URLS,
    MAX_CACHE_S,
    MAX_CREDENTIAL_CHARACTERS,
    MAX_MODEL_CHARACTERS,
    MAX_MODELS_NAMED,
    MAX_PROVIDER_TIMEOUT_S,
    MAX_RETRIES,
    MAX_TARGETS_PER_ALIAS,
    KeyPolicy,
    ProviderKind,
    Target,
)
from mno.platform.errors import Invalid

#: What a base address may have.
MAX_ADDRESS_CHARACTERS = 500
#: The weight of one target.
MAX_WEIGHT = 1_000_000
#: The largest limit of a key that is believed.
MAX_KEY_LIMIT = 10**12

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def checked_name(name: str) -> str:
    """A provider's name stands in addresses."""
    if not _NAME.fullmatch(name):
        raise Invalid("A provider's name has 1 to 40 lower-case letters, digits and dashes, such as openai or my-vllm.")
    return name


def checked_address(kind: ProviderKind, address: str) -> str:
    """The base address that stands before every path; empty: the provider's own."""
    address = address.strip().rstrip("/") or BASE_URLS.get(kind, "")
    if not address:
        raise Invalid("A provider that speaks as OpenAI does needs its address, such as http://10.0.0.7:8000.")
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port != 0
    except ValueError:
        port_is_fine = False
    plain = address.isascii() and address.isprintable() and " " not in address
    plain = plain and len(address) <= MAX_ADDRESS_CHARACTERS
    if not (plain and port_is_fine) or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("The address must be an http or https address, such as https://api.openai.com.")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise Invalid("The address may hold no query, no fragment and no credential.")
    if ".." in parts.path.split("/"):
        raise Invalid("The address may not lead upwards.")
    return address


def checked_credential(credential: str) -> str:
    if not credential.isascii() or not credential.isprintable() or credential != credential.strip():
        raise Invalid("A credential is one line of plain ASCII.")
    if not 0 < len(credential) <= MAX_CREDENTIAL_CHARACTERS:
        raise Invalid(f"A credential has 1 to {MAX_CREDENTIAL_CHARACTERS} characters.")
    return credential


def checked_patterns(names: Sequence[str]) -> tuple[str, ...]:
    """Names of models, or patterns with `*`."""
    found = tuple(dict.fromkeys(name.strip() for name in names))
    if len(found) > MAX_MODELS_NAMED or not all(0 < len(name) <= MAX_MODEL_CHARACTERS for name in found):
        raise Invalid(f"Name {MAX_MODELS_NAMED} models at most, of {MAX_MODEL_CHARACTERS} characters each.")
    return found


def check_numbers(retries: int, timeout_s: int, cache_s: int) -> None:
    if not 0 <= retries <= MAX_RETRIES:
        raise Invalid(f"A call is tried again 0 to {MAX_RETRIES} times.")
    if not 1 <= timeout_s <= MAX_PROVIDER_TIMEOUT_S:
        raise Invalid(f"The beginning of an answer is awaited 1 to {MAX_PROVIDER_TIMEOUT_S} seconds.")
    if not 0 <= cache_s <= MAX_CACHE_S:
        raise Invalid(f"An answer is remembered 0 to {MAX_CACHE_S} seconds.")


def checked_alias_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_MODEL_CHARACTERS or not name.isprintable() or "*" in name:
        raise Invalid(f"A name for models has 1 to {MAX_MODEL_CHARACTERS} characters, and no *.")
    return name


def checked_targets(targets: Sequence[Target], kinds: dict[str, ProviderKind]) -> tuple[Target, ...]:
    """Targets speak alike, because nothing is translated; at least one has a weight."""
    if not 0 < len(targets) <= MAX_TARGETS_PER_ALIAS:
        raise Invalid(f"A name stands for 1 to {MAX_TARGETS_PER_ALIAS} targets.")
    speech = set()
    for target in targets:
        if target.provider not in kinds:
            raise Invalid(f"There is no provider '{target.provider[:80]}'.")
        if not 0 < len(target.model) <= MAX_MODEL_CHARACTERS or not target.model.isprintable():
            raise Invalid("A target needs the name of its model.")
        if not 0 <= target.weight <= MAX_WEIGHT:
            raise Invalid(f"A weight is 0 to {MAX_WEIGHT}.")
        kind = kinds[target.provider]
        speech.add(ProviderKind.OPENAI if kind is ProviderKind.COMPATIBLE else kind)
    if len(speech) > 1:
        raise Invalid("The targets of one name must speak alike: requests pass as they are, nothing is translated.")
    if not any(target.weight for target in targets):
        raise Invalid("At least one target needs a weight above 0.")
    return tuple(targets)


def check_policy(policy: KeyPolicy) -> None:
    for name in ("requests_per_minute", "tokens_per_minute", "concurrent_calls", "output_tokens"):
        value = getattr(policy, name)
        if value is not None and not 0 < value <= MAX_KEY_LIMIT:
            raise Invalid(f"{name} is a number above 0, or null for no limit.")
