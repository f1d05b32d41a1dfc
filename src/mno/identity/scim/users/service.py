"""A directory's people: who is in the team, what they are called there, and whether they may come in.

A directory speaks for one team. It makes and ends memberships in this team and touches nothing of a person in
another. `active: false` and DELETE end the person's sessions and keys in this team at once; an account that is active
in no team is deactivated with it. The account's own name and address it sets only where it made the account and no
other team has it: or the directory of one team could take over somebody's account in another by their address. Nor does
an account join whose owner took an address that they did not prove: somebody else may be meant.
"""

from typing import Any
from uuid import UUID

from scim2_models import Meta, NotFoundException, UniquenessException

from mno.audit.service import Audit
from mno.identity.scim import requests
from mno.identity.scim.resources import MAX_DIRECTORY_EMAILS, MAX_FILTERED_RESOURCES, Address, User
from mno.identity.scim.users import store
from mno.identity.teams.members import store as people
from mno.identity.teams.members.service import Members
from mno.identity.teams.model import Language, Person
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid
from mno.platform.ids import new_id, parsed, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.mail import address_of
from mno.platform.principal import Principal

_COLUMNS = {"id": "id", "username": "user_name", "externalid": "external_id"}
#: What stands in columns of its own, or is no business of the directory.
_NOT_KEPT = {"id", "schemas", "meta", "userName", "externalId", "active", "groups"}


class DirectoryUsers:
    """The members of a key's team, as SCIM users. `base` in every method is the address of the SCIM endpoints."""

    def __init__(self, database: Database, members: Members, audit: Audit) -> None:
        self._database = database
        self._members = members
        self._audit = audit

    async def page(self, principal: Principal, asked: requests.Listing, base: str) -> tuple[int, list[User]]:
        """How many match, and the asked part of them."""
        team_id = principal.team_id
        async with self._database.transaction(team_id) as tx:
            if asked.filter is None:
                total = await store.count_users(tx, team_id)
                rows = await store.users(tx, team_id, {}, limit=asked.count, offset=asked.start)
                return total, await self._resources(tx, team_id, rows, base)
            wanted = requests.parsed_filter(User, asked.filter)
            narrow = requests.narrowing(wanted.ast, _COLUMNS)
            if "id" in narrow:
                narrow["id"] = _uuid(narrow["id"])
            rows = await store.users(tx, team_id, narrow, limit=MAX_FILTERED_RESOURCES + 1)
            requests.require_few(len(rows))
            found = [user for user in await self._resources(tx, team_id, rows, base) if wanted.match(user)]
        return len(found), found[asked.start : asked.start + asked.count]

    async def user(self, principal: Principal, user_id: str, base: str) -> User:
        async with self._database.transaction(principal.team_id) as tx:
            row = await self._row(tx, principal, user_id)
            return (await self._resources(tx, principal.team_id, [row], base))[0]

    async def create(self, principal: Principal, body: dict[str, Any], base: str) -> User:
        """`UniquenessException` for somebody who is in the team; an account that exists elsewhere joins it."""
        wanted = requests.created(User, body)
        _check(wanted)
        user_name = wanted.user_name or ""
        email = _email(wanted)
        team_id = principal.team_id
        async with self._database.across_teams() as tx:
            if await store.user_named(tx, team_id, user_name) is not None:
                raise UniquenessException(detail=f"Somebody in this team is called '{user_name}' already.")
            person = await people.person_by_email(tx, email) if email else None
            if person is not None and await people.member(tx, team_id, person.id) is not None:
                raise UniquenessException(detail=f"Somebody in this team has the address {email} already.")
            if person is not None and person.email_verified_at is None and await store.has_a_way_in(tx, person.id):
                raise UniquenessException(
                    detail=f"The account with the address {email} has not proved that it is theirs; it cannot join."
                )
            if person is None:
                person = Person(new_id(), _name(wanted), email, None, None, _language(wanted))
                await people.insert_person(tx, person)
                await store.set_provisioned(tx, team_id, person.id)
            await self._members.join(tx, principal, team_id, person.id)
            await self._save(tx, team_id, person.id, wanted)
            await self._audit.record(
                tx,
                principal,
                "members.provision",
                shown("usr", person.id),
                name=person.name,
                after={"user_name": user_name, "email": email},
                team_id=team_id,
            )
            if wanted.active is False:
                await self._set_active(tx, principal, person.id, active=False)
            return await self._read(tx, team_id, person.id, base)

    async def replace(self, principal: Principal, user_id: str, body: dict[str, Any], base: str) -> User:
        return await self._change(principal, user_id, body, base, requests.replaced)

    async def patch(self, principal: Principal, user_id: str, body: dict[str, Any], base: str) -> User:
        return await self._change(principal, user_id, body, base, requests.patched)

    async def delete(self, principal: Principal, user_id: str) -> None:
        """Ends the membership, with the roles and groups that it held."""
        async with self._database.across_teams() as tx:
            row = await self._row(tx, principal, user_id, lock=True)
            found = await people.member(tx, principal.team_id, row["user_id"], lock=True)
            assert found is not None
            await self._members.end_membership(tx, principal, found)

    async def _change(self, principal: Principal, user_id: str, body: dict[str, Any], base: str, made: Any) -> User:
        team_id = principal.team_id
        async with self._database.across_teams() as tx:
            row = await self._row(tx, principal, user_id, lock=True)
            original = (await self._resources(tx, team_id, [row], base))[0]
            wanted: User = made(User, body, original)
            if wanted.active is None:
                wanted.active = original.active
            _check(wanted)
            before, after = _plain(original), _plain(wanted)
            if before != after:
                other = await store.user_named(tx, team_id, wanted.user_name or "")
                if other not in (None, row["user_id"]):
                    raise UniquenessException(detail=f"Somebody in this team is called '{wanted.user_name}' already.")
                await self._save(tx, team_id, row["user_id"], wanted)
                await self._update_account(tx, team_id, row, wanted)
                await self._audit.record(
                    tx,
                    principal,
                    "members.update",
                    shown("usr", row["user_id"]),
                    name=_name(wanted),
                    before=before,
                    after=after,
                    team_id=team_id,
                )
            if wanted.active is not None and wanted.active != original.active:
                await self._set_active(tx, principal, row["user_id"], active=wanted.active)
            return await self._read(tx, team_id, row["user_id"], base)

    async def _update_account(self, tx: Connection, team_id: UUID, row: store.Row, wanted: User) -> None:
        await people.lock_person(tx, row["user_id"])
        if row["provisioned_by"] != team_id or await store.belongs_elsewhere(tx, team_id, row["user_id"]):
            return
        email = _email(wanted) or row["email"]
        try:
            await people.update_person(tx, row["user_id"], name=_name(wanted), email=email)
        except Conflict as taken:
            raise UniquenessException(detail=str(taken)) from None
        if _language(wanted):
            await store.set_language(tx, row["user_id"], _language(wanted))

    async def _set_active(self, tx: Connection, principal: Principal, user_id: UUID, *, active: bool) -> None:
        found = await people.member(tx, principal.team_id, user_id, lock=True)
        assert found is not None
        await self._members.change_active(tx, principal, found, active=active)

    async def _save(self, tx: Connection, team_id: UUID, user_id: UUID, wanted: User) -> None:
        kept = {name: value for name, value in wanted.model_dump().items() if name not in _NOT_KEPT}
        await store.save(
            tx,
            team_id,
            user_id,
            user_name=wanted.user_name or "",
            external_id=wanted.external_id,
            directory=kept,
            at=clock.now(),
        )

    async def _read(self, tx: Connection, team_id: UUID, user_id: UUID, base: str) -> User:
        row = await store.user(tx, team_id, user_id)
        assert row is not None
        return (await self._resources(tx, team_id, [row], base))[0]

    async def _row(self, tx: Connection, principal: Principal, user_id: str, *, lock: bool = False) -> store.Row:
        wanted = _uuid(user_id)
        row = await store.user(tx, principal.team_id, wanted, lock=lock) if wanted else None
        if row is None:
            raise NotFoundException(detail=f"There is no user '{user_id[:60]}' in this team.")
        return row

    async def _resources(self, tx: Connection, team_id: UUID, rows: list[store.Row], base: str) -> list[User]:
        groups = await store.groups_of(tx, team_id, [row["user_id"] for row in rows])
        return [_resource(row, groups.get(row["user_id"], []), base) for row in rows]


