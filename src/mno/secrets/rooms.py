"""The runtime environment and its rotations as one piece: what the routes are built on."""

from dataclasses import dataclass

from mno.secrets.changes.service import Changes
from mno.secrets.rotation.service import Rotations
from mno.secrets.runtime.service import Runtime


@dataclass(frozen=True, slots=True)
class Rooms:
    """`runtime` is also what executions ask for their environment."""

    runtime: Runtime
    changes: Changes
    rotations: Rotations
