-- The control database. Times are microseconds since the Unix epoch, identifiers are text with their prefix.

CREATE TABLE generation (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    value BIGINT NOT NULL
);
INSERT INTO generation (id, value) VALUES (1, 0);

CREATE TABLE service_state (
    id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    state      TEXT    NOT NULL,
    state_at   BIGINT,
    changed_by TEXT    NOT NULL,
    reason     TEXT    NOT NULL
);
INSERT INTO service_state (id, state, changed_by, reason) VALUES (1, 'running', '', '');

CREATE TABLE organizations (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    state_at   BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    id            TEXT    NOT NULL PRIMARY KEY,
    organization  TEXT    NOT NULL REFERENCES organizations (id),
    email         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    roles         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    state_at      BIGINT,
    created_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX members_email ON members (email);
CREATE INDEX members_organization ON members (organization);

CREATE TABLE sessions (
    id           TEXT    NOT NULL PRIMARY KEY,
    member       TEXT    NOT NULL REFERENCES members (id),
    token_hash   BYTEA   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    proved_at    BIGINT NOT NULL,
    proved_by    TEXT    NOT NULL
);
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Access tokens withdrawn before their end, and until when anything made with them could still be used.
CREATE TABLE revoked_tokens (
    token      TEXT   NOT NULL PRIMARY KEY,
    app        TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_app ON revoked_tokens (app);
CREATE INDEX revoked_tokens_expires_at ON revoked_tokens (expires_at);

-- The keys that sign access tokens. The private half is encrypted under the server's master key, and wiped when the key
-- is revoked.
CREATE TABLE signing_keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    public_key   BYTEA NOT NULL,
    sealed       BYTEA NOT NULL,
    published_at BIGINT NOT NULL,
    -- `standby`, `signing` (signs_from, signs_until) or `revoked` (state_at, state_reason).
    state        TEXT    NOT NULL,
    signs_from   BIGINT,
    signs_until  BIGINT,
    state_at     BIGINT,
    state_reason TEXT
);

CREATE TABLE second_factors (
    member       TEXT    NOT NULL PRIMARY KEY REFERENCES members (id),
    sealed       BYTEA    NOT NULL,
    last_step    BIGINT NOT NULL,
    confirmed_at BIGINT,
    created_at   BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    code_hash BYTEA    NOT NULL PRIMARY KEY,
    member    TEXT    NOT NULL REFERENCES members (id),
    used_at   BIGINT
);
CREATE INDEX recovery_codes_member ON recovery_codes (member);

CREATE TABLE device_codes (
    device_hash      BYTEA NOT NULL PRIMARY KEY,
    user_hash        BYTEA NOT NULL,
    scopes           TEXT NOT NULL,
    -- `pending`, `denied` or `approved` (with the credential that came of it).
    state            TEXT NOT NULL,
    credential       TEXT,
    interval_seconds BIGINT NOT NULL,
    polled_at        BIGINT,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX device_codes_user_hash ON device_codes (user_hash);
CREATE INDEX device_codes_expires_at ON device_codes (expires_at);

CREATE TABLE registration_tokens (
    id           TEXT   NOT NULL PRIMARY KEY,
    organization TEXT   NOT NULL REFERENCES organizations (id),
    member       TEXT   NOT NULL REFERENCES members (id),
    label        TEXT   NOT NULL,
    token_hash   BYTEA NOT NULL,
    uses_left    BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX registration_tokens_token_hash ON registration_tokens (token_hash);
CREATE INDEX registration_tokens_organization ON registration_tokens (organization);

CREATE TABLE activation_links (
    id              TEXT   NOT NULL PRIMARY KEY,
    app             TEXT   NOT NULL,
    member          TEXT   NOT NULL REFERENCES members (id),
    label           TEXT   NOT NULL,
    link_hash       BYTEA NOT NULL,
    credential_days BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX activation_links_link_hash ON activation_links (link_hash);
CREATE INDEX activation_links_app ON activation_links (app);

CREATE TABLE query_jobs (
    id              TEXT   NOT NULL PRIMARY KEY,
    app             TEXT   NOT NULL,
    sql             TEXT   NOT NULL,
    media_type      TEXT   NOT NULL,
    tables          TEXT   NOT NULL,
    idempotency_key TEXT,
    request_hash    BYTEA  NOT NULL,
    created_at      BIGINT NOT NULL,
    alive_until     BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    finished_at     BIGINT,
    rows            BIGINT,
    size_bytes      BIGINT,
    problem         TEXT
);
CREATE INDEX query_jobs_app ON query_jobs (app);
CREATE UNIQUE INDEX query_jobs_idempotency_key ON query_jobs (app, idempotency_key);

CREATE TABLE idempotent_answers (
    key_hash     BYTEA NOT NULL PRIMARY KEY,
    request_hash BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    answer       BYTEA
);
CREATE INDEX idempotent_answers_expires_at ON idempotent_answers (expires_at);

CREATE TABLE privacy_budgets (
    organization TEXT   NOT NULL,
    dataset      TEXT   NOT NULL,
    spent        BIGINT NOT NULL,
    PRIMARY KEY (organization, dataset)
);

CREATE TABLE privacy_queries (
    organization TEXT   NOT NULL,
    query        TEXT   NOT NULL,
    dataset      TEXT   NOT NULL,
    epsilon      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, query)
);

CREATE TABLE twin_budgets (
    dataset   TEXT   NOT NULL PRIMARY KEY,
    rho_units BIGINT NOT NULL
);

CREATE TABLE twin_models (
    dataset    TEXT   NOT NULL,
    model      TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    rho_units  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (dataset, model)
);

CREATE TABLE registrations (
    app                TEXT    NOT NULL PRIMARY KEY,
    registration_token TEXT    NOT NULL,
    access_hash        BYTEA NOT NULL
);

CREATE TABLE apps (
    id             TEXT    NOT NULL PRIMARY KEY,
    organization   TEXT    NOT NULL REFERENCES organizations (id),
    name           TEXT    NOT NULL,
    scopes         TEXT    NOT NULL,
    authentication TEXT    NOT NULL,
    dpop_bound              BIGINT NOT NULL,
    token_endpoint_audience BIGINT NOT NULL,
    networks                TEXT NOT NULL,
    state          TEXT    NOT NULL,
    state_at       BIGINT,
    created_at     BIGINT NOT NULL
);
CREATE INDEX apps_organization ON apps (organization);

CREATE TABLE credentials (
    id           TEXT    NOT NULL PRIMARY KEY,
    app          TEXT    NOT NULL REFERENCES apps (id),
    label        TEXT    NOT NULL,
    -- `secret` (hint, secret_hash), `key` (hint is its kid, algorithm, public_jwk) or `device` (hint is its
    -- scopes, secret_hash, member).
    kind         TEXT    NOT NULL,
    hint         TEXT    NOT NULL,
    secret_hash  BYTEA,
    algorithm    TEXT,
    public_jwk   TEXT,
    member       TEXT REFERENCES members (id),
    not_before   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    state        TEXT    NOT NULL,
    state_at     BIGINT,
    created_at   BIGINT NOT NULL
);
CREATE INDEX credentials_app ON credentials (app);

-- The identifiers of assertions that were accepted, as SHA-256, until nobody would accept them any more.
CREATE TABLE used_assertions (
    app        TEXT    NOT NULL REFERENCES apps (id),
    jti_hash   BYTEA   NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (app, jti_hash)
);
CREATE INDEX used_assertions_expires_at ON used_assertions (expires_at);

CREATE TABLE agreements (
    id           TEXT    NOT NULL PRIMARY KEY,
    version      BIGINT NOT NULL,
    title_ko     TEXT    NOT NULL,
    title_en     TEXT    NOT NULL,
    text_ko      TEXT    NOT NULL,
    text_en      TEXT    NOT NULL,
    text_sha256  TEXT    NOT NULL,
    published_at BIGINT NOT NULL,
    -- Until then companies with grants under an older version may go on.
    sign_by      BIGINT NOT NULL
);
CREATE UNIQUE INDEX agreements_version ON agreements (version);

CREATE TABLE signatures (
    agreement    TEXT    NOT NULL REFERENCES agreements (id),
    organization TEXT    NOT NULL REFERENCES organizations (id),
    member       TEXT    NOT NULL REFERENCES members (id),
    signed_at    BIGINT NOT NULL,
    PRIMARY KEY (agreement, organization, member)
);

-- What organizations were told of that ends: once so many days before.
CREATE TABLE notices (
    kind         TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    days         BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    organization TEXT    NOT NULL REFERENCES organizations (id),
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (kind, subject, days, ends_at)
);
CREATE INDEX notices_organization ON notices (organization);
CREATE INDEX notices_ends_at ON notices (ends_at);

-- Where each access request stands: what its events say, kept beside them for lists.
CREATE TABLE requests (
    id           TEXT    NOT NULL PRIMARY KEY,
    organization TEXT    NOT NULL REFERENCES organizations (id),
    app          TEXT    NOT NULL REFERENCES apps (id),
    author       TEXT    NOT NULL REFERENCES members (id),
    dataset      TEXT    NOT NULL,
    purpose      TEXT    NOT NULL,
    agreement    TEXT    NOT NULL REFERENCES agreements (id),
    state        TEXT    NOT NULL,
    state_at     BIGINT,
    state_reason TEXT,
    decided_by   TEXT,
    grant_id     TEXT,
    submitted_at BIGINT,
    created_at   BIGINT NOT NULL
);
CREATE INDEX requests_organization ON requests (organization);
CREATE INDEX requests_state ON requests (state);

-- What happened to an access request; rows are only ever added. Nobody is the member of what the clock did.
CREATE TABLE request_events (
    request     TEXT   NOT NULL REFERENCES requests (id),
    number      BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    member      TEXT REFERENCES members (id),
    kind        TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    PRIMARY KEY (request, number)
);

-- Files beside access requests, each under the SHA-256 of its bytes, once however often it was sent.
CREATE TABLE request_files (
    sha256     TEXT    NOT NULL PRIMARY KEY,
    bytes      BYTEA   NOT NULL,
    created_at BIGINT NOT NULL
);

-- Which file came with which event of which request.
CREATE TABLE request_attachments (
    request    TEXT    NOT NULL REFERENCES requests (id),
    number     BIGINT NOT NULL,
    sha256     TEXT    NOT NULL REFERENCES request_files (sha256),
    size_bytes BIGINT NOT NULL,
    PRIMARY KEY (request, number)
);

-- A month has one review; what is signed never changes.
CREATE TABLE reviews (
    id               TEXT    NOT NULL PRIMARY KEY,
    month            TEXT    NOT NULL,
    author           TEXT    NOT NULL REFERENCES members (id),
    checkpoint       TEXT    NOT NULL,
    counts           TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL,
    signed_by        TEXT REFERENCES members (id),
    signed_at        BIGINT,
    document         TEXT,
    document_sha256  TEXT,
    countersigned_by TEXT REFERENCES members (id),
    countersigned_at BIGINT
);
CREATE UNIQUE INDEX reviews_month ON reviews (month);

-- `entry` is an index in the ledger, which is another database.
CREATE TABLE review_items (
    review  TEXT    NOT NULL REFERENCES reviews (id),
    entry   BIGINT  NOT NULL,
    stratum TEXT    NOT NULL,
    PRIMARY KEY (review, entry)
);

CREATE TABLE grants (
    id           TEXT    NOT NULL PRIMARY KEY,
    organization TEXT    NOT NULL REFERENCES organizations (id),
    app          TEXT    NOT NULL REFERENCES apps (id),
    request      TEXT REFERENCES requests (id),
    agreement    TEXT    NOT NULL REFERENCES agreements (id),
    dataset      TEXT    NOT NULL,
    tier         TEXT    NOT NULL,
    tables       TEXT    NOT NULL,
    reach        TEXT    NOT NULL,
    purpose      TEXT    NOT NULL,
    quota_bytes  BIGINT NOT NULL,
    quota_rows   BIGINT NOT NULL,
    valid_from   BIGINT NOT NULL,
    valid_until  BIGINT NOT NULL,
    state        TEXT    NOT NULL,
    state_at     BIGINT,
    state_reason TEXT,
    created_at   BIGINT NOT NULL
);
CREATE INDEX grants_app ON grants (app);
CREATE INDEX grants_organization ON grants (organization);

-- A plan's terms never change: other terms are another version. Amounts are whole won, prices millionths of a won.
CREATE TABLE plans (
    id                TEXT    NOT NULL PRIMARY KEY,
    name              TEXT    NOT NULL,
    version           BIGINT NOT NULL,
    base_fee_krw      BIGINT NOT NULL,
    included_bytes    BIGINT NOT NULL,
    included_requests BIGINT NOT NULL,
    included_rows     BIGINT NOT NULL,
    valid_from        TEXT    NOT NULL,
    created_at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX plans_version ON plans (name, version);

CREATE TABLE plan_prices (
    plan                   TEXT    NOT NULL REFERENCES plans (id),
    class                  TEXT    NOT NULL,
    tier                   TEXT    NOT NULL,
    gib_micro_krw          BIGINT NOT NULL,
    million_rows_micro_krw BIGINT NOT NULL,
    request_micro_krw      BIGINT NOT NULL,
    PRIMARY KEY (plan, class, tier)
);

-- An organization has one plan from a month on (`2026-10`); without one it has the free one.
CREATE TABLE subscriptions (
    organization TEXT    NOT NULL REFERENCES organizations (id),
    from_month   TEXT    NOT NULL,
    plan         TEXT    NOT NULL REFERENCES plans (id),
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, from_month)
);

-- Invoices as they were issued: canonical JSON and the signed note about it. They never change.
CREATE TABLE invoices (
    organization TEXT    NOT NULL REFERENCES organizations (id),
    month        TEXT    NOT NULL,
    document     TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    sha256       TEXT    NOT NULL,
    issued_at    BIGINT NOT NULL,
    PRIMARY KEY (organization, month)
);

CREATE TABLE datasets (
    name       TEXT    NOT NULL PRIMARY KEY,
    title_ko   TEXT    NOT NULL,
    title_en   TEXT    NOT NULL,
    summary_ko TEXT    NOT NULL,
    summary_en TEXT    NOT NULL,
    licence    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    state_at   BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE versions (
    id         TEXT    NOT NULL PRIMARY KEY,
    dataset    TEXT    NOT NULL REFERENCES datasets (name),
    tier       TEXT    NOT NULL,
    number     BIGINT NOT NULL,
    manifest   TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    state_at   BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX versions_number ON versions (dataset, tier, number);

-- The processes that serve, and when each was last heard of, by the clock of this database.
CREATE TABLE nodes (
    id      TEXT   NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

CREATE TABLE budgets (
    subject_kind TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    period       TEXT   NOT NULL,
    limit_bytes  BIGINT NOT NULL,
    limit_rows   BIGINT NOT NULL,
    PRIMARY KEY (subject_kind, subject)
);

-- What each node holds of a budget and has not booked in the ledger yet.
CREATE TABLE shares (
    meter      TEXT   NOT NULL,
    node       TEXT   NOT NULL,
    held_bytes BIGINT NOT NULL,
    held_rows  BIGINT NOT NULL,
    PRIMARY KEY (meter, node)
);

-- What was booked of each budget since the row was made, and the last level at which people were told.
CREATE TABLE meters (
    meter        TEXT   NOT NULL PRIMARY KEY,
    booked_bytes BIGINT NOT NULL,
    booked_rows  BIGINT NOT NULL,
    alert_level  BIGINT NOT NULL,
    ends_at      BIGINT
);

-- Personal values that entries of the ledger stand for with a commitment. They can be erased; the ledger stays as it is.
CREATE TABLE personal_values (
    commitment TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    -- The member who acted; not a reference, because members may go before what is kept of them.
    member     TEXT,
    salt       BYTEA    NOT NULL,
    value      TEXT    NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX personal_values_value ON personal_values (kind, value);
CREATE INDEX personal_values_member ON personal_values (member);
CREATE INDEX personal_values_created_at ON personal_values (created_at);
