"""Teams, projects, people and groups over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from mno.identity.teams.groups.service import Groups
from mno.identity.teams.members.service import Members
from mno.identity.teams.model import MAX_PAGE_ITEMS
from mno.identity.teams.projects.service import Projects
from mno.identity.teams.schemas import (
    ConsequencesShape,
    GroupList,
    GroupMemberList,
    GroupMemberWish,
    GroupShape,
    GroupWish,
    MemberChange,
    MemberList,
    MemberShape,
    MoveWish,
    NewTeamShape,
    PersonRef,
    ProjectList,
    ProjectShape,
    ProjectWish,
    TeamChange,
    TeamList,
    TeamShape,
    TeamWish,
)
from mno.identity.teams.service import Teams
from mno.platform.http.gate import authenticated, require_open, requires, requires_on_target
from mno.platform.ids import parsed
from mno.platform.principal import Principal


async def open_team(request: Request, team_id: str) -> UUID:
    """The team of the path; `Denied` from an address that its allow list does not name."""
    wanted = parsed("team", team_id)
    require_open(request, wanted)
    return wanted


OpenTeam = Annotated[UUID, Depends(open_team)]
AnyCaller = Annotated[Principal, Depends(authenticated)]
TeamMaker = Annotated[Principal, Depends(requires("hub.teams.create"))]
TeamWriter = Annotated[Principal, Depends(requires_on_target("team.write"))]
ProjectMaker = Annotated[Principal, Depends(requires("projects.create"))]
ProjectReader = Annotated[Principal, Depends(requires_on_target("projects.read"))]
ProjectWriter = Annotated[Principal, Depends(requires_on_target("projects.write"))]
MemberReader = Annotated[Principal, Depends(requires("members.read"))]
MemberWriter = Annotated[Principal, Depends(requires("members.write"))]
GroupReader = Annotated[Principal, Depends(requires("groups.read"))]
GroupWriter = Annotated[Principal, Depends(requires("groups.write"))]

Preview = Annotated[bool, Query(description="Only say what the change would mean.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="Of the page before: its `next_cursor`.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)]


def router(teams: Teams, projects: Projects, members: Members, groups: Groups) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["teams"])
    _team_routes(routes, teams)
    _project_routes(routes, projects)
    _member_routes(routes, members)
    _group_routes(routes, groups)
    return routes


def _team_routes(routes: APIRouter, teams: Teams) -> None:
    @routes.get("/teams")
    async def list_teams(caller: AnyCaller) -> TeamList:
        """The teams that the caller belongs to; all of them for who may read the hub."""
        return TeamList(items=[TeamShape.of(team) for team in await teams.visible(caller)])

    @routes.post("/teams", status_code=201)
    async def create_team(maker: TeamMaker, wish: TeamWish) -> NewTeamShape:
        """A team with a first project. The person who makes it is its Owner."""
        return NewTeamShape.of_new(*await teams.create(maker, wish.name, wish.time_zone))

    @routes.get("/teams/{team_id}")
    async def get_team(caller: AnyCaller, team_id: OpenTeam) -> TeamShape:
        """One team that the caller may see."""
        return TeamShape.of(await teams.team(caller, team_id))

    @routes.patch("/teams/{team_id}")
    async def change_team(writer: TeamWriter, team_id: OpenTeam, wish: TeamChange) -> TeamShape:
        """Another name or time zone."""
        changed = await teams.change(writer, team_id, name=wish.name, zone=wish.time_zone)
        return TeamShape.of(changed)

    @routes.post("/teams/{team_id}/archive")
    async def archive_team(writer: TeamWriter, team_id: OpenTeam) -> TeamShape:
        """Ends the team's keys, sessions and open invitations at once. Its data stays; nobody acts in it any more."""
        return TeamShape.of(await teams.archive(writer, team_id))

    @routes.post("/teams/{team_id}/unarchive")
    async def unarchive_team(maker: TeamMaker, team_id: str) -> TeamShape:
        """People may act in it again; keys stay revoked."""
        return TeamShape.of(await teams.unarchive(maker, parsed("team", team_id)))


