-- Switches of a node's engine from one profile to another. Their steps are a JSON array.
CREATE TABLE switches (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node         TEXT    NOT NULL,
    from_profile TEXT    NOT NULL,
    to_profile   TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    started_at   BIGINT NOT NULL,
    ended_at     BIGINT,
    outcome      TEXT    CHECK (outcome IN ('done', 'cancelled', 'rolled_back', 'failed')),
    detail       TEXT    NOT NULL,
    steps        TEXT    NOT NULL,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
-- One at a time on each node.
CREATE UNIQUE INDEX switches_under_way ON switches (node) WHERE ended_at IS NULL;

-- How long each profile took to load when it was last started.
CREATE TABLE engine_loads (
    node         TEXT    NOT NULL,
    profile      TEXT    NOT NULL,
    started_at   BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL,
    PRIMARY KEY (node, profile)
);

-- What each GPU did in each minute. `minute` counts from 1970. Means are of the readings; what was not read is NULL.
CREATE TABLE gpu_minutes (
    node        TEXT    NOT NULL,
    minute      BIGINT NOT NULL,
    gpu         BIGINT NOT NULL,
    uuid        TEXT    NOT NULL,
    readings    BIGINT NOT NULL,
    memory_used BIGINT NOT NULL,
    utilization DOUBLE PRECISION,
    temperature BIGINT,
    power       DOUBLE PRECISION,
    joules      DOUBLE PRECISION,
    PRIMARY KEY (node, minute, gpu)
);
