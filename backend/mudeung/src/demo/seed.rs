//! The demo's people, apps, credentials and grants, made the way real ones are: through the state machines, on the record.

use super::{Access, Client, Layout, Person, Profile};
use crate::command::{curate, user};
use crate::failure::Failure;
use crate::setup;
use crate::system::{SystemClock, SystemEntropy};
use mudeung_core::agreement::{Agreement, Signature};
use mudeung_core::app::{App, AppRules, AppState, ClientAuthentication};
use mudeung_core::clock::Clock;
use mudeung_core::credential::{Credential, CredentialState, Proof};
use mudeung_core::duo::{LegalPurpose, Place, ProposedUse, Study};
use mudeung_core::grant::{Grant, GrantState, Reach, TableGrant};
use mudeung_core::id::{AgreementId, AppId, CredentialId, GrantId, MemberId, OrganizationId, RequestId};
use mudeung_core::member::Role;
use mudeung_core::name::Name;
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_core::quota::Amount;
use mudeung_core::request::columns::{Opening, opened};
use mudeung_core::request::decide::Wish;
use mudeung_core::request::event::{Actor, Ethics, Happening, Proposal};
use mudeung_core::request::ruling::House;
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_core::scope::{Scope, ScopeSet};
use mudeung_core::tier::Tier;
use mudeung_server::config::Config;
use mudeung_server::keys::Keys;
use mudeung_server::oauth::secrets;
use mudeung_store::{Conn, Db, Ledger, StoreError};
use mudeung_store::{agreements, apps, credentials, grants, members, organizations, requests};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::manifest::Manifest;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the demo's grants last.
const GRANT_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How much may be read through one grant of the demo.
const GRANT_QUOTA: Amount = Amount { bytes: 10 << 30, rows: 100_000_000 };
/// The three columns that the demo company may see of `support2`; it sees `lymph_node` whole.
const SUPPORT2_COLUMNS: [&str; 3] = ["age", "sex", "died_in_hospital"];

/// The demo's two databases and its keys.
struct Seeder {
    db: Db,
    ledger: Ledger,
    keys: Keys,
    house: House,
}

/// Fills the databases of a new demo.
pub(super) async fn seed(layout: &Layout, config: &Config) -> Result<Access, Failure> {
    let seeder = Seeder {
        db: setup::open_control(config).await?,
        ledger: setup::open_ledger(&config.database.ledger, config.ledger.queue_entries_max)?,
        keys: setup::open_keys(config)?,
        house: config.review.house(),
    };
    let manifests = curate::manifests_in(&layout.store())?;
    for manifest in &manifests {
        curate::publish_manifest(&seeder.db, &seeder.ledger, &config.twins, manifest).await?;
    }
    let hospital = seeder.organization("Mudeung Demo Hospital", OrganizationKind::Hospital).await?;
    let company = seeder.organization("Demo Company", OrganizationKind::Company).await?;
    let roles = vec![Role::Admin, Role::Steward, Role::Reviewer, Role::Auditor];
    let admin = seeder.person(&hospital, "admin@demo.example", "Demo administrator", roles).await?;
    let developer = seeder
        .person(&company, "developer@demo.example", "Demo developer", vec![Role::Representative, Role::Developer])
        .await?;
    let (app, client) = seeder.app(&company, "Demo app", ScopeSet::company()).await?;
    // The sandbox app may ask for de-identified data like any company's, and gets what a company without a grant gets.
    let visitors = seeder.organization("Sandbox visitors", OrganizationKind::Company).await?;
    let (_, sandbox) = seeder.app(&visitors, "Published sandbox", readers_scopes()).await?;
    let agreement = seeder.agreement(&company, &developer.email).await?;
    for manifest in manifests.iter().filter(|manifest| manifest.tier == Tier::Deidentified.as_str()) {
        seeder.grant(&company, app, agreement, manifest, [&developer.email, &admin.email]).await?;
    }
    let profile = Profile {
        endpoint: String::new(),
        token_endpoint: String::new(),
        client_id: client.client_id.clone(),
        client_secret: client.client_secret.clone(),
    };
    Ok(Access { base_url: String::new(), admin, developer, client, sandbox, profile })
}

