-- People and programs outside: what they are told, how they come in, and what was opened for them in an emergency.

-- How a member reads and wants to have mail; Korean and at once for who said nothing.
CREATE TABLE preferences (
    member   TEXT NOT NULL PRIMARY KEY REFERENCES members (id),
    language TEXT NOT NULL,
    mailing  TEXT NOT NULL
);

-- What a member was told in the portal, once each.
CREATE TABLE notifications (
    member       TEXT   NOT NULL REFERENCES members (id),
    occurrence   TEXT   NOT NULL,
    topic        TEXT   NOT NULL,
    organization TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    dataset      TEXT,
    happened_at  BIGINT NOT NULL,
    read_at      BIGINT,
    -- Waits for the mail of the next morning.
    collected    BIGINT NOT NULL,
    PRIMARY KEY (member, occurrence)
);
CREATE INDEX notifications_member ON notifications (member, happened_at);
CREATE INDEX notifications_occurrence ON notifications (occurrence);
CREATE INDEX notifications_collected ON notifications (collected, member);

-- What is to be sent to people and programs outside. Nothing secret is in it: links and keys are made when it is sent.
CREATE TABLE outbox (
    id         TEXT   NOT NULL PRIMARY KEY,
    -- `mail` or `webhook`, and to whom.
    channel    TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    topic      TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    -- `waiting`, `delivered` or `given_up`.
    state      TEXT   NOT NULL,
    state_at   BIGINT,
    problem    TEXT
);
CREATE INDEX outbox_due ON outbox (state, due_at);
CREATE INDEX outbox_target ON outbox (channel, target, created_at);

