-- The last checkpoint of each log, kept apart from the log: a log that is restored from a backup does not take it back.

CREATE TABLE signed (
    origin TEXT    NOT NULL PRIMARY KEY,
    size   INTEGER NOT NULL,
    root   BLOB    NOT NULL,
    note   TEXT    NOT NULL
) STRICT;
