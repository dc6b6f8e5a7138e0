//! Plain samples of every noun, each complete and with a state that has data of its own where there is one.

use mudeung_core::agreement::{Agreement, Signature};
use mudeung_core::app::{App, AppRules, AppState, ClientAuthentication};
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, Proof};
use mudeung_core::duo::{Disease, LegalPurpose, Place, ProposedUse, Study};
use mudeung_core::filter::Filter;
use mudeung_core::grant::{Grant, GrantState, Reach, TableGrant};
use mudeung_core::id::{
    AgreementId, AppId, CredentialId, FileId, GrantId, MemberId, OrganizationId, RequestId, SessionId,
};
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::name::Name;
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_core::quota::Amount;
use mudeung_core::request::attachment::{Attachment, FileKind};
use mudeung_core::request::event::{Ethics, Happening, Proposal};
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_core::scope::ScopeSet;
use mudeung_core::tier::Tier;
use mudeung_store::device_codes::{DeviceCode, DeviceCodeState};
use mudeung_store::sessions::Session;
use mudeung_store::{Conn, StoreError, agreements, apps, credentials, grants, members, organizations, requests};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::manifest::{Bilingual, MANIFEST_FORMAT, Manifest, ManifestColumn, ManifestFile, ManifestTable};
use std::collections::BTreeMap;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

pub(crate) fn organization(n: u8) -> Organization {
    Organization {
        id: OrganizationId::from_bytes([n; 16]),
        kind: if n == 0 { OrganizationKind::Hospital } else { OrganizationKind::Company },
        name: format!("회사 {n}"),
        state: OrganizationState::Active,
        created_at: NOW,
    }
}

pub(crate) fn member(n: u8, organization: u8) -> Member {
    Member {
        id: MemberId::from_bytes([n; 16]),
        organization: OrganizationId::from_bytes([organization; 16]),
        email: format!("member{n}@example.org"),
        name: "김하늘".to_owned(),
        roles: vec![Role::Steward, Role::Admin],
        state: MemberState::Active,
        created_at: NOW,
    }
}

pub(crate) fn session(n: u8, member: u8) -> Session {
    Session {
        id: SessionId::from_bytes([n; 16]),
        member: MemberId::from_bytes([member; 16]),
        token_hash: [n; 32],
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: Timestamp::from_seconds(NOW.seconds() + i64::from(n)),
        proved_at: NOW,
        proved_by: mudeung_store::sessions::ProvedBy::Password,
    }
}

pub(crate) fn app(n: u8, organization: u8) -> App {
    App {
        id: AppId::from_bytes([n; 16]),
        organization: OrganizationId::from_bytes([organization; 16]),
        name: format!("app {n}"),
        scopes: ScopeSet::company(),
        authentication: ClientAuthentication::ClientSecret,
        rules: AppRules::default(),
        state: AppState::Active,
        created_at: NOW,
    }
}

pub(crate) fn credential(n: u8, app: u8) -> Credential {
    Credential {
        id: CredentialId::from_bytes([n; 16]),
        app: AppId::from_bytes([app; 16]),
        label: "production".to_owned(),
        proof: Proof::Secret { hint: "wxyz".to_owned(), hash: [n; 32] },
        not_before: NOW,
        expires_at: None,
        last_used_at: None,
        state: CredentialState::Active,
        created_at: NOW,
    }
}

pub(crate) fn device(n: u8, app: u8, member: u8) -> Credential {
    let scopes = ScopeSet::parse("catalog.read data.read");
    let proof = Proof::Device { member: MemberId::from_bytes([member; 16]), refresh_hash: [n; 32], scopes };
    Credential { proof, ..credential(n, app) }
}

pub(crate) fn device_code(n: u8) -> DeviceCode {
    DeviceCode {
        device_hash: [n; 32],
        user_hash: [n.wrapping_add(100); 32],
        scopes: "catalog.read".to_owned(),
        state: DeviceCodeState::Pending,
        interval_seconds: 5,
        polled_at: None,
        created_at: NOW,
        expires_at: NOW.plus(std::time::Duration::from_secs(900)),
    }
}

