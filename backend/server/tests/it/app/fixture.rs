//! Who and what is in every server under test: two companies, the hospital, their apps and people, one dataset.

use super::{BEGIN, Client};
use mudeung_core::agreement::Agreement;
use mudeung_core::app::{App, AppRules, AppState, ClientAuthentication};
use mudeung_core::clock::{Clock, Entropy};
use mudeung_core::credential::{Credential, CredentialState, Proof};
use mudeung_core::dataset::VersionState;
use mudeung_core::grant::{Grant, GrantState, Reach, TableGrant};
use mudeung_core::id::{AgreementId, AppId, CredentialId, FileId, GrantId, MemberId, OrganizationId, VersionId};
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::name::Name;
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_core::quota::Amount;
use mudeung_core::scope::{Scope, ScopeSet, Side};
use mudeung_core::secret::Secret;
use mudeung_core::signing_key::KeyRing;
use mudeung_core::tier::Tier;
use mudeung_server::keys::{Keys, office};
use mudeung_server::oauth::secrets;
use mudeung_store::{Conn, Db, agreements, apps, catalog, credentials, grants, members, organizations};
use mudeung_wire::manifest::{Bilingual, Manifest, ManifestColumn, ManifestFile, ManifestGenerator, ManifestTable};
use std::time::Duration;

/// The dataset there is.
pub(crate) const DATASET: &str = "cohort";
/// The table there is, in both tiers.
pub(crate) const TABLE: &str = "visits";
/// The columns of the table.
pub(crate) const COLUMNS: [(&str, &str); 3] = [("person", "text"), ("age", "int32"), ("note", "text")];
/// The columns that the grant opens.
pub(crate) const GRANTED: [&str; 2] = ["person", "age"];
/// Bytes of the one file of each table.
pub(crate) const FILE_BYTES: u64 = 10_000;
/// Rows of each table.
pub(crate) const ROWS: u64 = 100;
/// The password of every member.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Who and what is in the server.
pub(crate) struct Fixture {
    /// The company with the grant.
    pub(crate) company: OrganizationId,
    /// The hospital.
    pub(crate) hospital: OrganizationId,
    /// An app of the company with all company scopes and a grant on two columns of the de-identified table.
    pub(crate) reader: Client,
    /// The app behind `reader`.
    pub(crate) reader_app: AppId,
    /// The credential behind `reader`.
    pub(crate) reader_credential: CredentialId,
    /// The grant of `reader`.
    pub(crate) grant: GrantId,
    /// An app of another company, with all company scopes and no grant.
    pub(crate) stranger: Client,
    /// A service account of the hospital with all hospital scopes.
    pub(crate) hospital_account: Client,
    /// The agreement in force.
    pub(crate) agreement: AgreementId,
    /// The file of the synthetic table.
    pub(crate) synthetic_file: FileId,
    /// The file of the de-identified table.
    pub(crate) deidentified_file: FileId,
    /// One member for each role: e-mail address and identifier. Representatives and developers are of the company, all others of the hospital.
    pub(crate) members: Vec<(Role, String, MemberId)>,
}

struct Maker<'m> {
    keys: &'m Keys,
    clock: &'m dyn Clock,
    entropy: &'m dyn Entropy,
}

impl Maker<'_> {
    fn organization(&self, kind: OrganizationKind, name: &str) -> Organization {
        Organization {
            id: OrganizationId::generate(self.clock, self.entropy),
            kind,
            name: name.to_owned(),
            state: OrganizationState::Active,
            created_at: BEGIN,
        }
    }

    fn app(&self, organization: &Organization, name: &str, side: Side) -> App {
        App {
            id: AppId::generate(self.clock, self.entropy),
            organization: organization.id,
            name: name.to_owned(),
            scopes: Scope::ALL.iter().copied().filter(|scope| scope.side() == side).collect::<ScopeSet>(),
            authentication: ClientAuthentication::ClientSecret,
            rules: AppRules::default(),
            state: AppState::Active,
            created_at: BEGIN,
        }
    }

    fn credential(&self, app: &App) -> (Credential, Client) {
        let secret = secrets::mint(self.entropy);
        let credential = new_credential(self.keys, app.id, &secret, CredentialId::generate(self.clock, self.entropy));
        (credential, Client { id: app.id.to_string(), secret: secret.expose().clone() })
    }
}

/// A live credential of an app.
pub(crate) fn new_credential(keys: &Keys, app: AppId, secret: &Secret<String>, id: CredentialId) -> Credential {
    Credential {
        id,
        app,
        label: "test".to_owned(),
        proof: Proof::Secret { hint: secrets::hint(secret), hash: secrets::hash(keys, secret.expose()) },
        not_before: BEGIN,
        expires_at: None,
        last_used_at: None,
        state: CredentialState::Active,
        created_at: BEGIN,
    }
}

