-- Times are milliseconds since 1970 UTC. Ids are never used twice.

-- `previous_digest` is of the secret that still works for a while after a rotation.
-- Lists are JSON arrays of text; a limit that is not set is NULL.
CREATE TABLE api_keys (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    digest              BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    prefix              TEXT    NOT NULL,
    last_four           TEXT    NOT NULL,
    previous_digest     BLOB    UNIQUE CHECK (length(previous_digest) = 32),
    previous_until      INTEGER CHECK ((previous_until IS NULL) = (previous_digest IS NULL)),
    name                TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    owner               TEXT    NOT NULL CHECK (length(owner) <= 100),
    note                TEXT    NOT NULL CHECK (length(note) <= 500),
    created_at          INTEGER NOT NULL,
    expires_at          INTEGER CHECK (expires_at > created_at),
    revoked_at          INTEGER,
    suspended_at        INTEGER,
    last_used_at        INTEGER,
    tags                TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
    models              TEXT    CHECK (json_valid(models)),
    requests_per_minute INTEGER CHECK (requests_per_minute > 0),
    tokens_per_minute   INTEGER CHECK (tokens_per_minute > 0),
    concurrency         INTEGER CHECK (concurrency > 0),
    budget_day          INTEGER CHECK (budget_day > 0),
    budget_month        INTEGER CHECK (budget_month > 0),
    max_output_tokens   INTEGER CHECK (max_output_tokens > 0),
    weight              INTEGER NOT NULL DEFAULT 100 CHECK (weight BETWEEN 1 AND 1000),
    strip_han           INTEGER NOT NULL DEFAULT 0 CHECK (strip_han IN (0, 1)),
    echo_model          INTEGER NOT NULL DEFAULT 0 CHECK (echo_model IN (0, 1))
) STRICT;

-- Counts the changes that running servers must notice; `last_used_at` is not one of them.
CREATE TABLE revision (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO revision (id, value) VALUES (1, 0);

CREATE TRIGGER api_keys_inserted AFTER INSERT ON api_keys
BEGIN UPDATE revision SET value = value + 1; END;
CREATE TRIGGER api_keys_updated AFTER UPDATE OF
    digest, name, expires_at, revoked_at, suspended_at, previous_digest, previous_until, tags, models,
    requests_per_minute, tokens_per_minute, concurrency, budget_day, budget_month, max_output_tokens,
    weight, strip_han, echo_model ON api_keys
BEGIN UPDATE revision SET value = value + 1; END;
CREATE TRIGGER api_keys_deleted AFTER DELETE ON api_keys
BEGIN UPDATE revision SET value = value + 1; END;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    role          TEXT    NOT NULL CHECK (role IN ('admin', 'viewer')),
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_name ON users (lower(name));

CREATE TABLE sessions (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    digest          BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    user_id         INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    csrf_token      TEXT    NOT NULL,
    address         TEXT    NOT NULL,
    user_agent      TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    before_json TEXT    CHECK (json_valid(before_json)),
    after_json  TEXT    CHECK (json_valid(after_json))
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE models (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT    NOT NULL UNIQUE
) STRICT;

-- The id begins with the time at which the request came in, so the table is in the order of time.
-- `requested_model` is kept only where it is not the served model's name.
CREATE TABLE requests (
    id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    key_id            INTEGER NOT NULL,
    endpoint          INTEGER NOT NULL,
    model_id          INTEGER NOT NULL REFERENCES models (id),
    requested_model   TEXT,
    stream            INTEGER NOT NULL CHECK (stream IN (0, 1)),
    prompt_tokens     INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    outcome           INTEGER NOT NULL,
    status            INTEGER NOT NULL,
    started_at        INTEGER NOT NULL,
    first_byte_ms     INTEGER,
    duration_ms       INTEGER NOT NULL,
    queue_ms          INTEGER NOT NULL,
    overhead_us       INTEGER NOT NULL,
    client            INTEGER NOT NULL,
    granted_tokens    INTEGER,
    clamped           INTEGER NOT NULL CHECK (clamped IN (0, 1)),
    chat_user         TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_key ON requests (key_id);

-- Sums of requests by UTC hour (span 0), day (span 1) and month (span 2), kept when the requests themselves are deleted.
-- `bucket` is the number of hours, days or months since 1970. Sums for each key, model and endpoint (part 0) are too many
-- rows for a long range, so the questions that are asked most have sums of their own: for each key (part 1: model 0,
-- endpoint -1), for each model and endpoint (part 2: key 0), and for all together (part 3: key 0, model 0, endpoint -1).
CREATE TABLE usage_by_part (
    part              INTEGER NOT NULL CHECK (part IN (0, 1, 2, 3)),
    span              INTEGER NOT NULL CHECK (span IN (0, 1, 2)),
    bucket            INTEGER NOT NULL,
    key_id            INTEGER NOT NULL,
    model_id          INTEGER NOT NULL,
    endpoint          INTEGER NOT NULL,
    requests          INTEGER NOT NULL,
    client_left       INTEGER NOT NULL,
    engine_failed     INTEGER NOT NULL,
    refused           INTEGER NOT NULL,
    lost              INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    duration_ms       INTEGER NOT NULL,
    first_bytes       INTEGER NOT NULL,
    first_byte_ms     INTEGER NOT NULL,
    queue_ms          INTEGER NOT NULL,
    overhead_us       INTEGER NOT NULL,
    clamped           INTEGER NOT NULL,
    PRIMARY KEY (part, span, bucket, key_id, model_id, endpoint)
) STRICT, WITHOUT ROWID;

-- Each run of the engine: its own counters and the sums of what is recorded, when it was first and last seen.
CREATE TABLE engine_runs (
    model                    TEXT    NOT NULL,
    first_at                 INTEGER NOT NULL,
    last_at                  INTEGER NOT NULL,
    engine_prompt_first      INTEGER NOT NULL,
    engine_generated_first   INTEGER NOT NULL,
    recorded_prompt_first    INTEGER NOT NULL,
    recorded_generated_first INTEGER NOT NULL,
    engine_prompt            INTEGER NOT NULL,
    engine_generated         INTEGER NOT NULL,
    recorded_prompt          INTEGER NOT NULL,
    recorded_generated       INTEGER NOT NULL,
    PRIMARY KEY (model, first_at)
) STRICT;

-- What all GPUs took in each UTC hour, `bucket` being the number of hours since 1970.
CREATE TABLE gpu_hours (
    bucket      INTEGER NOT NULL PRIMARY KEY,
    gpu_millis  INTEGER NOT NULL,
    millijoules INTEGER NOT NULL
) STRICT;
