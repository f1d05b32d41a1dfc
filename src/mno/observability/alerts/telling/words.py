"""The words of messages in the three languages of the program, written by meaning for each region."""

from collections.abc import Mapping

from mno.observability.alerts.model import AlertComparison, AlertMeasure, AlertSeverity
from mno.observability.alerts.telling.due import MessageKind

EN, ZH_HANT, ZH_HANS = "en", "zh-Hant", "zh-Hans"
LANGUAGES = (EN, ZH_HANT, ZH_HANS)

TITLES: Mapping[MessageKind, Mapping[str, str]] = {
    MessageKind.FIRED: {
        EN: "{rule}: {measure} {value}{of}",
        ZH_HANT: "告警「{rule}」：{measure} {value}{of}",
        ZH_HANS: "告警“{rule}”：{measure} {value}{of}",
    },
    MessageKind.ESCALATED: {
        EN: "Nobody has acknowledged {rule}: {measure} {value}{of}",
        ZH_HANT: "告警「{rule}」無人認領：{measure} {value}{of}",
        ZH_HANS: "告警“{rule}”无人认领：{measure} {value}{of}",
    },
    MessageKind.STILL_FIRING: {
        EN: "{rule} has been firing for {lasted}: {measure} {value}{of}",
        ZH_HANT: "告警「{rule}」已持續 {lasted}：{measure} {value}{of}",
        ZH_HANS: "告警“{rule}”已持续 {lasted}：{measure} {value}{of}",
    },
    MessageKind.RESOLVED: {
        EN: "Resolved: {rule}{of}",
        ZH_HANT: "告警「{rule}」已解除{of}",
        ZH_HANS: "告警“{rule}”已解除{of}",
    },
}
OF = {EN: " ({names})", ZH_HANT: "（{names}）", ZH_HANS: "（{names}）"}
BETWEEN = {EN: ", ", ZH_HANT: "、", ZH_HANS: "、"}
MEASURES: Mapping[AlertMeasure, Mapping[str, str]] = {
    AlertMeasure.COST: {EN: "cost", ZH_HANT: "花費", ZH_HANS: "费用"},
    AlertMeasure.CALLS: {EN: "calls", ZH_HANT: "呼叫次數", ZH_HANS: "调用次数"},
    AlertMeasure.ERRORS: {EN: "errors", ZH_HANT: "錯誤次數", ZH_HANS: "错误次数"},
    AlertMeasure.ERROR_RATE: {EN: "error rate", ZH_HANT: "錯誤率", ZH_HANS: "错误率"},
    AlertMeasure.LATENCY: {EN: "latency (p{quantile})", ZH_HANT: "延遲（p{quantile}）", ZH_HANS: "延迟（p{quantile}）"},
    AlertMeasure.TOKENS: {EN: "tokens", ZH_HANT: "Token 數", ZH_HANS: "Token 数"},
    AlertMeasure.BUDGET_SHARE: {EN: "budget used", ZH_HANT: "預算使用率", ZH_HANS: "预算使用率"},
    AlertMeasure.ANOMALIES: {EN: "anomaly score", ZH_HANT: "異常分數", ZH_HANS: "异常分数"},
    AlertMeasure.TOOL_ERRORS: {EN: "failed tool calls", ZH_HANT: "工具呼叫失敗次數", ZH_HANS: "工具调用失败次数"},
    AlertMeasure.TOOL_ERROR_RATE: {EN: "tool error rate", ZH_HANT: "工具錯誤率", ZH_HANS: "工具错误率"},
}
COMPARED: Mapping[AlertComparison, Mapping[str, str]] = {
    AlertComparison.ABOVE: {
        EN: "{measure} over the last {window}: {value}. The rule fires at {threshold} or more.",
        ZH_HANT: "最近 {window}的{measure}為 {value}，達到 {threshold} 即觸發告警。",
        ZH_HANS: "最近 {window}的{measure}为 {value}，达到 {threshold} 即触发告警。",
    },
    AlertComparison.BELOW: {
        EN: "{measure} over the last {window}: {value}. The rule fires below {threshold}.",
        ZH_HANT: "最近 {window}的{measure}為 {value}，低於 {threshold} 即觸發告警。",
        ZH_HANS: "最近 {window}的{measure}为 {value}，低于 {threshold} 即触发告警。",
    },
}
TOLD = {
    EN: "{measure}: {value}. The rule fires at {threshold} or more.",
    ZH_HANT: "{measure}為 {value}，達到 {threshold} 即觸發告警。",
    ZH_HANS: "{measure}为 {value}，达到 {threshold} 即触发告警。",
}
SINCE = {
    EN: "Since {since} ({zone}). Severity: {severity}.",
    ZH_HANT: "開始時間：{since}（{zone}）。嚴重程度：{severity}。",
    ZH_HANS: "开始时间：{since}（{zone}）。严重程度：{severity}。",
}
LASTED = {
    EN: "From {since} to {until} ({zone}), {lasted}. Worst value: {peak}.",
    ZH_HANT: "{since} 至 {until}（{zone}），歷時 {lasted}。最差值：{peak}。",
    ZH_HANS: "{since} 至 {until}（{zone}），历时 {lasted}。最差值：{peak}。",
}
BY_HAND = {EN: "Resolved by {who}.", ZH_HANT: "由 {who} 手動解除。", ZH_HANS: "由 {who} 手动解除。"}
LABEL = {EN: "{name}: {value}", ZH_HANT: "{name}：{value}", ZH_HANS: "{name}：{value}"}
LINK = {EN: "Open the chart", ZH_HANT: "開啟圖表", ZH_HANS: "打开图表"}
SEVERITIES: Mapping[AlertSeverity, Mapping[str, str]] = {
    AlertSeverity.INFO: {EN: "information", ZH_HANT: "資訊", ZH_HANS: "信息"},
    AlertSeverity.WARNING: {EN: "warning", ZH_HANT: "警告", ZH_HANS: "警告"},
    AlertSeverity.CRITICAL: {EN: "critical", ZH_HANT: "嚴重", ZH_HANS: "严重"},
}
DIMENSIONS: Mapping[str, Mapping[str, str]] = {
    "provider": {EN: "Provider", ZH_HANT: "供應商", ZH_HANS: "供应商"},
    "model": {EN: "Model", ZH_HANT: "模型", ZH_HANS: "模型"},
    "project": {EN: "Project", ZH_HANT: "專案", ZH_HANS: "项目"},
    "user": {EN: "User", ZH_HANT: "使用者", ZH_HANS: "用户"},
    "session": {EN: "Session", ZH_HANT: "工作階段", ZH_HANS: "会话"},
    "agent": {EN: "Agent", ZH_HANT: "智慧代理", ZH_HANS: "智能体"},
    "api_key": {EN: "API key", ZH_HANT: "API 金鑰", ZH_HANS: "API 密钥"},
    "environment": {EN: "Environment", ZH_HANT: "環境", ZH_HANS: "环境"},
    "server": {EN: "MCP server", ZH_HANT: "MCP 伺服器", ZH_HANS: "MCP 服务器"},
    "tool": {EN: "Tool", ZH_HANT: "工具", ZH_HANS: "工具"},
    "error": {EN: "Error", ZH_HANT: "錯誤", ZH_HANS: "错误"},
    "budget": {EN: "Budget", ZH_HANT: "預算", ZH_HANS: "预算"},
    "driver": {EN: "Driven by", ZH_HANT: "主要來自", ZH_HANS: "主要来自"},
    "anomaly": {EN: "Anomaly", ZH_HANT: "異常", ZH_HANS: "异常"},
}
TAG = {EN: "Tag {name}", ZH_HANT: "標籤 {name}", ZH_HANS: "标签 {name}"}
#: One and many.
UNITS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "day": {EN: ("day", "days"), ZH_HANT: ("天", "天"), ZH_HANS: ("天", "天")},
    "hour": {EN: ("hour", "hours"), ZH_HANT: ("小時", "小時"), ZH_HANS: ("小时", "小时")},
    "minute": {EN: ("minute", "minutes"), ZH_HANT: ("分鐘", "分鐘"), ZH_HANS: ("分钟", "分钟")},
    "second": {EN: ("second", "seconds"), ZH_HANT: ("秒", "秒"), ZH_HANS: ("秒", "秒")},
}