CREATE TABLE webhooks (
    id            TEXT   NOT NULL PRIMARY KEY,
    organization  TEXT   NOT NULL REFERENCES organizations (id),
    url           TEXT   NOT NULL,
    -- Topics with spaces between them; all when there are none.
    topics        TEXT   NOT NULL,
    -- Its signing secret is made of this number and a key of the server.
    secret_number BIGINT NOT NULL,
    state         TEXT   NOT NULL,
    state_at      BIGINT,
    created_by    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX webhooks_organization ON webhooks (organization);

-- Who was asked to become a member: of an organization, or of a company that comes into being with that.
CREATE TABLE invitations (
    id              TEXT   NOT NULL PRIMARY KEY,
    organization    TEXT   REFERENCES organizations (id),
    company_name    TEXT,
    business_number TEXT,
    email           TEXT   NOT NULL,
    roles           TEXT   NOT NULL,
    language        TEXT   NOT NULL,
    invited_by      TEXT,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX invitations_organization ON invitations (organization);
CREATE INDEX invitations_expires_at ON invitations (expires_at);

CREATE TABLE password_resets (
    id         TEXT   NOT NULL PRIMARY KEY,
    member     TEXT   NOT NULL REFERENCES members (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_resets_member ON password_resets (member);

-- Companies by the number that the tax office gave them: one company is here once.
CREATE TABLE business_numbers (
    organization    TEXT NOT NULL PRIMARY KEY REFERENCES organizations (id),
    business_number TEXT NOT NULL
);
CREATE UNIQUE INDEX business_numbers_number ON business_numbers (business_number);

-- Grants that were made in an emergency, without a board, and what somebody else found of them afterwards.
CREATE TABLE break_glass (
    grant_id    TEXT   NOT NULL PRIMARY KEY REFERENCES grants (id),
    opened_by   TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    opened_at   BIGINT NOT NULL,
    reviewed_by TEXT,
    reviewed_at BIGINT,
    justified   BIGINT,
    finding     TEXT
);
CREATE INDEX break_glass_opened_at ON break_glass (opened_at);

-- Whom the hospital's identity provider knows a member as. One account there is one member here, and the other way round.
CREATE TABLE identities (
    member     TEXT   NOT NULL PRIMARY KEY REFERENCES members (id),
    issuer     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject);

-- What was stopped, by whom and why, as long as it is.
CREATE TABLE stops (
    level      TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    stopped_by TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    stopped_at BIGINT NOT NULL,
    PRIMARY KEY (level, target)
);

-- What happened to grants after they were given; rows are only ever added.
CREATE TABLE grant_events (
    grant_id    TEXT   NOT NULL REFERENCES grants (id),
    number      BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    member      TEXT   NOT NULL REFERENCES members (id),
    kind        TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    PRIMARY KEY (grant_id, number)
);

-- Where the course of each grant stands, which is what its events say.
CREATE TABLE grant_courses (
    grant_id TEXT   NOT NULL PRIMARY KEY REFERENCES grants (id),
    state    TEXT   NOT NULL,
    unread   BIGINT NOT NULL
);
CREATE INDEX grant_courses_state ON grant_courses (state, unread);

-- Requests that ask for what comes after a grant.
CREATE TABLE renewals (
    request  TEXT NOT NULL PRIMARY KEY REFERENCES requests (id),
    grant_id TEXT NOT NULL REFERENCES grants (id)
);
CREATE INDEX renewals_grant_id ON renewals (grant_id);

-- What went wrong with data, and what happened to each incident since; rows are only ever added.
CREATE TABLE incidents (
    id           TEXT   NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    organization TEXT REFERENCES organizations (id),
    dataset      TEXT,
    known_at     BIGINT NOT NULL,
    reported_by  TEXT   NOT NULL REFERENCES members (id),
    reported_at  BIGINT NOT NULL
);
CREATE INDEX incidents_organization ON incidents (organization);

CREATE TABLE incident_events (
    incident    TEXT   NOT NULL REFERENCES incidents (id),
    number      BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    member      TEXT   NOT NULL REFERENCES members (id),
    kind        TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    PRIMARY KEY (incident, number)
);

-- Results that companies want to take away, and what the hospital said of each. A job is forgotten long before.
CREATE TABLE result_exports (
    id           TEXT    NOT NULL PRIMARY KEY,
    job          TEXT    NOT NULL,
    app          TEXT    NOT NULL REFERENCES apps (id),
    organization TEXT    NOT NULL REFERENCES organizations (id),
    grant_id     TEXT    NOT NULL REFERENCES grants (id),
    dataset      TEXT    NOT NULL,
    sql          TEXT    NOT NULL,
    tables       TEXT    NOT NULL,
    media_type   TEXT    NOT NULL,
    rows         BIGINT  NOT NULL,
    size_bytes   BIGINT  NOT NULL,
    sha256       BYTEA    NOT NULL,
    salt         BYTEA    NOT NULL,
    reason       TEXT    NOT NULL,
    filed_at     BIGINT  NOT NULL,
    until        BIGINT  NOT NULL,
    -- When the last of its events ended it.
    ended_at     BIGINT
);
CREATE UNIQUE INDEX result_exports_job ON result_exports (job);
CREATE INDEX result_exports_organization ON result_exports (organization);
CREATE INDEX result_exports_until ON result_exports (until);

CREATE TABLE result_export_events (
    export      TEXT    NOT NULL REFERENCES result_exports (id),
    number      BIGINT  NOT NULL,
    happened_at BIGINT  NOT NULL,
    member      TEXT    NOT NULL REFERENCES members (id),
    kind        TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    PRIMARY KEY (export, number)
);

-- The passkeys of members: the public halves, and what their devices last said of them.
CREATE TABLE passkeys (
    id               TEXT   NOT NULL PRIMARY KEY,
    member           TEXT   NOT NULL REFERENCES members (id),
    name             TEXT   NOT NULL,
    -- What the device calls the passkey, and the member: random bytes both.
    credential       BYTEA  NOT NULL,
    handle           BYTEA  NOT NULL,
    algorithm        TEXT   NOT NULL,
    public_jwk       TEXT   NOT NULL,
    -- Words with spaces between them.
    transports       TEXT   NOT NULL,
    counter          BIGINT NOT NULL,
    may_be_backed_up BIGINT NOT NULL,
    is_backed_up     BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    last_used_at     BIGINT
);
CREATE UNIQUE INDEX passkeys_credential ON passkeys (credential);
CREATE INDEX passkeys_member ON passkeys (member);

-- The challenges that devices answered, as SHA-256, until nobody would take an answer any more.
CREATE TABLE answered_challenges (
    challenge_hash BYTEA  NOT NULL PRIMARY KEY,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX answered_challenges_expires_at ON answered_challenges (expires_at);

-- What members typed and did not finish, encrypted: forms that were sent when their sender had to prove first who they are,
-- and what they keep on purpose.
CREATE TABLE kept_forms (
    member     TEXT   NOT NULL REFERENCES members (id),
    form       TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    kept_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (member, form)
);
CREATE INDEX kept_forms_form ON kept_forms (form);
CREATE INDEX kept_forms_expires_at ON kept_forms (expires_at);
