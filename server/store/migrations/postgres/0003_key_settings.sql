-- What a key may do, its suspension, and the secret that still works for a while after a rotation.
-- Lists are JSON arrays of text; a limit that is not set is NULL.
ALTER TABLE api_keys
    ADD COLUMN suspended_at        BIGINT,
    ADD COLUMN previous_digest     BYTEA UNIQUE CHECK (length(previous_digest) = 32),
    ADD COLUMN previous_until      BIGINT CHECK ((previous_until IS NULL) = (previous_digest IS NULL)),
    ADD COLUMN tags                TEXT NOT NULL DEFAULT '[]' CHECK (tags::json IS NOT NULL),
    ADD COLUMN models              TEXT CHECK (models IS NULL OR models::json IS NOT NULL),
    ADD COLUMN requests_per_minute BIGINT CHECK (requests_per_minute > 0),
    ADD COLUMN tokens_per_minute   BIGINT CHECK (tokens_per_minute > 0),
    ADD COLUMN concurrency         BIGINT CHECK (concurrency > 0),
    ADD COLUMN budget_day          BIGINT CHECK (budget_day > 0),
    ADD COLUMN budget_month        BIGINT CHECK (budget_month > 0),
    ADD COLUMN max_output_tokens   BIGINT CHECK (max_output_tokens > 0),
    ADD COLUMN weight              SMALLINT NOT NULL DEFAULT 100 CHECK (weight BETWEEN 1 AND 1000),
    ADD COLUMN strip_han           SMALLINT NOT NULL DEFAULT 0 CHECK (strip_han IN (0, 1)),
    ADD COLUMN echo_model          SMALLINT NOT NULL DEFAULT 0 CHECK (echo_model IN (0, 1));

DROP TRIGGER api_keys_changed ON api_keys;
CREATE TRIGGER api_keys_changed
    AFTER INSERT OR DELETE OR UPDATE OF
    digest, name, expires_at, revoked_at, suspended_at, previous_digest, previous_until, tags, models,
    requests_per_minute, tokens_per_minute, concurrency, budget_day, budget_month, max_output_tokens,
    weight, strip_han, echo_model ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION announce_keys();
