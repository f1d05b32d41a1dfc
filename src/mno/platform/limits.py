"""The limits that hold everywhere; each feature's own are named in its model.

A limit says so when it is hit: the caller learns its name, its value and what to do.
"""

#: The body of any request that is not ingest (a batch, a key, a price).
MAX_BODY_BYTES = 4 * 1024 * 1024
#: Names that people give to things: keys, projects.
MAX_NAME_CHARACTERS = 120
#: API keys of one team that are not revoked.
MAX_KEYS_PER_TEAM = 500
#: Keys and sessions whose principal is remembered in this process.
MAX_REMEMBERED_PRINCIPALS = 10_000
#: Connections to Postgres of one process.
MAX_POSTGRES_CONNECTIONS = 10
#: How long a caller waits for a free one of these, in seconds.
POSTGRES_WAIT_S = 10.0
