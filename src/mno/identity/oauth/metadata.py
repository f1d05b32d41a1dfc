"""What the hub says about itself to clients that know its address only: pure.

Sources: RFC 8414 (authorization server), RFC 9728 (protected resource), RFC 9207 and the draft on client id metadata
documents for what they add.
"""

from typing import Any

from mno.identity.oauth.model import PERMISSIONS, AuthMethod
from mno.identity.oauth.rules import RESOURCE_PATH


def authorization_server(base_url: str) -> dict[str, Any]:
    methods = [str(one) for one in AuthMethod]
    return {
        "issuer": base_url,
        "authorization_endpoint": f"{base_url}/oauth/authorize",
        "token_endpoint": f"{base_url}/oauth/token",
        "registration_endpoint": f"{base_url}/oauth/register",
        "revocation_endpoint": f"{base_url}/oauth/revoke",
        "scopes_supported": list(PERMISSIONS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "ui_locales_supported": ["en", "zh-Hant", "zh-Hans"],
    }


def protected_resource(base_url: str, server: str = "") -> dict[str, Any]:
    """Of all tools, or of one server."""
    return {
        "resource": f"{base_url}{RESOURCE_PATH}{f'/{server}' if server else ''}",
        "authorization_servers": [base_url],
        "scopes_supported": list(PERMISSIONS),
        "bearer_methods_supported": ["header"],
        "resource_name": "MachineNativeOps",
    }
