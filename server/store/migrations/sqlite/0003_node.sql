-- Switches of a node's engine from one profile to another. Their steps are a JSON array.
CREATE TABLE switches (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    node         TEXT    NOT NULL,
    from_profile TEXT    NOT NULL,
    to_profile   TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    outcome      TEXT    CHECK (outcome IN ('done', 'cancelled', 'rolled_back', 'failed')),
    detail       TEXT    NOT NULL,
    steps        TEXT    NOT NULL CHECK (json_valid(steps)),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;
-- One at a time on each node.
CREATE UNIQUE INDEX switches_under_way ON switches (node) WHERE ended_at IS NULL;

-- How long each profile took to load when it was last started.
CREATE TABLE engine_loads (
    node         TEXT    NOT NULL,
    profile      TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    PRIMARY KEY (node, profile)
) STRICT, WITHOUT ROWID;

-- What each GPU did in each minute. `minute` counts from 1970. Means are of the readings; what was not read is NULL.
CREATE TABLE gpu_minutes (
    node        TEXT    NOT NULL,
    minute      INTEGER NOT NULL,
    gpu         INTEGER NOT NULL,
    uuid        TEXT    NOT NULL,
    readings    INTEGER NOT NULL,
    memory_used INTEGER NOT NULL,
    utilization REAL,
    temperature INTEGER,
    power       REAL,
    joules      REAL,
    PRIMARY KEY (node, minute, gpu)
) STRICT, WITHOUT ROWID;
