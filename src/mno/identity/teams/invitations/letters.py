"""What an invitation says, in the three languages of the program; the first paragraph is the letter's heading."""

from datetime import datetime

from mno.identity.teams.model import Language

_SUBJECT = {
    Language.ENGLISH: "Invitation to {team}",
    Language.TRADITIONAL_CHINESE: "邀請您加入「{team}」",
    Language.SIMPLIFIED_CHINESE: "邀请您加入“{team}”",
}
_TEXT = {
    Language.ENGLISH: """{inviter} invites you to the team {team}

You would work there with the role {role}{place}. Open this link to accept:

{link}

It works once, for this address only, until {until} (UTC). If you did not expect this letter, do nothing.
""",
    Language.TRADITIONAL_CHINESE: """{inviter} 邀請您加入團隊「{team}」

您在其中的角色是「{role}」{place}。請開啟以下連結接受邀請：

{link}

此連結只能使用一次，僅適用於這個信箱，有效至 {until}（UTC）。如果您並未預期收到此信，請忽略。
""",
    Language.SIMPLIFIED_CHINESE: """{inviter} 邀请您加入团队“{team}”

您在其中的角色是“{role}”{place}。请打开以下链接接受邀请：

{link}

此链接只能使用一次，仅适用于这个邮箱，有效期至 {until}（UTC）。如果您并未预期收到此信，请忽略。
""",
}
_PLACE = {
    Language.ENGLISH: " on the project {project}",
    Language.TRADITIONAL_CHINESE: "（專案「{project}」）",
    Language.SIMPLIFIED_CHINESE: "（项目“{project}”）",
}
#: The fixed roles as the pages call them; a team's own roles keep their name.
_ROLES = {
    Language.TRADITIONAL_CHINESE: {"Owner": "擁有者", "Admin": "管理員", "Operator": "操作員", "Viewer": "檢視者"},
    Language.SIMPLIFIED_CHINESE: {"Owner": "所有者", "Admin": "管理员", "Operator": "操作员", "Viewer": "查看者"},
}


def letter(
    language: Language, *, team: str, inviter: str, role: str, project: str | None, link: str, until: datetime
) -> tuple[str, str]:
    """Subject and text."""
    told = {
        "team": _line(team),
        "inviter": _line(inviter),
        "role": _ROLES.get(language, {}).get(role, _line(role)),
        "link": link,
        "until": f"{until:%Y-%m-%d %H:%M}",
        "place": _PLACE[language].format(project=_line(project)) if project else "",
    }
    return _SUBJECT[language].format(**told), _TEXT[language].format(**told)


def _line(text: str) -> str:
    """Names are other people's words: one line, and nothing that a mail program would make a link of."""
    return " ".join(text.split()).replace("://", ": //")
