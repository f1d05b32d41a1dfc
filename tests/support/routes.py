"""Every route of an application with its methods and what its dependencies ask for."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from mno.platform.http.gate import authenticated, permission_named_by


@dataclass(frozen=True)
class Entrance:
    """One method of one route."""

    method: str
    path: str
    permissions: frozenset[str]
    #: Whether the gate is asked at all.
    asks: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def entrances(app: FastAPI) -> list[Entrance]:
    """All, the one that answers with web pages left out."""
    found = []
    for prefix, route in _walk(app.router.routes, ""):
        if prefix + route.path == "/{path:path}":
            continue
        dependencies = list(_calls(route.dependant))
        permissions = frozenset(name for call in dependencies if (name := permission_named_by(call)) is not None)
        asks = bool(permissions) or authenticated in dependencies
        found += [Entrance(method, prefix + route.path, permissions, asks) for method in sorted(route.methods or ())]
    return found


def _walk(routes: list[BaseRoute], prefix: str) -> Iterator[tuple[str, APIRoute]]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield prefix, route
            continue
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes, prefix + route.include_context.prefix)  # type: ignore[attr-defined]


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