impl Seeder {
    async fn organization(&self, name: &str, kind: OrganizationKind) -> Result<Organization, Failure> {
        let organization = Organization {
            id: OrganizationId::generate(&SystemClock, &SystemEntropy),
            kind,
            name: name.to_owned(),
            state: OrganizationState::Active,
            created_at: SystemClock.now(),
        };
        let row = organization.clone();
        let entry = Entry {
            organization: Some(organization.id.to_string()),
            ..setup::intent("organization.create", organization.id.to_string())
        };
        let change = self.db.tx("seed organization", move |c| organizations::insert_organization(c, &row));
        setup::recorded(&self.ledger, entry, async { change.await.map_err(Failure::failed) }).await?;
        Ok(organization)
    }

    async fn person(&self, of: &Organization, email: &str, name: &str, roles: Vec<Role>) -> Result<Person, Failure> {
        let entry = setup::intent("member.create", of.id.to_string());
        let password = setup::recorded(&self.ledger, entry, user::create(&self.db, of, email, name, roles)).await?;
        Ok(Person { email: email.to_owned(), password })
    }

    async fn app(&self, of: &Organization, name: &str, scopes: ScopeSet) -> Result<(AppId, Client), Failure> {
        let now = SystemClock.now();
        let app = App {
            id: AppId::generate(&SystemClock, &SystemEntropy),
            organization: of.id,
            name: name.to_owned(),
            scopes,
            authentication: ClientAuthentication::ClientSecret,
            rules: AppRules::default(),
            state: AppState::Active,
            created_at: now,
        };
        let id = app.id;
        let secret = secrets::mint(&SystemEntropy);
        let credential = Credential {
            id: CredentialId::generate(&SystemClock, &SystemEntropy),
            app: id,
            label: "demo".to_owned(),
            proof: Proof::Secret { hint: secrets::hint(&secret), hash: secrets::hash(&self.keys, secret.expose()) },
            not_before: now,
            expires_at: None,
            last_used_at: None,
            state: CredentialState::Active,
            created_at: now,
        };
        let entry = Entry {
            app: Some(id.to_string()),
            credential: Some(credential.id.to_string()),
            organization: Some(of.id.to_string()),
            ..setup::intent("app.create", id.to_string())
        };
        let change = self.db.tx("seed app", move |c| {
            apps::insert_app(c, &app)?;
            credentials::insert_credential(c, &credential)
        });
        setup::recorded(&self.ledger, entry, async { change.await.map_err(Failure::failed) }).await?;
        Ok((id, Client { client_id: id.to_string(), client_secret: secret.expose().clone() }))
    }

    async fn agreement(&self, company: &Organization, signer: &str) -> Result<AgreementId, Failure> {
        let now = SystemClock.now();
        let text_ko = include_str!("agreement.ko.txt").to_owned();
        let digest: [u8; 32] = Sha256::digest(text_ko.as_bytes()).into();
        let agreement = Agreement {
            id: AgreementId::generate(&SystemClock, &SystemEntropy),
            version: 1,
            title_ko: "데이터 이용 약정 (시연용)".to_owned(),
            title_en: "Data use agreement (demonstration)".to_owned(),
            text_ko,
            text_en: include_str!("agreement.en.txt").to_owned(),
            text_sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            published_at: now,
            sign_by: now,
        };
        let id = agreement.id;
        let signer = self.member(signer).await?;
        let signature = Signature { agreement: id, organization: company.id, member: signer, signed_at: now };
        let entry = Entry {
            organization: Some(company.id.to_string()),
            ..setup::intent("agreement.sign", format!("{id} {}", agreement.text_sha256))
        };
        let change = self.db.tx("seed agreement", move |c| {
            agreements::insert_agreement(c, &agreement)?;
            agreements::insert_signature(c, &signature)
        });
        setup::recorded(&self.ledger, entry, async { change.await.map_err(Failure::failed) }).await?;
        Ok(id)
    }

