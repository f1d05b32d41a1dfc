"""What people read of a call that waits for them, in the languages of the region that they live in. Pure rules."""

from mno.mcp_gateway.gated.model import GatedCall
from mno.notifications.model import Notice, NoticeSeverity, Text
from mno.platform.ids import shown
from mno.platform.time_range import shown as shown_time

_TITLES = {
    "en": ("Approval needed: {tool}", "Still waiting for approval: {tool}"),
    "zh-Hant": ("有一筆呼叫待核准：{tool}", "呼叫仍待核准，時限已過半：{tool}"),
    "zh-Hans": ("有一次调用待审批：{tool}", "调用仍待审批，时限已过半：{tool}"),
}
_LINES = {
    "en": ("{asker} wants to call the tool {tool} of the server {server}.", "Decide before {until}."),
    "zh-Hant": ("{asker} 想呼叫伺服器 {server} 的工具 {tool}。", "請在 {until} 前決定。"),
    "zh-Hans": ("{asker} 请求调用服务器 {server} 的工具 {tool}。", "请在 {until} 前处理。"),
}
_LINKS = {"en": "Look at it", "zh-Hant": "前往查看", "zh-Hans": "去处理"}
_PAGE = "/approvals"


def notice(call: GatedCall, base: str, *, reminds: bool) -> Notice:
    """That a call waits, or that it still does when half of its time is over; each is told to a channel once."""
    named = {
        "tool": call.tool,
        "server": call.server,
        "asker": call.asker_name,
        "until": shown_time(call.expires_at),
    }
    link = f"{base}{_PAGE}" if base else ""
    texts = {
        language: Text(
            titles[reminds].format(**named), [line.format(**named) for line in _LINES[language]], link, _LINKS[language]
        )
        for language, titles in _TITLES.items()
    }
    kind = "approval.reminder" if reminds else "approval.request"
    id_ = shown("apr", call.id)
    data = {
        "type": kind,
        "id": id_,
        "server": call.server,
        "tool": call.tool,
        "asked_by": call.asker_name,
        "expires_at": shown_time(call.expires_at),
        "link": link,
    }
    return Notice(call.team_id, f"{id_} {kind}", NoticeSeverity.WARNING, texts, data)
