"""The facts that alerts publish. The subject is the alert (`alt_…`); the data: `project` (`prj_…`, null for a rule of
the whole team), `rule` (its name), `measure`, `severity`, `value` (text: USD, calls, tokens, ms or percent), `labels`,
`by` (who, or empty).
"""

#: An alert began.
FIRED = "alerts.fired"
#: Somebody has taken it on.
ACKNOWLEDGED = "alerts.acknowledged"
#: It is over, by itself or by somebody's word.
RESOLVED = "alerts.resolved"
