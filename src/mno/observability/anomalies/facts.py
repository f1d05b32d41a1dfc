"""The facts that anomalies publish."""

#: An anomaly began. The subject is the anomaly (`anm_…`); the data: `project` (`prj_…`), `scope` (`dimension` and
#: `value`, both empty for the whole project), `measure`, `kind`, `start` (RFC 3339), `actual`, `expected`, `score`
#: (numbers), and `drivers` (a list of `values`, `share` in percent). It is told once, not again as it goes on.
DETECTED = "anomaly.detected"
#: Somebody said that an anomaly was to be expected, or took that back. The subject is the anomaly; the data:
#: `project`, `expected`, `by` (a name).
MARKED = "anomaly.marked"
