//! The tables of both databases as the queries see them; the migrations are what they really are. The file is
//! over 500 lines because each column of each table has its line.

diesel::table! {
    generation (id) {
        id -> BigInt,
        value -> BigInt,
    }
}

diesel::table! {
    service_state (id) {
        id -> BigInt,
        state -> Text,
        state_at -> Nullable<BigInt>,
        changed_by -> Text,
        reason -> Text,
    }
}

diesel::table! {
    organizations (id) {
        id -> Text,
        kind -> Text,
        name -> Text,
        state -> Text,
        state_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    members (id) {
        id -> Text,
        organization -> Text,
        email -> Text,
        name -> Text,
        roles -> Text,
        password_hash -> Text,
        state -> Text,
        state_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        member -> Text,
        token_hash -> Binary,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        proved_at -> BigInt,
        proved_by -> Text,
    }
}

diesel::table! {
    revoked_tokens (token) {
        token -> Text,
        app -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    device_codes (device_hash) {
        device_hash -> Binary,
        user_hash -> Binary,
        scopes -> Text,
        state -> Text,
        credential -> Nullable<Text>,
        interval_seconds -> BigInt,
        polled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Text,
        public_key -> Binary,
        sealed -> Binary,
        published_at -> BigInt,
        state -> Text,
        signs_from -> Nullable<BigInt>,
        signs_until -> Nullable<BigInt>,
        state_at -> Nullable<BigInt>,
        state_reason -> Nullable<Text>,
    }
}

diesel::table! {
    notices (kind, subject, days, ends_at) {
        kind -> Text,
        subject -> Text,
        days -> BigInt,
        ends_at -> BigInt,
        organization -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    personal_values (commitment) {
        commitment -> Text,
        kind -> Text,
        member -> Nullable<Text>,
        salt -> Binary,
        value -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    second_factors (member) {
        member -> Text,
        sealed -> Binary,
        last_step -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    stops (level, target) {
        level -> Text,
        target -> Text,
        stopped_by -> Text,
        reason -> Text,
        stopped_at -> BigInt,
    }
}

diesel::table! {
    identities (member) {
        member -> Text,
        issuer -> Text,
        subject -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Text,
        member -> Text,
        name -> Text,
        credential -> Binary,
        handle -> Binary,
        algorithm -> Text,
        public_jwk -> Text,
        transports -> Text,
        counter -> BigInt,
        may_be_backed_up -> BigInt,
        is_backed_up -> BigInt,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    answered_challenges (challenge_hash) {
        challenge_hash -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    recovery_codes (code_hash) {
        code_hash -> Binary,
        member -> Text,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    registration_tokens (id) {
        id -> Text,
        organization -> Text,
        member -> Text,
        label -> Text,
        token_hash -> Binary,
        uses_left -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    activation_links (id) {
        id -> Text,
        app -> Text,
        member -> Text,
        label -> Text,
        link_hash -> Binary,
        credential_days -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    idempotent_answers (key_hash) {
        key_hash -> Binary,
        request_hash -> Binary,
        created_at -> BigInt,
        expires_at -> BigInt,
        answer -> Nullable<Binary>,
    }
}

diesel::table! {
    query_jobs (id) {
        id -> Text,
        app -> Text,
        sql -> Text,
        media_type -> Text,
        tables -> Text,
        idempotency_key -> Nullable<Text>,
        request_hash -> Binary,
        created_at -> BigInt,
        alive_until -> BigInt,
        expires_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        rows -> Nullable<BigInt>,
        size_bytes -> Nullable<BigInt>,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    privacy_budgets (organization, dataset) {
        organization -> Text,
        dataset -> Text,
        spent -> BigInt,
    }
}

diesel::table! {
    privacy_queries (organization, query) {
        organization -> Text,
        query -> Text,
        dataset -> Text,
        epsilon -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    twin_budgets (dataset) {
        dataset -> Text,
        rho_units -> BigInt,
    }
}

diesel::table! {
    twin_models (dataset, model) {
        dataset -> Text,
        model -> Text,
        version -> BigInt,
        rho_units -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    registrations (app) {
        app -> Text,
        registration_token -> Text,
        access_hash -> Binary,
    }
}

diesel::table! {
    apps (id) {
        id -> Text,
        organization -> Text,
        name -> Text,
        scopes -> Text,
        authentication -> Text,
        dpop_bound -> BigInt,
        token_endpoint_audience -> BigInt,
        networks -> Text,
        state -> Text,
        state_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    credentials (id) {
        id -> Text,
        app -> Text,
        label -> Text,
        kind -> Text,
        hint -> Text,
        secret_hash -> Nullable<Binary>,
        algorithm -> Nullable<Text>,
        public_jwk -> Nullable<Text>,
        member -> Nullable<Text>,
        not_before -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        state -> Text,
        state_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    used_assertions (app, jti_hash) {
        app -> Text,
        jti_hash -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    agreements (id) {
        id -> Text,
        version -> BigInt,
        title_ko -> Text,
        title_en -> Text,
        text_ko -> Text,
        text_en -> Text,
        text_sha256 -> Text,
        published_at -> BigInt,
        sign_by -> BigInt,
    }
}

diesel::table! {
    signatures (agreement, organization, member) {
        agreement -> Text,
        organization -> Text,
        member -> Text,
        signed_at -> BigInt,
    }
}

diesel::table! {
    requests (id) {
        id -> Text,
        organization -> Text,
        app -> Text,
        author -> Text,
        dataset -> Text,
        purpose -> Text,
        agreement -> Text,
        state -> Text,
        state_at -> Nullable<BigInt>,
        state_reason -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        grant_id -> Nullable<Text>,
        submitted_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    request_events (request, number) {
        request -> Text,
        number -> BigInt,
        happened_at -> BigInt,
        member -> Nullable<Text>,
        kind -> Text,
        detail -> Text,
    }
}

diesel::joinable!(request_events -> requests (request));
diesel::allow_tables_to_appear_in_same_query!(request_events, requests);

diesel::table! {
    grant_events (grant_id, number) {
        grant_id -> Text,
        number -> BigInt,
        happened_at -> BigInt,
        member -> Text,
        kind -> Text,
        detail -> Text,
    }
}

diesel::table! {
    grant_courses (grant_id) {
        grant_id -> Text,
        state -> Text,
        unread -> BigInt,
    }
}

diesel::table! {
    incidents (id) {
        id -> Text,
        kind -> Text,
        description -> Text,
        organization -> Nullable<Text>,
        dataset -> Nullable<Text>,
        known_at -> BigInt,
        reported_by -> Text,
        reported_at -> BigInt,
    }
}

diesel::table! {
    incident_events (incident, number) {
        incident -> Text,
        number -> BigInt,
        happened_at -> BigInt,
        member -> Text,
        kind -> Text,
        detail -> Text,
    }
}

diesel::table! {
    result_exports (id) {
        id -> Text,
        job -> Text,
        app -> Text,
        organization -> Text,
        grant_id -> Text,
        dataset -> Text,
        sql -> Text,
        tables -> Text,
        media_type -> Text,
        rows -> BigInt,
        size_bytes -> BigInt,
        sha256 -> Binary,
        salt -> Binary,
        reason -> Text,
        filed_at -> BigInt,
        until -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    result_export_events (export, number) {
        export -> Text,
        number -> BigInt,
        happened_at -> BigInt,
        member -> Text,
        kind -> Text,
        detail -> Text,
    }
}

diesel::table! {
    renewals (request) {
        request -> Text,
        grant_id -> Text,
    }
}

diesel::joinable!(grant_events -> grants (grant_id));
diesel::allow_tables_to_appear_in_same_query!(grant_events, grants, grant_courses);

diesel::joinable!(renewals -> requests (request));
diesel::allow_tables_to_appear_in_same_query!(renewals, requests);

diesel::table! {
    request_files (sha256) {
        sha256 -> Text,
        bytes -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    request_attachments (request, number) {
        request -> Text,
        number -> BigInt,
        sha256 -> Text,
        size_bytes -> BigInt,
    }
}

diesel::joinable!(request_attachments -> requests (request));
diesel::allow_tables_to_appear_in_same_query!(request_attachments, requests);

diesel::table! {
    reviews (id) {
        id -> Text,
        month -> Text,
        author -> Text,
        checkpoint -> Text,
        counts -> Text,
        created_at -> BigInt,
        signed_by -> Nullable<Text>,
        signed_at -> Nullable<BigInt>,
        document -> Nullable<Text>,
        document_sha256 -> Nullable<Text>,
        countersigned_by -> Nullable<Text>,
        countersigned_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    review_items (review, entry) {
        review -> Text,
        entry -> BigInt,
        stratum -> Text,
    }
}

diesel::table! {
    grants (id) {
        id -> Text,
        organization -> Text,
        app -> Text,
        request -> Nullable<Text>,
        agreement -> Text,
        dataset -> Text,
        tier -> Text,
        tables -> Text,
        reach -> Text,
        purpose -> Text,
        quota_bytes -> BigInt,
        quota_rows -> BigInt,
        valid_from -> BigInt,
        valid_until -> BigInt,
        state -> Text,
        state_at -> Nullable<BigInt>,
        state_reason -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    plans (id) {
        id -> Text,
        name -> Text,
        version -> BigInt,
        base_fee_krw -> BigInt,
        included_bytes -> BigInt,
        included_requests -> BigInt,
        included_rows -> BigInt,
        valid_from -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    plan_prices (plan, class, tier) {
        plan -> Text,
        class -> Text,
        tier -> Text,
        gib_micro_krw -> BigInt,
        million_rows_micro_krw -> BigInt,
        request_micro_krw -> BigInt,
    }
}

diesel::table! {
    subscriptions (organization, from_month) {
        organization -> Text,
        from_month -> Text,
        plan -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    invoices (organization, month) {
        organization -> Text,
        month -> Text,
        document -> Text,
        note -> Text,
        sha256 -> Text,
        issued_at -> BigInt,
    }
}

diesel::table! {
    datasets (name) {
        name -> Text,
        title_ko -> Text,
        title_en -> Text,
        summary_ko -> Text,
        summary_en -> Text,
        licence -> Text,
        source -> Text,
        state -> Text,
        state_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    versions (id) {
        id -> Text,
        dataset -> Text,
        tier -> Text,
        number -> BigInt,
        manifest -> Text,
        state -> Text,
        state_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    nodes (id) {
        id -> Text,
        seen_at -> BigInt,
    }
}

diesel::table! {
    budgets (subject_kind, subject) {
        subject_kind -> Text,
        subject -> Text,
        period -> Text,
        limit_bytes -> BigInt,
        limit_rows -> BigInt,
    }
}

diesel::table! {
    shares (meter, node) {
        meter -> Text,
        node -> Text,
        held_bytes -> BigInt,
        held_rows -> BigInt,
    }
}

diesel::table! {
    meters (meter) {
        meter -> Text,
        booked_bytes -> BigInt,
        booked_rows -> BigInt,
        alert_level -> BigInt,
        ends_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    entry (idx) {
        idx -> BigInt,
        leaf_hash -> Binary,
        bytes -> Binary,
        node -> BigInt,
        kind -> Text,
        intent -> Nullable<BigInt>,
    }
}

diesel::table! {
    entry_search (idx) {
        idx -> BigInt,
        time_us -> BigInt,
        operation -> Text,
        organization -> Nullable<Text>,
        app -> Nullable<Text>,
        dataset -> Nullable<Text>,
        grant_id -> Nullable<Text>,
        token -> Nullable<Text>,
        status -> Nullable<Text>,
    }
}

diesel::table! {
    entry_span (block) {
        block -> BigInt,
        first_us -> BigInt,
        last_us -> BigInt,
    }
}

diesel::table! {
    search_head (id) {
        id -> BigInt,
        size -> BigInt,
    }
}

diesel::joinable!(entry_search -> entry (idx));
diesel::allow_tables_to_appear_in_same_query!(entry, entry_search);

diesel::table! {
    head (id) {
        id -> BigInt,
        size -> BigInt,
        root -> Binary,
        nodes -> Binary,
        open_from -> BigInt,
        pruned -> BigInt,
    }
}

diesel::table! {
    node (id) {
        id -> BigInt,
        started_at -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    tile (level, idx) {
        level -> BigInt,
        idx -> BigInt,
        hashes -> Binary,
    }
}

diesel::table! {
    checkpoint (size) {
        size -> BigInt,
        root -> Binary,
        note -> Text,
    }
}

diesel::table! {
    usage_hour (period_start, organization, app, grant_id, dataset, tier, operation) {
        period_start -> BigInt,
        organization -> Text,
        app -> Text,
        grant_id -> Text,
        dataset -> Text,
        tier -> Text,
        operation -> Text,
        requests -> BigInt,
        rows -> BigInt,
        bytes -> BigInt,
    }
}

diesel::table! {
    usage_pruned (period_start, organization, app, grant_id, dataset, tier, operation) {
        period_start -> BigInt,
        organization -> Text,
        app -> Text,
        grant_id -> Text,
        dataset -> Text,
        tier -> Text,
        operation -> Text,
        requests -> BigInt,
        rows -> BigInt,
        bytes -> BigInt,
    }
}

diesel::table! {
    signed (origin) {
        origin -> Text,
        size -> BigInt,
        root -> Binary,
        note -> Text,
    }
}

diesel::table! {
    preferences (member) {
        member -> Text,
        language -> Text,
        mailing -> Text,
    }
}

diesel::table! {
    notifications (member, occurrence) {
        member -> Text,
        occurrence -> Text,
        topic -> Text,
        organization -> Text,
        subject -> Text,
        dataset -> Nullable<Text>,
        happened_at -> BigInt,
        read_at -> Nullable<BigInt>,
        collected -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        channel -> Text,
        target -> Text,
        topic -> Text,
        body -> Text,
        created_at -> BigInt,
        due_at -> BigInt,
        attempts -> BigInt,
        state -> Text,
        state_at -> Nullable<BigInt>,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Text,
        organization -> Text,
        url -> Text,
        topics -> Text,
        secret_number -> BigInt,
        state -> Text,
        state_at -> Nullable<BigInt>,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    invitations (id) {
        id -> Text,
        organization -> Nullable<Text>,
        company_name -> Nullable<Text>,
        business_number -> Nullable<Text>,
        email -> Text,
        roles -> Text,
        language -> Text,
        invited_by -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    password_resets (id) {
        id -> Text,
        member -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    business_numbers (organization) {
        organization -> Text,
        business_number -> Text,
    }
}

diesel::table! {
    break_glass (grant_id) {
        grant_id -> Text,
        opened_by -> Text,
        reason -> Text,
        opened_at -> BigInt,
        reviewed_by -> Nullable<Text>,
        reviewed_at -> Nullable<BigInt>,
        justified -> Nullable<BigInt>,
        finding -> Nullable<Text>,
    }
}

diesel::table! {
    kept_forms (member, form) {
        member -> Text,
        form -> Text,
        sealed -> Binary,
        kept_at -> BigInt,
        expires_at -> BigInt,
    }
}