    /// A request by the company's developer, approved by the hospital's administrator.
    async fn grant(
        &self,
        company: &Organization,
        app: AppId,
        agreement: AgreementId,
        manifest: &Manifest,
        [author, decider]: [&str; 2],
    ) -> Result<(), Failure> {
        let now = SystemClock.now();
        let dataset = Name::parse(&manifest.dataset).map_err(Failure::failed)?;
        let purpose = format!("Demonstration of reading {} within a grant", manifest.dataset);
        let request = AccessRequest {
            id: RequestId::generate(&SystemClock, &SystemEntropy),
            organization: company.id,
            app,
            author: self.member(author).await?,
            dataset: dataset.clone(),
            purpose: purpose.clone(),
            agreement,
            state: RequestState::Draft,
            submitted_at: None,
            created_at: now,
        };
        let grant = Grant {
            id: GrantId::generate(&SystemClock, &SystemEntropy),
            organization: company.id,
            app,
            request: Some(request.id),
            agreement,
            dataset,
            tier: Tier::Deidentified,
            tables: granted_tables(manifest)?,
            reach: Reach::Export,
            purpose,
            quota: GRANT_QUOTA,
            valid_from: now,
            valid_until: now.plus(GRANT_LIFE),
            state: GrantState::Active,
            created_at: now,
        };
        let decider = self.member(decider).await?;
        let entry = Entry {
            app: Some(app.to_string()),
            organization: Some(company.id.to_string()),
            dataset: Some(manifest.dataset.clone()),
            grant: Some(grant.id.to_string()),
            member: Some(decider.to_string()),
            ..setup::intent("request.decide", request.id.to_string())
        };
        let house = self.house.clone();
        let change = self.db.tx("seed grant", move |c| approve(c, &house, &request, decider, &grant));
        setup::recorded(&self.ledger, entry, async { change.await.map_err(Failure::failed) }).await
    }

    async fn member(&self, email: &str) -> Result<MemberId, Failure> {
        let wanted = email.to_owned();
        let found = self.db.tx("find member", move |c| members::find_member_by_email(c, &wanted)).await;
        let found = found.map_err(Failure::failed)?;
        found.map(|(member, _)| member.id).ok_or_else(|| Failure::failed(format!("{email} was not made")))
    }
}

/// Files a request and approves it, as the portal would.
fn approve(
    conn: &mut Conn,
    house: &House,
    request: &AccessRequest,
    decider: MemberId,
    grant: &Grant,
) -> Result<(), StoreError> {
    let ethics = Ethics::Exempt { reason: "Demonstration with public data".to_owned() };
    let columns = opened(&grant.tables);
    let proposal = Proposal {
        purpose: request.purpose.clone(),
        agreement: request.agreement,
        ethics,
        uses: proposed_use(),
        columns: columns.clone(),
        reach: grant.reach,
    };
    let filed = requests::insert_request(conn, request, Happening::Submitted(proposal))?;
    let now = request.created_at;
    let (board, facts) = (requests::load_board(conn)?, requests::find_facts(conn, request, &house.duties, now)?);
    let days = u32::try_from(GRANT_LIFE.as_secs() / 86_400).unwrap_or(u32::MAX);
    let opening = Opening { columns, reach: grant.reach, days };
    let wish = Wish::Approve { grant: grant.id, opening, conditions: Vec::new(), ethics: String::new() };
    let events = house.decide(&filed.case, &board, &facts, decider, &wish, now);
    let events = events.map_err(|obstacle| StoreError::Invalid(format!("the demo's own request: {obstacle:?}")))?;
    for what in events {
        requests::append_event(conn, request.id, now, Actor::Member(decider), what)?;
    }
    grants::insert_grant(conn, grant)
}

/// What the demo company does with the data.
fn proposed_use() -> ProposedUse {
    ProposedUse {
        study: Some(Study::Methods),
        for_profit: Some(true),
        commercial: Some(false),
        legal: Some(LegalPurpose::Research),
        publishes: Some(true),
        collaborates: Some(false),
        returns: Some(false),
        genetic: Some(false),
        place: Some(Place::Korea),
    }
}

/// Everything that reads, and nothing that writes.
fn readers_scopes() -> ScopeSet {
    ScopeSet::company().iter().filter(|scope| *scope != Scope::RequestsWrite).collect()
}

/// What the demo company may see: all of `lymph_node`, three columns of the others.
fn granted_tables(manifest: &Manifest) -> Result<BTreeMap<Name, TableGrant>, Failure> {
    let whole = manifest.dataset == "lymph_node";
    let tables = manifest.tables.iter().map(|table| {
        let names = table.columns.iter().map(|column| column.name.clone());
        let columns = names.filter(|name| whole || SUPPORT2_COLUMNS.contains(&name.as_str())).collect();
        let name = Name::parse(&table.name).map_err(Failure::failed)?;
        Ok((name, TableGrant { columns, rows: None }))
    });
    tables.collect()
}
