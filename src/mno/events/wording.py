"""What a card says, phrased for its reader: templates in the three languages, filled from an event's data.

Events keep names and figures, never sentences, so each viewer of one event reads it in a language of their own.
"""

from collections.abc import Mapping
from typing import Any

from mno.events.model import Ailment, Event, EventKind
from mno.identity.teams.model import Language

#: Labels of an alert that its card names.
MAX_NAMED_LABELS = 4

EN, ZH_HANT, ZH_HANS = Language.ENGLISH, Language.TRADITIONAL_CHINESE, Language.SIMPLIFIED_CHINESE
Words = Mapping[Language, str]

_ACCEPTANCE = {EN: "{who} took on: {title}", ZH_HANT: "{who} 已接下：{title}", ZH_HANS: "{who} 已接下：{title}"}
_MILESTONE = {
    EN: "{who} reached a milestone: {title}",
    ZH_HANT: "{who} 達成里程碑：{title}",
    ZH_HANS: "{who} 达成里程碑：{title}",
}
_RECEIPTS: Mapping[str, Words] = {
    "done": {EN: "{who} finished: {title}", ZH_HANT: "{who} 已完成：{title}", ZH_HANS: "{who} 已完成：{title}"},
    "partial": {
        EN: "{who} finished in part: {title}",
        ZH_HANT: "{who} 部分完成：{title}",
        ZH_HANS: "{who} 部分完成：{title}",
    },
    # a tool call that was approved, of which nobody can say whether it happened
    "unknown": {
        EN: "Nobody knows whether {who} did it: {title}",
        ZH_HANT: "無法確認 {who} 是否已執行：{title}",
        ZH_HANS: "无法确认 {who} 是否已执行：{title}",
    },
    "failed": {EN: "{who} failed: {title}", ZH_HANT: "{who} 未能完成：{title}", ZH_HANS: "{who} 未能完成：{title}"},
}
_APPROVAL = {
    EN: "{who} asks for approval: {title}",
    ZH_HANT: "{who} 請求審批：{title}",
    ZH_HANS: "{who} 请求审批：{title}",
}
_ANOMALIES: Mapping[str, Words] = {
    "spike": {
        EN: "{measure}{of} jumped to {actual}; {expected} is usual",
        ZH_HANT: "{measure}{of}突增至 {actual}，平時約 {expected}",
        ZH_HANS: "{measure}{of}突增至 {actual}，平时约 {expected}",
    },
    "level": {
        EN: "{measure}{of} has been at {actual} for hours; {expected} is usual",
        ZH_HANT: "{measure}{of}持續停在 {actual}，平時約 {expected}",
        ZH_HANS: "{measure}{of}持续停在 {actual}，平时约 {expected}",
    },
    "drop": {
        EN: "{measure}{of} fell to {actual}; {expected} is usual",
        ZH_HANT: "{measure}{of}驟降至 {actual}，平時約 {expected}",
        ZH_HANS: "{measure}{of}骤降至 {actual}，平时约 {expected}",
    },
    "newcomer": {
        EN: "{measure}{of} is new: {actual} so far",
        ZH_HANT: "{measure}{of}首次出現，目前為 {actual}",
        ZH_HANS: "{measure}{of}首次出现，目前为 {actual}",
    },
}
_MEASURES: Mapping[str, Words] = {
    "cost": {EN: "Cost", ZH_HANT: "花費", ZH_HANS: "费用"},
    "tokens": {EN: "Tokens", ZH_HANT: "Token 數", ZH_HANS: "Token 数"},
    "errors": {EN: "Errors", ZH_HANT: "錯誤次數", ZH_HANS: "错误次数"},
    "latency": {EN: "Latency", ZH_HANT: "延遲", ZH_HANS: "延迟"},
}
_OF = {EN: " of {name}", ZH_HANT: "（{name}）", ZH_HANS: "（{name}）"}
_FAILURES: Mapping[Ailment, Words] = {
    Ailment.ALERT: {
        EN: "Alert {name} is firing{of}",
        ZH_HANT: "告警「{name}」觸發{of}",
        ZH_HANS: "告警“{name}”触发{of}",
    },
    Ailment.SERVER: {
        EN: "The MCP server {name} does not answer; calls are held back until it does",
        ZH_HANT: "MCP 伺服器 {name} 無回應，恢復之前暫停呼叫",
        ZH_HANS: "MCP 服务器 {name} 无响应，恢复之前暂停调用",
    },
    Ailment.MODEL: {
        EN: "The model {name} does not answer; calls go elsewhere or wait until it does",
        ZH_HANT: "模型 {name} 無回應，恢復之前改走其他模型或暫停呼叫",
        ZH_HANS: "模型 {name} 无响应，恢复之前改走其他模型或暂停调用",
    },
}
_RECOVERIES: Mapping[Ailment, Words] = {
    Ailment.ALERT: {
        EN: "Alert {name} is over{of}",
        ZH_HANT: "告警「{name}」已解除{of}",
        ZH_HANS: "告警“{name}”已解除{of}",
    },
    Ailment.SERVER: {
        EN: "The MCP server {name} answers again",
        ZH_HANT: "MCP 伺服器 {name} 已恢復",
        ZH_HANS: "MCP 服务器 {name} 已恢复",
    },
    Ailment.MODEL: {
        EN: "The model {name} answers again",
        ZH_HANT: "模型 {name} 已恢復",
        ZH_HANS: "模型 {name} 已恢复",
    },
}
_LABELLED = {EN: " ({names})", ZH_HANT: "（{names}）", ZH_HANS: "（{names}）"}
_BETWEEN = {EN: ", ", ZH_HANT: "、", ZH_HANS: "、"}


