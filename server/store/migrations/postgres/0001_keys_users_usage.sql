-- Times are milliseconds since 1970 UTC. Ids are never used twice.

-- `previous_digest` is of the secret that still works for a while after a rotation.
-- Lists are JSON arrays of text; a limit that is not set is NULL.
CREATE TABLE api_keys (
    id                  BIGINT   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest              BYTEA    NOT NULL UNIQUE CHECK (length(digest) = 32),
    prefix              TEXT     NOT NULL,
    last_four           TEXT     NOT NULL,
    previous_digest     BYTEA    UNIQUE CHECK (length(previous_digest) = 32),
    previous_until      BIGINT   CHECK ((previous_until IS NULL) = (previous_digest IS NULL)),
    name                TEXT     NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    owner               TEXT     NOT NULL CHECK (length(owner) <= 100),
    note                TEXT     NOT NULL CHECK (length(note) <= 500),
    created_at          BIGINT   NOT NULL,
    expires_at          BIGINT   CHECK (expires_at > created_at),
    revoked_at          BIGINT,
    suspended_at        BIGINT,
    last_used_at        BIGINT,
    tags                TEXT     NOT NULL DEFAULT '[]' CHECK (tags::json IS NOT NULL),
    models              TEXT     CHECK (models IS NULL OR models::json IS NOT NULL),
    requests_per_minute BIGINT   CHECK (requests_per_minute > 0),
    tokens_per_minute   BIGINT   CHECK (tokens_per_minute > 0),
    concurrency         BIGINT   CHECK (concurrency > 0),
    budget_day          BIGINT   CHECK (budget_day > 0),
    budget_month        BIGINT   CHECK (budget_month > 0),
    max_output_tokens   BIGINT   CHECK (max_output_tokens > 0),
    weight              SMALLINT NOT NULL DEFAULT 100 CHECK (weight BETWEEN 1 AND 1000),
    strip_han           SMALLINT NOT NULL DEFAULT 0 CHECK (strip_han IN (0, 1)),
    echo_model          SMALLINT NOT NULL DEFAULT 0 CHECK (echo_model IN (0, 1))
);

-- Tells running servers of the changes that they must notice; `last_used_at` is not one of them.
CREATE FUNCTION announce_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('worv_keys', '');
    RETURN NULL;
END $$;
CREATE TRIGGER api_keys_changed
    AFTER INSERT OR DELETE OR UPDATE OF
    digest, name, expires_at, revoked_at, suspended_at, previous_digest, previous_until, tags, models,
    requests_per_minute, tokens_per_minute, concurrency, budget_day, budget_month, max_output_tokens,
    weight, strip_han, echo_model ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION announce_keys();