pub(crate) fn agreement(n: u8) -> Agreement {
    Agreement {
        id: AgreementId::from_bytes([n; 16]),
        version: u32::from(n),
        title_ko: "데이터 이용 약정".to_owned(),
        title_en: "Data use agreement".to_owned(),
        text_ko: "본문".to_owned(),
        text_en: "Text".to_owned(),
        text_sha256: "00".repeat(32),
        published_at: NOW,
        sign_by: NOW,
    }
}

pub(crate) fn signature(agreement: u8, organization: u8, member: u8) -> Signature {
    Signature {
        agreement: AgreementId::from_bytes([agreement; 16]),
        organization: OrganizationId::from_bytes([organization; 16]),
        member: MemberId::from_bytes([member; 16]),
        signed_at: NOW,
    }
}

pub(crate) fn request(n: u8) -> AccessRequest {
    AccessRequest {
        id: RequestId::from_bytes([n; 16]),
        organization: OrganizationId::from_bytes([1; 16]),
        app: AppId::from_bytes([1; 16]),
        author: MemberId::from_bytes([1; 16]),
        dataset: Name::parse("cohort").unwrap(),
        purpose: "폐암 예후 모형".to_owned(),
        agreement: AgreementId::from_bytes([1; 16]),
        state: RequestState::Submitted { submitted_at: NOW },
        submitted_at: Some(NOW),
        created_at: NOW,
    }
}

/// A file of seven bytes.
pub(crate) fn attachment() -> Attachment {
    Attachment { name: "IRB 승인서.pdf".to_owned(), kind: FileKind::Pdf, size_bytes: 7, sha256: "0".repeat(64) }
}

/// What the sample request asks for.
pub(crate) fn proposal() -> Proposal {
    let reason = "익명화된 자료".to_owned();
    let uses = ProposedUse {
        study: Some(Study::Disease(vec![Disease::parse("C50").unwrap(), Disease::parse("I10.9").unwrap()])),
        for_profit: Some(true),
        commercial: Some(false),
        legal: Some(LegalPurpose::Research),
        place: Some(Place::Korea),
        ..ProposedUse::default()
    };
    Proposal {
        purpose: request(1).purpose,
        agreement: request(1).agreement,
        ethics: Ethics::Exempt { reason },
        uses,
        columns: BTreeMap::from([(Name::parse("patients").unwrap(), ["age", "sex"].map(str::to_owned).into())]),
        reach: Reach::Inside,
    }
}

pub(crate) fn grant(n: u8) -> Grant {
    let opened = |rows: Option<&str>| TableGrant {
        columns: ["age", "sex"].map(str::to_owned).into(),
        rows: rows.map(|text| Filter::parse(text).unwrap()),
    };
    Grant {
        id: GrantId::from_bytes([n; 16]),
        organization: OrganizationId::from_bytes([1; 16]),
        app: AppId::from_bytes([1; 16]),
        request: None,
        agreement: AgreementId::from_bytes([1; 16]),
        dataset: Name::parse("cohort").unwrap(),
        tier: Tier::Deidentified,
        tables: BTreeMap::from([
            (Name::parse("patients").unwrap(), opened(Some("\"age\" >= 60 and \"sex\" = 'F'"))),
            (Name::parse("visits").unwrap(), opened(None)),
        ]),
        reach: Reach::Export,
        purpose: "연구".to_owned(),
        quota: Amount { bytes: 1 << 40, rows: 1_000_000 },
        valid_from: NOW,
        valid_until: Timestamp::from_seconds(NOW.seconds() + 86_400),
        state: GrantState::Active,
        created_at: NOW,
    }
}

