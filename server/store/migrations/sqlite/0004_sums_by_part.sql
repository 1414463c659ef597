-- Sums for each key, model and endpoint (part 0) are too many rows for a long range. The questions that are asked most
-- have sums of their own: for each key (part 1: model 0, endpoint -1) and for each model and endpoint (part 2: key 0).
CREATE TABLE usage_by_part (
    part              INTEGER NOT NULL CHECK (part IN (0, 1, 2)),
    span              INTEGER NOT NULL CHECK (span IN (0, 1)),
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
    PRIMARY KEY (part, span, bucket, key_id, model_id, endpoint)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_by_part SELECT 0, usage_sums.* FROM usage_sums;

INSERT INTO usage_by_part
SELECT 1, span, bucket, key_id, 0, -1, SUM(requests), SUM(client_left), SUM(engine_failed), SUM(refused), SUM(lost),
       SUM(prompt_tokens), SUM(cached_tokens), SUM(completion_tokens), SUM(reasoning_tokens),
       SUM(duration_ms), SUM(first_bytes), SUM(first_byte_ms)
FROM usage_sums GROUP BY span, bucket, key_id;

INSERT INTO usage_by_part
SELECT 2, span, bucket, 0, model_id, endpoint, SUM(requests), SUM(client_left), SUM(engine_failed), SUM(refused),
       SUM(lost), SUM(prompt_tokens), SUM(cached_tokens), SUM(completion_tokens), SUM(reasoning_tokens),
       SUM(duration_ms), SUM(first_bytes), SUM(first_byte_ms)
FROM usage_sums GROUP BY span, bucket, model_id, endpoint;

DROP TABLE usage_sums;
