"""How a feature offers what it can do as tools: a declaration with typed arguments, which the MCP gateway serves.

It stands here because features and the gateway know nothing of each other; bootstrap brings them together.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from mno.platform.principal import Principal

Wish = TypeVar("Wish", bound=BaseModel)
Result = TypeVar("Result", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class HubTool(Generic[Wish, Result]):
    """One tool. `name` is its own, without its server's: `publish`. Its arguments are a `wish`, in JSON `result` comes
    back, and `told` says the same in a few words.
    """

    name: str
    description: str
    #: What the caller needs; who lacks it does not see the tool.
    permission: str
    wish: type[Wish]
    result: type[Result]
    run: Callable[[Principal, Wish], Awaitable[Result]]
    told: Callable[[Result], str]
    #: Whether it only looks; what changes something may still be repeated, or destroy nothing.
    reads: bool = True
    idempotent: bool = True
    destroys: bool = False


@dataclass(frozen=True, slots=True)
class HubServer:
    """A server of the hub's own: `/mcp/{name}`."""

    name: str
    description: str
    tools: tuple[HubTool[Any, Any], ...]