pub(crate) fn manifest(tier: Tier, version: u32) -> Manifest {
    let text = |text: &str| Bilingual { ko: format!("{text} (ko)"), en: text.to_owned() };
    let column = |name: &str, kind: &str| ManifestColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
        nullable: name != "id",
        description: text(name),
        unit: (name == "age").then(|| "a".to_owned()),
        deidentification: (name == "age").then(|| text("five-year groups")),
    };
    let id = FileId::from_bytes([u8::try_from(version).unwrap() + if tier == Tier::Synthetic { 100 } else { 0 }; 16]);
    Manifest {
        format: MANIFEST_FORMAT,
        dataset: "cohort".to_owned(),
        tier: tier.as_str().to_owned(),
        version,
        title: text("Cohort"),
        summary: text("A cohort"),
        licence: "CC0-1.0".to_owned(),
        source: "made for tests".to_owned(),
        created_at: "2026-01-02T03:04:05.000006Z".to_owned(),
        recipe_sha256: "11".repeat(32),
        input_sha256: "22".repeat(32),
        tables: vec![ManifestTable {
            name: "patients".to_owned(),
            description: text("One row is one patient"),
            rows: 10,
            person: None,
            suppressed_rows: 1,
            columns: vec![column("id", "text"), column("age", "int32"), column("sex", "text")],
            files: vec![ManifestFile {
                id: id.to_string(),
                name: "part-00000.parquet".to_owned(),
                size_bytes: 4_096,
                sha256: "33".repeat(32),
                rows: 10,
            }],
        }],
        risk: None,
        generator: None,
        twins: Vec::new(),
        uses: None,
    }
}

/// Organizations 0 (the hospital) and 1, each with the member of its number; app 1 with credential 1; agreement 1.
pub(crate) fn fill(conn: &mut Conn) -> Result<(), StoreError> {
    for n in 0..2 {
        organizations::insert_organization(conn, &organization(n))?;
        members::insert_member(conn, &member(n, n), "$argon2id$hash")?;
    }
    apps::insert_app(conn, &app(1, 1))?;
    credentials::insert_credential(conn, &credential(1, 1))?;
    agreements::insert_agreement(conn, &agreement(1))?;
    requests::insert_request(conn, &request(1), Happening::Submitted(proposal()))?;
    grants::insert_grant(conn, &grant(1))
}

fn nonce(n: u64) -> [u8; 16] {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&n.to_be_bytes());
    nonce
}

/// An INTENT to read; `n` makes it unlike any other.
pub(crate) fn intent(n: u64, app: &str) -> Entry {
    Entry {
        organization: Some("org_1".to_owned()),
        app: Some(app.to_owned()),
        credential: Some("crd_1".to_owned()),
        token: Some(format!("tok_{n}")),
        grant: Some("grt_1".to_owned()),
        dataset: Some("cohort".to_owned()),
        tier: Some("deidentified".to_owned()),
        table: Some("patients".to_owned()),
        columns: Some(vec!["age".to_owned(), "나이".to_owned()]),
        ..Entry::new(Kind::Intent, "data.read_rows", NOW.micros() + i64::try_from(n).unwrap(), nonce(n))
    }
}

/// The OUTCOME of an INTENT.
pub(crate) fn outcome(n: u64, app: &str, intent_index: u64, rows: u64, bytes: u64) -> Entry {
    Entry {
        kind: Kind::Outcome,
        intent: Some(intent_index),
        status: Some(Status::Completed),
        rows: Some(rows),
        bytes: Some(bytes),
        columns: None,
        ..intent(n, app)
    }
}

/// What was read under a grant.
pub(crate) fn used_by_grant(grant: &str) -> mudeung_store::UsedBy {
    mudeung_store::UsedBy { grant: Some(grant.to_owned()), ..Default::default() }
}

/// What an app read of the synthetic tier.
pub(crate) fn used_of_synthetic(app: &str, since: mudeung_core::clock::Timestamp) -> mudeung_store::UsedBy {
    mudeung_store::UsedBy {
        app: Some(app.to_owned()),
        tier: Some("synthetic".to_owned()),
        since: Some(since),
        ..Default::default()
    }
}