/// Puts everything into the control database.
pub(crate) async fn insert(db: &Db, keys: &Keys, clock: &dyn Clock, entropy: &dyn Entropy) -> Fixture {
    let (mut fresh, now) = (keys.fresh_signing_keys(2, clock, entropy).unwrap(), clock.now());
    let save = move |conn: &mut Conn| office::save(conn, &mut KeyRing::default(), &mut fresh, now);
    db.tx("make signing keys", save).await.unwrap();
    let make = Maker { keys, clock, entropy };
    let company = make.organization(OrganizationKind::Company, "Company");
    let other = make.organization(OrganizationKind::Company, "Other company");
    let hospital = make.organization(OrganizationKind::Hospital, "Hospital");
    let reader = make.app(&company, "Reader", Side::Company);
    let stranger = make.app(&other, "Stranger", Side::Company);
    let account = make.app(&hospital, "Hospital account", Side::Hospital);
    let (reader_credential, reader_client) = make.credential(&reader);
    let (stranger_credential, stranger_client) = make.credential(&stranger);
    let (account_credential, account_client) = make.credential(&account);
    let agreement = agreement(AgreementId::generate(clock, entropy));
    let grant = grant(GrantId::generate(clock, entropy), &company, &reader, &agreement);
    let manifests = [manifest(Tier::Synthetic, 1), manifest(Tier::Deidentified, 2)];
    let file = |manifest: &Manifest| FileId::parse(&manifest.tables[0].files[0].id).unwrap();
    let mut members = Role::ALL.map(|role| {
        let organization = if role.is_of_company() { company.id } else { hospital.id };
        member(MemberId::generate(clock, entropy), organization, role)
    });
    // Tests of devices and tokens take the first for the developer.
    members.sort_by_key(|member| member.roles != [Role::Developer]);
    let fixture = Fixture {
        company: company.id,
        hospital: hospital.id,
        reader: reader_client,
        reader_app: reader.id,
        reader_credential: reader_credential.id,
        grant: grant.id,
        stranger: stranger_client,
        hospital_account: account_client,
        agreement: agreement.id,
        synthetic_file: file(&manifests[0]),
        deidentified_file: file(&manifests[1]),
        members: members.iter().map(|member| (member.roles[0], member.email.clone(), member.id)).collect(),
    };
    let password = mudeung_server::portal::password::hash(&Secret::new(PASSWORD.to_owned()), entropy).unwrap();
    let versions = manifests.map(|manifest| (manifest, VersionId::generate(clock, entropy)));
    db.tx("fixture", move |conn| {
        for organization in [&company, &other, &hospital] {
            organizations::insert_organization(conn, organization)?;
        }
        for (app, credential) in
            [(&reader, &reader_credential), (&stranger, &stranger_credential), (&account, &account_credential)]
        {
            apps::insert_app(conn, app)?;
            credentials::insert_credential(conn, credential)?;
        }
        for member in &members {
            members::insert_member(conn, member, &password)?;
        }
        for (manifest, id) in &versions {
            let state = VersionState::Published { published_at: BEGIN };
            catalog::insert_version(conn, manifest, *id, state, BEGIN)?;
        }
        agreements::insert_agreement(conn, &agreement)?;
        grants::insert_grant(conn, &grant)
    })
    .await
    .unwrap();
    fixture
}

fn member(id: MemberId, organization: OrganizationId, role: Role) -> Member {
    Member {
        id,
        organization,
        email: format!("{}@example.org", role.as_str()),
        name: role.as_str().to_owned(),
        roles: vec![role],
        state: MemberState::Active,
        created_at: BEGIN,
    }
}

fn agreement(id: AgreementId) -> Agreement {
    Agreement {
        id,
        version: 1,
        title_ko: "데이터 이용 약정".to_owned(),
        title_en: "Data use agreement".to_owned(),
        text_ko: "약정".to_owned(),
        text_en: "Agreement".to_owned(),
        text_sha256: "0".repeat(64),
        published_at: BEGIN,
        sign_by: BEGIN,
    }
}

fn grant(id: GrantId, company: &Organization, app: &App, agreement: &Agreement) -> Grant {
    let columns = GRANTED.iter().map(|column| (*column).to_owned()).collect();
    Grant {
        id,
        organization: company.id,
        app: app.id,
        request: None,
        agreement: agreement.id,
        dataset: Name::parse(DATASET).unwrap(),
        tier: Tier::Deidentified,
        tables: [(Name::parse(TABLE).unwrap(), TableGrant { columns, rows: None })].into(),
        reach: Reach::Export,
        purpose: "A study".to_owned(),
        quota: Amount { bytes: 1 << 30, rows: 1 << 30 },
        valid_from: BEGIN,
        valid_until: BEGIN.plus(Duration::from_secs(365 * 86_400)),
        state: GrantState::Active,
        created_at: BEGIN,
    }
}

/// The first version of a tier, with one file.
pub(crate) fn manifest(tier: Tier, seed: u8) -> Manifest {
    let text = |text: &str| Bilingual { ko: text.to_owned(), en: text.to_owned() };
    let column = |(name, kind): (&str, &str)| ManifestColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
        nullable: false,
        description: text(name),
        unit: None,
        deidentification: None,
    };
    Manifest {
        format: mudeung_wire::manifest::MANIFEST_FORMAT,
        dataset: DATASET.to_owned(),
        tier: tier.as_str().to_owned(),
        version: 1,
        title: text("Cohort"),
        summary: text("A cohort."),
        licence: "CC0-1.0".to_owned(),
        source: "made for tests".to_owned(),
        created_at: "2026-03-01T00:00:00Z".to_owned(),
        recipe_sha256: "0".repeat(64),
        input_sha256: "0".repeat(64),
        tables: vec![ManifestTable {
            name: TABLE.to_owned(),
            description: text("A visit."),
            rows: ROWS,
            person: Some("person".to_owned()),
            suppressed_rows: 0,
            columns: COLUMNS.into_iter().map(column).collect(),
            files: vec![ManifestFile {
                id: FileId::from_bytes([seed; 16]).to_string(),
                name: "part-00000.parquet".to_owned(),
                size_bytes: FILE_BYTES,
                sha256: format!("{seed:02x}").repeat(32),
                rows: ROWS,
            }],
        }],
        risk: None,
        generator: (tier == Tier::Synthetic).then(|| ManifestGenerator {
            name: "generator.toml".to_owned(),
            size_bytes: 1,
            sha256: "0".repeat(64),
        }),
        twins: Vec::new(),
        uses: None,
    }
}
