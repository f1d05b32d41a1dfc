"""What a caller allows one call of its own: it narrows, and never widens."""

from fnmatch import fnmatchcase

from mno.mcp_gateway.calls.performing import Wanted
from mno.mcp_gateway.offers.tools import Tool
from mno.mcp_gateway.policies.rules import is_read_only
from mno.platform.errors import Denied


def check_caps(wanted: Wanted, tool: Tool) -> None:
    """`Denied` for a tool that the call's own caps leave out."""
    caps, name = wanted.caps, wanted.ready.permission_name(wanted.tool)
    if caps.tools is not None and not any(fnmatchcase(name, pattern) for pattern in caps.tools):
        raise Denied(f"The caps of this call name other tools than '{name}'.")
    if caps.read_only and not is_read_only(tool.value):
        raise Denied(f"The caps of this call allow only tools that change nothing; '{name}' is not marked as such.")