def summary(event: Event, language: Language) -> str:
    """One sentence."""
    said = event.data
    match event.kind:
        case EventKind.ACCEPTANCE:
            return _of_task(_ACCEPTANCE, said, language)
        case EventKind.MILESTONE:
            return _of_task(_MILESTONE, said, language)
        case EventKind.RECEIPT:
            return _of_task(_RECEIPTS[said["status"]], said, language)
        case EventKind.APPROVAL:
            return _APPROVAL[language].format(who=said["asked_by"], title=said["title"])
        case EventKind.ANOMALY:
            return _of_anomaly(said, language)
        case EventKind.RECOVERY_START:
            return _of_ailment(_FAILURES, said, language)
        case EventKind.RECOVERY_DONE:
            return _of_ailment(_RECOVERIES, said, language)


def templates(kind: EventKind, language: Language = EN) -> list[str]:
    """The sentences of a kind, unfilled."""
    words: Mapping[EventKind, list[Words]] = {
        EventKind.ACCEPTANCE: [_ACCEPTANCE],
        EventKind.MILESTONE: [_MILESTONE],
        EventKind.RECEIPT: list(_RECEIPTS.values()),
        EventKind.APPROVAL: [_APPROVAL],
        EventKind.ANOMALY: list(_ANOMALIES.values()),
        EventKind.RECOVERY_START: list(_FAILURES.values()),
        EventKind.RECOVERY_DONE: list(_RECOVERIES.values()),
    }
    return [one[language] for one in words[kind]]


def _of_task(words: Words, said: Mapping[str, Any], language: Language) -> str:
    return words[language].format(who=said["agent"], title=said["title"])


def _of_anomaly(said: Mapping[str, Any], language: Language) -> str:
    # of the ids of keys nobody reads anything; the card leads to the page that knows their names
    named = said["scope"]["value"] if said["scope"]["dimension"] != "api_key" else ""
    return _ANOMALIES[said["kind"]][language].format(
        measure=_MEASURES[said["measure"]][language],
        of=_OF[language].format(name=named) if named else "",
        actual=amount(said["measure"], said["actual"]),
        expected=amount(said["measure"], said["expected"]),
    )


def _of_ailment(words: Mapping[Ailment, Words], said: Mapping[str, Any], language: Language) -> str:
    about = Ailment(said["about"])
    if about is not Ailment.ALERT:
        return words[about][language].format(name=said["name"])
    names = _BETWEEN[language].join(list(said["labels"].values())[:MAX_NAMED_LABELS])
    of = _LABELLED[language].format(names=names) if names else ""
    return words[about][language].format(name=said["rule"], of=of)


def amount(measure: str, value: float) -> str:
    """As people read it: `$12.50`, `830 ms`, `1,200`."""
    if measure == "cost":
        return f"${value:,.2f}" if value >= 0.01 or value == 0 else f"${value:.2g}"
    return f"{value:,.0f} ms" if measure == "latency" else f"{value:,.0f}"


def spoken(asked: Language | None, accepted: str) -> Language:
    """The language that was asked for, else the first of an Accept-Language header that we speak, else English."""
    if asked is not None:
        return asked
    ranked = sorted(map(_ranked, accepted.split(",")[:20]), key=lambda one: one[1], reverse=True)
    return next((found for found, weight in ranked if found is not None and weight > 0), EN)


def _ranked(part: str) -> tuple[Language | None, float]:
    tag, _, parameters = part.strip().partition(";")
    try:
        weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
    except ValueError:
        weight = 0.0
    return _language_of(tag.lower()), weight


def _language_of(tag: str) -> Language | None:
    if tag.startswith("zh"):
        return ZH_HANT if any(part in tag for part in ("hant", "-tw", "-hk", "-mo")) else ZH_HANS
    return EN if tag.startswith("en") else None
