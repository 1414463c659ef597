-- Sums of requests by UTC hour (span 0) and UTC day (span 1), kept when the requests themselves are deleted.
-- `bucket` is the number of hours or days since 1970.
CREATE TABLE usage_sums (
    span              INTEGER NOT NULL CHECK (span IN (0, 1)),
    bucket            INTEGER NOT NULL,
    key_id            INTEGER NOT NULL,
    model_id          INTEGER NOT NULL REFERENCES models (id),
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
    PRIMARY KEY (span, bucket, key_id, model_id, endpoint)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_sums
SELECT span, started_at / width, key_id, model_id, endpoint,
       COUNT(*), SUM(outcome = 1), SUM(outcome = 2), SUM(outcome = 3), SUM(outcome = 4),
       SUM(prompt_tokens), SUM(cached_tokens), SUM(completion_tokens), SUM(reasoning_tokens),
       SUM(duration_ms), COUNT(first_byte_ms), COALESCE(SUM(first_byte_ms), 0)
FROM requests, (SELECT 0 AS span, 3600000 AS width UNION ALL SELECT 1, 86400000)
GROUP BY 1, 2, 3, 4, 5;