CREATE TABLE users (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    role          TEXT   NOT NULL CHECK (role IN ('admin', 'viewer')),
    password_hash TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_name ON users (lower(name));

CREATE TABLE sessions (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest          BYTEA  NOT NULL UNIQUE CHECK (length(digest) = 32),
    user_id         BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    csrf_token      TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    user_agent      TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    last_seen_at    BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE audit (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    before_json TEXT   CHECK (before_json IS NULL OR before_json::json IS NOT NULL),
    after_json  TEXT   CHECK (after_json IS NULL OR after_json::json IS NOT NULL)
);
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_is_never_rewritten BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();

CREATE TABLE models (
    id   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT   NOT NULL UNIQUE
);

-- The id begins with the time at which the request came in, so the index is in the order of time.
-- `requested_model` is kept only where it is not the served model's name.
CREATE TABLE requests (
    id                BYTEA    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    key_id            BIGINT   NOT NULL,
    endpoint          SMALLINT NOT NULL,
    model_id          BIGINT   NOT NULL REFERENCES models (id),
    requested_model   TEXT,
    stream            SMALLINT NOT NULL CHECK (stream IN (0, 1)),
    prompt_tokens     BIGINT   NOT NULL,
    cached_tokens     BIGINT   NOT NULL,
    completion_tokens BIGINT   NOT NULL,
    reasoning_tokens  BIGINT   NOT NULL,
    outcome           SMALLINT NOT NULL,
    status            INTEGER  NOT NULL,
    started_at        BIGINT   NOT NULL,
    first_byte_ms     BIGINT,
    duration_ms       BIGINT   NOT NULL,
    queue_ms          BIGINT   NOT NULL,
    overhead_us       BIGINT   NOT NULL,
    client            SMALLINT NOT NULL,
    granted_tokens    BIGINT,
    clamped           SMALLINT NOT NULL CHECK (clamped IN (0, 1)),
    chat_user         TEXT
);
CREATE INDEX requests_key ON requests (key_id, id);

-- Sums of requests by UTC hour (span 0), day (span 1) and month (span 2), kept when the requests themselves are deleted.
-- `bucket` is the number of hours, days or months since 1970. Sums for each key, model and endpoint (part 0) are too many
-- rows for a long range, so the questions that are asked most have sums of their own: for each key (part 1: model 0,
-- endpoint -1), for each model and endpoint (part 2: key 0), and for all together (part 3: key 0, model 0, endpoint -1).
CREATE TABLE usage_by_part (
    part              SMALLINT NOT NULL CHECK (part IN (0, 1, 2, 3)),
    span              SMALLINT NOT NULL CHECK (span IN (0, 1, 2)),
    bucket            BIGINT  NOT NULL,
    key_id            BIGINT  NOT NULL,
    model_id          BIGINT  NOT NULL,
    endpoint          SMALLINT NOT NULL,
    requests          BIGINT  NOT NULL,
    client_left       BIGINT  NOT NULL,
    engine_failed     BIGINT  NOT NULL,
    refused           BIGINT  NOT NULL,
    lost              BIGINT  NOT NULL,
    prompt_tokens     BIGINT  NOT NULL,
    cached_tokens     BIGINT  NOT NULL,
    completion_tokens BIGINT  NOT NULL,
    reasoning_tokens  BIGINT  NOT NULL,
    duration_ms       BIGINT  NOT NULL,
    first_bytes       BIGINT  NOT NULL,
    first_byte_ms     BIGINT  NOT NULL,
    queue_ms          BIGINT  NOT NULL,
    overhead_us       BIGINT  NOT NULL,
    clamped           BIGINT  NOT NULL,
    PRIMARY KEY (part, span, bucket, key_id, model_id, endpoint)
);

-- Gateways that share this database, and what each holds of keys' limits, as parts of 1. Worth nothing after a crash.
CREATE UNLOGGED TABLE gateways (
    id      BIGINT           NOT NULL PRIMARY KEY,
    seen_at BIGINT           NOT NULL,
    -- Of keys that it has not spoken of yet.
    of_new  DOUBLE PRECISION NOT NULL
);
CREATE UNLOGGED TABLE limit_shares (
    gateway BIGINT           NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    key_id  BIGINT           NOT NULL,
    held    DOUBLE PRECISION NOT NULL,
    used    DOUBLE PRECISION NOT NULL,
    weight  DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (gateway, key_id)
);
-- What each gateway may spend of keys' budgets in the latest period, all told, and has spent.
CREATE UNLOGGED TABLE budget_shares (
    gateway   BIGINT   NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    key_id    BIGINT   NOT NULL,
    span      SMALLINT NOT NULL,
    bucket    BIGINT   NOT NULL,
    spent     BIGINT   NOT NULL,
    written   BIGINT   NOT NULL,
    allowance BIGINT   NOT NULL,
    PRIMARY KEY (gateway, key_id, span)
);

-- Each run of the engine: its own counters and the sums of what is recorded, when it was first and last seen.
CREATE TABLE engine_runs (
    model                    TEXT    NOT NULL,
    first_at                 BIGINT  NOT NULL,
    last_at                  BIGINT  NOT NULL,
    engine_prompt_first      BIGINT  NOT NULL,
    engine_generated_first   BIGINT  NOT NULL,
    recorded_prompt_first    BIGINT  NOT NULL,
    recorded_generated_first BIGINT  NOT NULL,
    engine_prompt            BIGINT  NOT NULL,
    engine_generated         BIGINT  NOT NULL,
    recorded_prompt          BIGINT  NOT NULL,
    recorded_generated       BIGINT  NOT NULL,
    PRIMARY KEY (model, first_at)
);

-- What all GPUs took in each UTC hour, `bucket` being the number of hours since 1970.
CREATE TABLE gpu_hours (
    bucket      BIGINT NOT NULL PRIMARY KEY,
    gpu_millis  BIGINT NOT NULL,
    millijoules BIGINT NOT NULL
);