def _resource(row: store.Row, groups: list[tuple[UUID, str]], base: str) -> User:
    id_ = shown("usr", row["user_id"])
    kept = row["directory"]
    if kept is None:
        kept = {"displayName": row["name"]}
        if row["email"]:
            kept["emails"] = [{"value": row["email"], "type": "work", "primary": True}]
        if row["language"]:
            kept["preferredLanguage"] = row["language"]
    user = User.model_validate(
        {
            **kept,
            "schemas": [str(User.__schema__)],
            "id": id_,
            "userName": row["user_name"],
            "externalId": row["external_id"],
            "active": row["deactivated_at"] is None,
            "groups": [
                {"value": shown("grp", group), "$ref": f"{base}/Groups/{shown('grp', group)}", "display": name}
                for group, name in groups
            ]
            or None,
        }
    )
    user.meta = Meta(
        resource_type="User",
        created=row["joined_at"],
        last_modified=row["updated_at"],
        location=f"{base}/Users/{id_}",
    )
    return user


def _check(user: User) -> None:
    """`Invalid` for what cannot be an account: a name beyond its limit, an address that is none."""
    if not user.user_name or not user.user_name.strip() or len(user.user_name) > 254:
        raise Invalid("userName must be given, with at most 254 characters.")
    emails = user.emails or []
    if len(emails) > MAX_DIRECTORY_EMAILS:
        raise Invalid(f"A person has at most {MAX_DIRECTORY_EMAILS} addresses.")
    for email in emails:
        if email.value:
            address_of(email.value)


def _email(user: User) -> str:
    """The primary address, else the first, else a user name that is one."""
    emails: list[Address] = [email for email in user.emails or [] if email.value]
    for email in sorted(emails, key=lambda one: not one.primary):
        return (email.value or "").strip()
    try:
        return address_of(user.user_name or "")
    except Invalid:
        return ""


def _name(user: User) -> str:
    parts = user.name
    whole = " ".join(part for part in (parts.given_name, parts.family_name) if part) if parts else ""
    chosen = user.display_name or (parts.formatted if parts else "") or whole or user.user_name or ""
    return " ".join(chosen.split())[:MAX_NAME_CHARACTERS]


def _language(user: User) -> str:
    """One that we speak, of a tag such as `zh-TW` or `en_US`; empty when there is none."""
    tag = (user.preferred_language or "").replace("_", "-").lower()
    if tag.startswith(("zh-hant", "zh-tw", "zh-hk", "zh-mo")):
        return Language.TRADITIONAL_CHINESE
    if tag.startswith("zh"):
        return Language.SIMPLIFIED_CHINESE
    return Language.ENGLISH if tag.startswith("en") else ""


def _plain(user: User) -> dict[str, Any]:
    return {
        name: value for name, value in user.model_dump().items() if name not in ("schemas", "meta", "groups", "active")
    }


def _uuid(text: str) -> UUID | None:
    try:
        return parsed("usr", text)
    except Invalid:
        return None
