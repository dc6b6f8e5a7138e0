-- The last checkpoint of each log, kept apart from the log: a log that is restored from a backup does not take it back.

CREATE TABLE signed (
    origin TEXT    NOT NULL PRIMARY KEY,
    size   BIGINT NOT NULL,
    root   BYTEA   NOT NULL,
    note   TEXT    NOT NULL
);
