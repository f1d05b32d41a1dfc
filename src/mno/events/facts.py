"""The facts that events publish, for their own subscriber: so what an agent sends passes one door with all the rest."""

#: An agent told what it did (`POST /api/events`). The subject is the event's; the data: `id` (hexadecimal digits),
#: `project` (`prj_…`), `kind`, `severity`, `at` (RFC 3339), `trace`, and `data` as the event keeps it.
SENT = "events.sent"
#: An upstream does not answer, and its breaker holds calls back. The subject is the upstream's; the data: `project`
#: (`prj_…` or null), `about` (`server` or `model`), `name`.
UPSTREAM_FAILED = "events.upstream_failed"
#: It answers again; the same data.
UPSTREAM_WORKS = "events.upstream_works"
