CREATE TABLE weir_schema (version integer PRIMARY KEY);

CREATE TABLE weir_entries (
    area text NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (area, key)
);

-- Checkpoints and images cannot be compressed further.
ALTER TABLE weir_entries ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE INDEX weir_entries_expires ON weir_entries (expires);
