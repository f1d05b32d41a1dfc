"""Teams and who is in them as one piece: by hand, by a directory, and the letters that go to them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mno.identity.post.service import PostOffice
from mno.identity.teams.groups.service import Groups
from mno.identity.teams.members.service import Members
from mno.identity.teams.projects.service import Projects
from mno.identity.teams.service import Teams
from mno.platform.mail import Mail

if TYPE_CHECKING:
    from mno.identity.scim.service import Directory


@dataclass(frozen=True)
class People:
    """What the web entry builds its routes on."""

    teams: Teams
    projects: Projects
    members: Members
    groups: Groups
    #: Built when a directory first asks.
    directory: "Callable[[], Directory]"
    mail: Mail
    post: PostOffice
