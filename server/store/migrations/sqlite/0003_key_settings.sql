-- What a key may do, its suspension, and the secret that still works for a while after a rotation.
-- Lists are JSON arrays of text; a limit that is not set is NULL.
ALTER TABLE api_keys ADD COLUMN suspended_at        INTEGER;
ALTER TABLE api_keys ADD COLUMN previous_digest     BLOB CHECK (length(previous_digest) = 32);
ALTER TABLE api_keys ADD COLUMN previous_until      INTEGER CHECK ((previous_until IS NULL) = (previous_digest IS NULL));
ALTER TABLE api_keys ADD COLUMN tags                TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags));
ALTER TABLE api_keys ADD COLUMN models              TEXT CHECK (json_valid(models));
ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER CHECK (requests_per_minute > 0);
ALTER TABLE api_keys ADD COLUMN tokens_per_minute   INTEGER CHECK (tokens_per_minute > 0);
ALTER TABLE api_keys ADD COLUMN concurrency         INTEGER CHECK (concurrency > 0);
ALTER TABLE api_keys ADD COLUMN budget_day          INTEGER CHECK (budget_day > 0);
ALTER TABLE api_keys ADD COLUMN budget_month        INTEGER CHECK (budget_month > 0);
ALTER TABLE api_keys ADD COLUMN max_output_tokens   INTEGER CHECK (max_output_tokens > 0);
ALTER TABLE api_keys ADD COLUMN weight              INTEGER NOT NULL DEFAULT 100 CHECK (weight BETWEEN 1 AND 1000);
ALTER TABLE api_keys ADD COLUMN strip_han           INTEGER NOT NULL DEFAULT 0 CHECK (strip_han IN (0, 1));
ALTER TABLE api_keys ADD COLUMN echo_model          INTEGER NOT NULL DEFAULT 0 CHECK (echo_model IN (0, 1));

CREATE UNIQUE INDEX api_keys_previous ON api_keys (previous_digest);

DROP TRIGGER api_keys_updated;
CREATE TRIGGER api_keys_updated AFTER UPDATE OF
    digest, name, expires_at, revoked_at, suspended_at, previous_digest, previous_until, tags, models,
    requests_per_minute, tokens_per_minute, concurrency, budget_day, budget_month, max_output_tokens,
    weight, strip_han, echo_model ON api_keys
BEGIN UPDATE revision SET value = value + 1; END;
