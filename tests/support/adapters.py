"""The validators of routes, built once for a process and not once for each application.

Nearly every test makes an application of its own, most of whose time goes into validators that are the same each
time; under the measuring of coverage it was half a second. They have no state, so applications may share them.
"""

from typing import Any

from fastapi._compat import v2
from pydantic import TypeAdapter

_built: dict[str, tuple[object, TypeAdapter[Any]]] = {}


def share_adapters() -> None:
    """For every application that this process makes from now on."""
    vars(v2)["TypeAdapter"] = _adapter


def _adapter(annotation: Any, *, config: Any = None) -> TypeAdapter[Any]:
    parts = (annotation.__origin__, *annotation.__metadata__)
    key = repr((parts, [id(part) for part in parts if isinstance(part, type)], config))
    if "<locals>" in key:  # a class or function that is made anew under the same name
        return TypeAdapter(annotation, config=config)
    if key not in _built:
        # the annotation is kept, so that no address in the key becomes another's
        _built[key] = annotation, TypeAdapter(annotation, config=config)
    return _built[key][1]
