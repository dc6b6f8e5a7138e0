-- The ledger: entries, the head of the tree over them, its tiles, checkpoints, and usage.
-- `kind` and `intent` repeat what stands in the bytes; `ledger verify` compares them.
-- `node` says which process wrote the entry, and so who may close it when it is an INTENT; it is not evidence.

CREATE TABLE entry (
    idx       BIGINT NOT NULL PRIMARY KEY,
    leaf_hash BYTEA   NOT NULL,
    bytes     BYTEA   NOT NULL,
    node      BIGINT NOT NULL,
    kind      TEXT    NOT NULL,
    intent    BIGINT
);

-- What entries are found by, derived from their bytes behind the commits: `search_head` says how many are in it.
CREATE TABLE entry_search (
    idx          BIGINT NOT NULL PRIMARY KEY,
    time_us      BIGINT NOT NULL,
    operation    TEXT    NOT NULL,
    organization TEXT,
    app          TEXT,
    dataset      TEXT,
    grant_id     TEXT,
    token        TEXT,
    status       TEXT
);
-- Of several that fit SQLite takes the one that was made last: the more an index tells apart, the later it stands.
CREATE INDEX entry_search_operation ON entry_search (operation, idx);
CREATE INDEX entry_search_dataset ON entry_search (dataset, idx);
CREATE INDEX entry_search_organization ON entry_search (organization, idx);
CREATE INDEX entry_search_app ON entry_search (app, idx);
-- What ended as hoped for is most of all, and needs no index.
CREATE INDEX entry_search_status ON entry_search (status, idx) WHERE status <> 'completed';
CREATE INDEX entry_search_grant ON entry_search (grant_id, idx);
CREATE INDEX entry_search_token ON entry_search (token, idx);

-- Within which times the indexed entries of each 4,096 lie: where a search by time begins and ends.
CREATE TABLE entry_span (
    block    BIGINT NOT NULL PRIMARY KEY,
    first_us BIGINT NOT NULL,
    last_us  BIGINT NOT NULL
);

CREATE TABLE search_head (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    size BIGINT NOT NULL
);
INSERT INTO search_head (id, size) VALUES (1, 0);

-- `nodes` holds the roots of the complete subtrees, largest first, 32 bytes each. No INTENT below `open_from` is open.
-- Entries below `pruned`, a multiple of 256, were given up: their hashes are in the tiles, their rows go.
CREATE TABLE head (
    id        BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    size      BIGINT NOT NULL,
    root      BYTEA   NOT NULL,
    nodes     BYTEA   NOT NULL,
    open_from BIGINT NOT NULL,
    pruned    BIGINT NOT NULL
);
-- The empty tree; its root is SHA-256 of nothing.
INSERT INTO head (id, size, root, nodes, open_from, pruned)
VALUES (1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '', 0, 0);

-- The processes that append, renewed every few seconds and gone when one stopped; by the clock of the database.
CREATE TABLE node (
    id         BIGINT NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

CREATE TABLE tile (
    level  BIGINT NOT NULL,
    idx    BIGINT NOT NULL,
    hashes BYTEA   NOT NULL,
    PRIMARY KEY (level, idx)
);

CREATE TABLE checkpoint (
    size BIGINT NOT NULL PRIMARY KEY,
    root BYTEA   NOT NULL,
    note TEXT    NOT NULL
);

CREATE TABLE usage_hour (
    period_start BIGINT NOT NULL,
    organization TEXT    NOT NULL,
    app          TEXT    NOT NULL,
    grant_id     TEXT    NOT NULL,
    dataset      TEXT    NOT NULL,
    tier         TEXT    NOT NULL,
    operation    TEXT    NOT NULL,
    requests     BIGINT NOT NULL,
    rows         BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    PRIMARY KEY (period_start, organization, app, grant_id, dataset, tier, operation)
);
-- With what is summed up, so that a grant of many hours is summed up without reading its rows.
CREATE INDEX usage_hour_grant ON usage_hour (grant_id, period_start, rows, bytes);
CREATE INDEX usage_hour_organization ON usage_hour (organization, period_start);

-- The part of `usage_hour` that comes from entries that were given up; an entry has its hash.
CREATE TABLE usage_pruned (
    period_start BIGINT NOT NULL,
    organization TEXT    NOT NULL,
    app          TEXT    NOT NULL,
    grant_id     TEXT    NOT NULL,
    dataset      TEXT    NOT NULL,
    tier         TEXT    NOT NULL,
    operation    TEXT    NOT NULL,
    requests     BIGINT NOT NULL,
    rows         BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    PRIMARY KEY (period_start, organization, app, grant_id, dataset, tier, operation)
);

-- A guard against mistakes, not against attackers: those are what the tree is for.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an entry never changes';
END
$$;
CREATE FUNCTION refuse_to_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.idx >= (SELECT pruned FROM head) THEN
        RAISE EXCEPTION 'an entry that was not given up never goes';
    END IF;
    RETURN old;
END
$$;
CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_to_go();
