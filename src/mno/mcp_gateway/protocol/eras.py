"""Which era a server speaks, and what a request looks like in it: pure, whatever lies between."""

import mno
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import HANDSHAKE, MODERN, Object, Raw

_CLIENT = {"name": "mno", "version": mno.__version__}
#: What some client behind the hub may answer; for one that cannot, the hub refuses.
_CAPABILITIES: dict[str, dict[str, dict[str, str]]] = {
    "elicitation": {"form": {}, "url": {}},
    "sampling": {},
    "roots": {},
}


def is_modern(discovered: Object) -> bool:
    """Whether a response to `server/discover` says that the server speaks the era without sessions."""
    if "result" not in discovered:
        return False
    try:
        versions = message.object_of(discovered["result"]).get("supportedVersions")
        return versions is not None and MODERN in message.texts_of(versions)
    except ValueError:
        return False


def greeting(*, asks: bool = False) -> Object:
    """The parameters of `initialize`; `asks` where the server may ask back while it answers."""
    capabilities = _CAPABILITIES if asks else {}
    wish = {"protocolVersion": HANDSHAKE[-1], "capabilities": capabilities, "clientInfo": _CLIENT}
    return {name: Raw(message.encoded(value)) for name, value in wish.items()}


def agreed_version(initialized: Object) -> str:
    """The revision in a response to `initialize`; `ValueError` with the reason where there is none to speak."""
    if "result" not in initialized:
        raise ValueError(f"does not answer initialize: {message.told(initialized)}")
    try:
        version = message.text_of(message.object_of(initialized["result"]).get("protocolVersion")) or ""
    except ValueError:
        version = ""
    if version not in HANDSHAKE:
        raise ValueError(f"speaks the unknown revision '{version[:40]}'.")
    return version


def in_era(params: Object, version: str) -> Object:
    """The parameters with the envelope of the newer era, or without it."""
    meta = message.object_of(params["_meta"]) if "_meta" in params else {}
    if version == MODERN:
        meta[message.VERSION_KEY] = Raw(message.encoded(MODERN))
        meta.setdefault(message.CLIENT_KEY, Raw(message.encoded(_CLIENT)))
        meta.setdefault(message.CAPABILITIES_KEY, Raw(b"{}"))
    else:
        meta = {name: value for name, value in meta.items() if name not in message.ENVELOPE_KEYS}
    rest = {name: value for name, value in params.items() if name != "_meta"}
    return {**rest, "_meta": Raw(message.encoded(meta))} if meta else rest