def _project_routes(routes: APIRouter, projects: Projects) -> None:
    @routes.get("/projects")
    async def list_projects(reader: ProjectReader) -> ProjectList:
        """The team's projects that the caller may read, archived ones last."""
        return ProjectList(items=[ProjectShape.of(project) for project in await projects.visible(reader)])

    @routes.post("/projects", status_code=201)
    async def create_project(maker: ProjectMaker, wish: ProjectWish) -> ProjectShape:
        """A project in the caller's team."""
        return ProjectShape.of(await projects.create(maker, wish.name))

    @routes.patch("/projects/{project_id}")
    async def rename_project(writer: ProjectWriter, project_id: str, wish: ProjectWish) -> ProjectShape:
        """Another name; nothing else changes."""
        return ProjectShape.of(await projects.rename(writer, parsed("prj", project_id), wish.name))

    @routes.post("/projects/{project_id}/archive")
    async def archive_project(writer: ProjectWriter, project_id: str, preview: Preview = False) -> ConsequencesShape:
        """Ends the project's keys and open invitations; what it holds stays to be read."""
        project, means = await projects.archive(writer, parsed("prj", project_id), preview=preview)
        return ConsequencesShape.of(project, means, preview=preview)

    @routes.post("/projects/{project_id}/unarchive")
    async def unarchive_project(writer: ProjectWriter, project_id: str) -> ProjectShape:
        """Takes a project out of the archive; its keys stay revoked."""
        return ProjectShape.of(await projects.unarchive(writer, parsed("prj", project_id)))

    @routes.post("/projects/{project_id}/move")
    async def move_project(
        writer: ProjectWriter, request: Request, project_id: str, wish: MoveWish, preview: Preview = False
    ) -> ConsequencesShape:
        """Lets the project go on in another team, where the caller needs `projects.create`.

        It goes on there under a new id; the old one is archived and keeps all spans and costs up to now. Keys that
        can only send data go along, every other key is revoked, roles on it end.
        """
        to_team = parsed("team", wish.team_id)
        require_open(request, to_team)
        project, means = await projects.move(writer, parsed("prj", project_id), to_team, preview=preview)
        return ConsequencesShape.of(project, means, preview=preview)


def _member_routes(routes: APIRouter, members: Members) -> None:
    @routes.get("/members")
    async def list_members(
        reader: MemberReader,
        search: Annotated[str, Query(max_length=200, description="A part of the name or address.")] = "",
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> MemberList:
        """The people of the team by name, with their roles and groups."""
        items, following = await members.page(reader, search=search, cursor=cursor, limit=limit)
        return MemberList(items=[MemberShape.of(member) for member in items], next_cursor=following)

    @routes.get("/members/{user_id}")
    async def get_member(reader: MemberReader, user_id: str) -> MemberShape:
        """One person of the team."""
        return MemberShape.of(await members.member(reader, parsed("usr", user_id)))

    @routes.patch("/members/{user_id}")
    async def change_member(writer: MemberWriter, user_id: str, wish: MemberChange) -> MemberShape:
        """Deactivates somebody in this team, which ends their sessions and keys at once, or activates them again."""
        return MemberShape.of(await members.set_active(writer, parsed("usr", user_id), active=wish.active))

    @routes.delete("/members/{user_id}", status_code=204)
    async def remove_member(writer: MemberWriter, user_id: str) -> None:
        """Ends a membership with its roles, groups, sessions and keys. The last Owner cannot be removed."""
        await members.remove(writer, parsed("usr", user_id))


def _group_routes(routes: APIRouter, groups: Groups) -> None:
    @routes.get("/groups")
    async def list_groups(reader: GroupReader, cursor: Cursor = None, limit: Limit = MAX_PAGE_ITEMS) -> GroupList:
        """The team's groups by name."""
        items, following = await groups.page(reader, cursor=cursor, limit=limit)
        return GroupList(items=[GroupShape.of(group) for group in items], next_cursor=following)

    @routes.post("/groups", status_code=201)
    async def create_group(writer: GroupWriter, wish: GroupWish) -> GroupShape:
        """An empty group; grant it a role to give one to everybody in it."""
        return GroupShape.of(await groups.create(writer, wish.name))

    @routes.patch("/groups/{group_id}")
    async def rename_group(writer: GroupWriter, group_id: str, wish: GroupWish) -> GroupShape:
        """Another name."""
        return GroupShape.of(await groups.rename(writer, parsed("grp", group_id), wish.name))

    @routes.delete("/groups/{group_id}", status_code=204)
    async def delete_group(writer: GroupWriter, group_id: str) -> None:
        """The group with the roles that it was granted; its people stay in the team."""
        await groups.delete(writer, parsed("grp", group_id))

    @routes.get("/groups/{group_id}/members")
    async def list_group_members(
        reader: GroupReader, group_id: str, cursor: Cursor = None, limit: Limit = 100
    ) -> GroupMemberList:
        """Who is in the group, by name."""
        items, following = await groups.page_of_members(reader, parsed("grp", group_id), cursor=cursor, limit=limit)
        people = [PersonRef.of(item["user_id"], item["name"], item["email"]) for item in items]
        return GroupMemberList(items=people, next_cursor=following)

    @routes.post("/groups/{group_id}/members", status_code=204)
    async def add_group_member(writer: GroupWriter, group_id: str, wish: GroupMemberWish) -> None:
        """Puts a person of the team into the group. Nobody can so give roles that they do not hold."""
        await groups.add(writer, parsed("grp", group_id), parsed("usr", wish.user_id))

    @routes.delete("/groups/{group_id}/members/{user_id}", status_code=204)
    async def remove_group_member(writer: GroupWriter, group_id: str, user_id: str) -> None:
        """Takes a person out of the group."""
        await groups.remove(writer, parsed("grp", group_id), parsed("usr", user_id))
