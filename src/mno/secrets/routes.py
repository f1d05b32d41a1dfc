"""The runtime environment over HTTP: names, purposes and histories of secrets, values of variables only."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from mno.platform.http.gate import requires, requires_on_target
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal
from mno.platform.scope import Level
from mno.secrets.rooms import Rooms
from mno.secrets.runtime.model import MAX_SCOPE_NAME_CHARACTERS, Kind
from mno.secrets.runtime.service import Wanted
from mno.secrets.schemas import (
    ChangeShape,
    EntryList,
    EntryShape,
    EntryWish,
    HistoryShape,
    ProtectionShape,
    ProtectionWish,
    RotationList,
    RotationShape,
    ScopeLevel,
)

Reader = Annotated[Principal, Depends(requires_on_target("secrets.read"))]
Writer = Annotated[Principal, Depends(requires_on_target("secrets.write"))]
HubWriter = Annotated[Principal, Depends(requires("hub.settings.write"))]
Cursor = Annotated[str, Query(max_length=200, description="`next_cursor` of the page before.")]
AskedProject = Annotated[str | None, Query(max_length=60, description="`prj_…`; nothing means the team's own scope.")]

#: Entries of one page.
MAX_RUNTIME_ENTRIES_PER_PAGE = 200
_WAITING: dict[int | str, dict[str, Any]] = {
    202: {"model": ChangeShape, "description": "It waits for a second person."}
}


def router(rooms: Rooms) -> APIRouter:
    routes = APIRouter(prefix="/api/config/runtime", tags=["secrets"])
    _entries(routes, rooms)
    _protection(routes, rooms)
    _rotations(routes, rooms)
    _one(routes, rooms)
    return routes


def _entries(routes: APIRouter, rooms: Rooms) -> None:
    @routes.get("")
    async def list_runtime_entries(
        reader: Reader,
        level: ScopeLevel | None = None,
        project: Annotated[str | None, Query(max_length=60, description="`prj_…`")] = None,
        scope_name: Annotated[str, Query(max_length=MAX_SCOPE_NAME_CHARACTERS, description="An agent or task.")] = "",
        kind: Kind | None = None,
        cursor: Cursor = "",
        limit: Annotated[int, Query(ge=1, le=MAX_RUNTIME_ENTRIES_PER_PAGE)] = 100,
    ) -> EntryList:
        """Secrets (name, purpose, scope, last rotation, never the value) and variables that the caller may see.

        A page may have fewer entries than asked for, where single agents or tasks are denied to the caller.
        """
        wanted = Wanted(Level(level) if level else None, parsed("prj", project) if project else None, scope_name, kind)
        after = parsed("sec", cursor) if cursor else None
        found, following = await rooms.runtime.page(reader, wanted, after, limit)
        return EntryList(
            items=[EntryShape.of(entry) for entry in found],
            next_cursor=shown("sec", following) if following else None,
        )

    @routes.put("", responses=_WAITING)
    async def set_runtime_entry(writer: Writer, wish: EntryWish, response: Response) -> ChangeShape:
        """Adds or changes a secret or a variable on a scope. 202 where a second person confirms it first.

        403 with the type `urn:mno:problem:verification-required` where a fresh second factor is demanded, 409 when
        the entry has changed since `version`.
        """
        shape = ChangeShape.of(await rooms.changes.set(writer, wish.wish(writer.team_id)))
        _told(shape, response)
        return shape


def _protection(routes: APIRouter, rooms: Rooms) -> None:
    @routes.get("/protection")
    async def get_runtime_protection(reader: Reader, project: AskedProject = None) -> ProtectionShape:
        """What adding, changing and deleting demands on a project, or on the team's own scope."""
        project_id = parsed("prj", project) if project else None
        return ProtectionShape.of(await rooms.runtime.protection(reader, project_id))

    @routes.put("/protection")
    async def set_runtime_protection(writer: Writer, wish: ProtectionWish) -> ProtectionShape:
        """Demands a second person, a fresh second factor, or both; demanding less waits for a second person where
        one was demanded (`approval`).
        """
        found, approval_id = await rooms.changes.protect(writer, wish.protection())
        return ProtectionShape.of(found, approval_id)


def _rotations(routes: APIRouter, rooms: Rooms) -> None:
    @routes.get("/rotations")
    async def list_rotations(reader: Reader) -> RotationList:
        """Rotations of the team's data key, and for who may read the hub's settings those of the hub."""
        found = await rooms.rotations.rotations(reader)
        return RotationList(items=[RotationShape.from_rotation(one) for one in found])

    @routes.post("/rotations/data-key", status_code=HTTPStatus.ACCEPTED)
    async def rotate_data_key(writer: Writer) -> RotationShape:
        """A new data key for the team; its secrets are encrypted anew in the background. Takes secrets.write in the
        whole team.
        """
        return RotationShape.from_rotation(await rooms.rotations.rotate_data_key(writer))

    @routes.post("/rotations/hub-data-key", status_code=HTTPStatus.ACCEPTED)
    async def rotate_hub_data_key(writer: HubWriter) -> RotationShape:
        """A new data key for the hub's own credentials and what it keeps sealed for people."""
        return RotationShape.from_rotation(await rooms.rotations.rotate_hub_data_key(writer))

    @routes.post("/rotations/master-key", status_code=HTTPStatus.ACCEPTED)
    async def rotate_master_key(writer: HubWriter) -> RotationShape:
        """Every data key under a new master key: a new one in the data folder, or the first in MNO_MASTER_KEY."""
        return RotationShape.from_rotation(await rooms.rotations.rotate_master_key(writer))


def _one(routes: APIRouter, rooms: Rooms) -> None:
    @routes.get("/{entry_id}")
    async def get_runtime_entry(reader: Reader, entry_id: str) -> EntryShape:
        """One entry; of a secret everything but its value."""
        return EntryShape.of(await rooms.runtime.get(reader, parsed("sec", entry_id)))

    @routes.get("/{entry_id}/history")
    async def get_runtime_history(
        reader: Reader,
        entry_id: str,
        cursor: Cursor = "",
        limit: Annotated[int, Query(ge=1, le=MAX_RUNTIME_ENTRIES_PER_PAGE)] = 50,
    ) -> HistoryShape:
        """When its versions were set and by whom, and the audit entries about it: changes, uses, refused uses."""
        return HistoryShape.of(await rooms.runtime.history(reader, parsed("sec", entry_id), limit, cursor))

    @routes.delete("/{entry_id}", responses=_WAITING)
    async def delete_runtime_entry(
        writer: Writer,
        entry_id: str,
        response: Response,
        version: Annotated[int | None, Query(ge=1, description="Only this version.")] = None,
    ) -> ChangeShape:
        """Deletes an entry with its value. 202 where a second person confirms it first; 403 and 409 as for PUT."""
        shape = ChangeShape.of(await rooms.changes.delete(writer, parsed("sec", entry_id), version))
        _told(shape, response)
        return shape


def _told(shape: ChangeShape, response: Response) -> None:
    if shape.state == "waiting":
        response.status_code = HTTPStatus.ACCEPTED
