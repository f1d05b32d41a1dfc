"""How a client hears that its user must connect a server first: as a page to open, where it says that it opens pages.

Source: the specification of MCP, revision 2025-11-25, "URL Elicitation Required Error" (later revisions have none).
"""

from mno.mcp_gateway.credentials.model import CredentialWanted
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Raw, RpcError
from mno.platform.errors import MnoError
from mno.platform.ids import new_id

URL_ELICITATION_REQUIRED = -32042


def as_page(wanted: CredentialWanted, capabilities: Raw, request_id: bytes) -> MnoError:
    """The error with the page to open, for a client with these capabilities; else the error itself."""
    if not _opens_pages(capabilities):
        return wanted
    page = {"mode": "url", "elicitationId": str(new_id()), "url": wanted.page, "message": str(wanted)}
    return RpcError(URL_ELICITATION_REQUIRED, str(wanted), {"elicitations": [page]}, request_id=request_id)


def _opens_pages(capabilities: Raw) -> bool:
    try:
        declared = message.value_of(capabilities)
    except ValueError:
        return False
    elicitation = declared.get("elicitation") if isinstance(declared, dict) else None
    return isinstance(elicitation, dict) and isinstance(elicitation.get("url"), dict)
