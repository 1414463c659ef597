-- Sums for each key, model and endpoint (part 0) are too many rows for a long range. The questions that are asked most
-- have sums of their own: for each key (part 1: model 0, endpoint -1) and for each model and endpoint (part 2: key 0).
CREATE TABLE usage_by_part (
    part              SMALLINT NOT NULL CHECK (part IN (0, 1, 2)),
    span              SMALLINT NOT NULL CHECK (span IN (0, 1)),
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
    PRIMARY KEY (part, span, bucket, key_id, model_id, endpoint)
);

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
