-- The second factor of signing in (RFC 6238): its shared secret, since when signing in asks for it, and the last step of
-- time whose code was used, since none works twice.
ALTER TABLE users ADD COLUMN totp_secret BYTEA;
ALTER TABLE users ADD COLUMN totp_confirmed_at BIGINT;
ALTER TABLE users ADD COLUMN totp_last_step BIGINT NOT NULL DEFAULT 0;

-- Each stands in for the second factor once.
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest  BYTEA NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (user_id, digest)
);

-- A session whose user has given the password and not yet the second factor opens nothing.
ALTER TABLE sessions ADD COLUMN second_factor_due SMALLINT NOT NULL DEFAULT 0 CHECK (second_factor_due IN (0, 1));

CREATE INDEX audit_subject ON audit (subject, id);
