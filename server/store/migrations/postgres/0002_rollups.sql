-- Sums of requests by UTC hour (span 0) and UTC day (span 1), kept when the requests themselves are deleted.
-- `bucket` is the number of hours or days since 1970.
CREATE TABLE usage_sums (
    span              SMALLINT NOT NULL CHECK (span IN (0, 1)),
    bucket            BIGINT  NOT NULL,
    key_id            BIGINT  NOT NULL,
    model_id          BIGINT  NOT NULL REFERENCES models (id),
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
    PRIMARY KEY (span, bucket, key_id, model_id, endpoint)
);

INSERT INTO usage_sums
SELECT span, started_at / width, key_id, model_id, endpoint,
       COUNT(*), COUNT(*) FILTER (WHERE outcome = 1), COUNT(*) FILTER (WHERE outcome = 2),
       COUNT(*) FILTER (WHERE outcome = 3), COUNT(*) FILTER (WHERE outcome = 4),
       SUM(prompt_tokens), SUM(cached_tokens), SUM(completion_tokens), SUM(reasoning_tokens),
       SUM(duration_ms), COUNT(first_byte_ms), COALESCE(SUM(first_byte_ms), 0)
FROM requests, (VALUES (0, 3600000), (1, 86400000)) AS spans (span, width)
GROUP BY 1, 2, 3, 4, 5;
