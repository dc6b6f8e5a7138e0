//! `decide` against a naive model: a plain conjunction of conditions over the same generated world.

use super::*;
use crate::app::{AppRules, ClientAuthentication};
use crate::dataset::{Bilingual, Column, ColumnType};
use crate::grant::{GrantState, TableGrant};
use crate::id::{AgreementId, VersionId};
use crate::quota::Amount;
use proptest::prelude::*;
use std::collections::BTreeSet;

const COLUMNS: [&str; 4] = ["id", "age", "sex", "stage"];
const TABLES: [&str; 2] = ["patients", "visits"];
const ACTIONS: [Action; 5] = [Action::Describe, Action::Read, Action::Query, Action::Analyse, Action::Aggregate];
const NOW: Timestamp = Timestamp::from_seconds(1_000);

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn principal(scopes: ScopeSet) -> Principal {
    Principal {
        app: AppId::from_bytes([1; 16]),
        credential: CredentialId::from_bytes([2; 16]),
        token: TokenId::from_bytes([3; 16]),
        signed_by: KeyId::from_bytes([4; 16]),
        scopes,
    }
}

fn version(tier: Tier, number: u32, state: VersionState) -> Arc<Version> {
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: ColumnType::Int64,
        nullable: true,
        description: Bilingual::default(),
        unit: None,
        deidentification: None,
    };
    let table = |text: &str| Table {
        name: name(text),
        description: Bilingual::default(),
        person: None,
        twin: None,
        rows: 1,
        columns: COLUMNS.iter().map(|c| column(c)).collect(),
        files: Vec::new(),
    };
    Arc::new(Version {
        generator: false,
        terms: crate::duo::DataUse::default(),
        id: VersionId::from_bytes([9; 16]),
        dataset: name("cohort"),
        tier,
        number,
        tables: TABLES.iter().map(|t| table(t)).collect(),
        state,
        created_at: NOW,
    })
}

/// A generated grant: start, end, revoked, whose app, which table, which columns.
#[derive(Debug, Clone)]
struct Given {
    from: i64,
    until: i64,
    revoked: bool,
    other_app: bool,
    other_organization: bool,
    reach: Reach,
    table: usize,
    columns: BTreeSet<String>,
}

impl Given {
    fn opens(&self, table: &str) -> bool {
        self.from <= 1_000
            && 1_000 < self.until
            && !self.revoked
            && !self.other_app
            && !self.other_organization
            && TABLES[self.table] == table
    }

    fn grant(&self, id: u8) -> Arc<Grant> {
        let opened = TableGrant { columns: self.columns.clone(), rows: None };
        Arc::new(Grant {
            id: GrantId::from_bytes([id; 16]),
            organization: OrganizationId::from_bytes([if self.other_organization { 8 } else { 4 }; 16]),
            app: AppId::from_bytes([1; 16]),
            request: None,
            agreement: AgreementId::from_bytes([5; 16]),
            dataset: name("cohort"),
            tier: Tier::Deidentified,
            tables: BTreeMap::from([(name(TABLES[self.table]), opened)]),
            reach: self.reach,
            purpose: "research".to_owned(),
            quota: Amount::ZERO,
            valid_from: Timestamp::from_seconds(self.from),
            valid_until: Timestamp::from_seconds(self.until),
            state: if self.revoked {
                GrantState::Revoked { revoked_at: NOW, reason: String::new() }
            } else {
                GrantState::Active
            },
            created_at: NOW,
        })
    }
}

fn given() -> impl Strategy<Value = Given> {
    let columns = proptest::sample::subsequence(COLUMNS.to_vec(), 0..=COLUMNS.len());
    let bits = (any::<bool>(), any::<bool>(), any::<bool>(), 0_usize..TABLES.len());
    let reach = proptest::sample::select(Reach::ALL.to_vec());
    (998_i64..1_003, 999_i64..1_004, bits, columns, reach).prop_map(|(from, until, bits, columns, reach)| Given {
        from,
        until,
        revoked: bits.0 && bits.1,
        other_app: bits.1 && bits.2,
        other_organization: bits.0 && bits.2,
        reach,
        table: bits.3,
        columns: columns.into_iter().map(str::to_owned).collect(),
    })
}

#[derive(Debug, Clone)]
struct World {
    app: AppState,
    organization: OrganizationState,
    credential: CredentialState,
    credential_end: Option<i64>,
    dataset: DatasetState,
    versions: Vec<VersionState>,
    grants: Vec<Given>,
    token_scopes: ScopeSet,
    app_scopes: ScopeSet,
    token_revoked: bool,
}

fn scopes() -> impl Strategy<Value = ScopeSet> {
    let few = vec![Scope::CatalogRead, Scope::DataRead, Scope::SyntheticRead, Scope::QueryRun];
    proptest::sample::subsequence(few, 2..=4).prop_map(|scopes| scopes.into_iter().collect())
}

fn worlds() -> impl Strategy<Value = World> {
    let app = prop_oneof![4 => Just(AppState::Active), 1 => Just(AppState::Suspended { suspended_at: NOW }),
        1 => Just(AppState::Revoked { revoked_at: NOW })];
    let organization =
        prop_oneof![4 => Just(OrganizationState::Active), 1 => Just(OrganizationState::Closed { closed_at: NOW })];
    let credential =
        prop_oneof![4 => Just(CredentialState::Active), 1 => Just(CredentialState::Revoked { revoked_at: NOW })];
    let end = prop_oneof![Just(None), (999_i64..1_003).prop_map(Some)];
    let dataset = prop_oneof![5 => Just(DatasetState::Active), 1 => Just(DatasetState::Suspended { suspended_at: NOW }),
        1 => Just(DatasetState::Withdrawn { withdrawn_at: NOW })];
    let state = prop_oneof![
        Just(VersionState::Staged),
        Just(VersionState::Published { published_at: NOW }),
        Just(VersionState::Withdrawn { withdrawn_at: NOW })
    ];
    let lists = (proptest::collection::vec(state, 0..4), proptest::collection::vec(given(), 0..4));
    let revoked = prop_oneof![6 => Just(false), 1 => Just(true)];
    (app, organization, credential, end, dataset, lists, (scopes(), scopes()), revoked).prop_map(
        |(app, organization, credential, credential_end, dataset, lists, scopes, token_revoked)| World {
            app,
            organization,
            credential,
            credential_end,
            dataset,
            versions: lists.0,
            grants: lists.1,
            token_scopes: scopes.0,
            app_scopes: scopes.1,
            token_revoked,
        },
    )
}

impl World {
    fn snapshot(&self) -> Snapshot {
        let organization_id = OrganizationId::from_bytes([4; 16]);
        let app_id = AppId::from_bytes([1; 16]);
        let mut snapshot = Snapshot::default();
        snapshot.organizations.insert(
            organization_id,
            Organization {
                id: organization_id,
                kind: OrganizationKind::Company,
                name: "Company".to_owned(),
                state: self.organization,
                created_at: NOW,
            },
        );
        snapshot.apps.insert(
            app_id,
            App {
                id: app_id,
                organization: organization_id,
                name: "App".to_owned(),
                scopes: self.app_scopes.clone(),
                authentication: ClientAuthentication::ClientSecret,
                rules: AppRules::default(),
                state: self.app,
                created_at: NOW,
            },
        );
        let standing = CredentialStanding {
            app: app_id,
            not_before: Timestamp::default(),
            state: self.credential,
            expires_at: self.credential_end.map(Timestamp::from_seconds),
        };
        snapshot.credentials.insert(CredentialId::from_bytes([2; 16]), standing);
        // Another token that is revoked changes nothing.
        snapshot.revoked.insert(TokenId::from_bytes([4; 16]));
        snapshot.revoked.extend(self.token_revoked.then(|| TokenId::from_bytes([3; 16])));
        for (position, given) in self.grants.iter().enumerate() {
            let holder = if given.other_app { AppId::from_bytes([7; 16]) } else { app_id };
            let id = u8::try_from(position).unwrap() + 1;
            snapshot.grants.entry(holder).or_default().push(given.grant(id));
        }
        let versions = |tier| {
            let numbered = self.versions.iter().zip(1..);
            numbered.map(|(state, number)| version(tier, number, *state)).collect::<Vec<_>>()
        };
        let dataset = Dataset {
            name: name("cohort"),
            title: Bilingual::default(),
            summary: Bilingual::default(),
            licence: String::new(),
            source: String::new(),
            state: self.dataset,
        };
        let tiers = Tier::ALL.into_iter().map(|tier| (tier, versions(tier))).collect();
        snapshot.datasets.insert(name("cohort"), CatalogEntry { dataset, tiers });
        snapshot
    }

    /// The naive model: which columns, if any.
    fn expected(&self, action: Action, resource: Resource<'_>) -> Option<BTreeSet<String>> {
        let caller = self.app == AppState::Active
            && self.organization == OrganizationState::Active
            && self.credential == CredentialState::Active
            && self.credential_end.is_none_or(|end| end > 1_000)
            && !self.token_revoked;
        let scoped = required_scopes(action, resource.tier)
            .iter()
            .all(|s| self.token_scopes.contains(*s) && self.app_scopes.contains(*s));
        let published: Vec<u32> = (1..)
            .zip(&self.versions)
            .filter(|(_, state)| matches!(state, VersionState::Published { .. }))
            .map(|(number, _)| number)
            .collect();
        let exists = resource.dataset == "cohort"
            && self.dataset == DatasetState::Active
            && TABLES.contains(&resource.table)
            && match resource.version {
                Some(number) => published.contains(&number),
                None => !published.is_empty(),
            };
        if !(caller && scoped && exists) {
            return None;
        }
        if resource.tier == Tier::Synthetic || action == Action::Aggregate {
            return Some(COLUMNS.iter().map(|c| (*c).to_owned()).collect());
        }
        let open: Vec<(usize, &Given)> =
            self.grants.iter().enumerate().filter(|(_, given)| given.opens(resource.table)).collect();
        // Rows leave by grants on exports alone; what is only looked at may use any, and takes those first.
        let leaving = open.iter().filter(|(_, given)| given.reach == Reach::Export);
        let last = |(position, given): &&(usize, &Given)| (given.until, *position);
        let (_, best) = match (leaving.max_by_key(last), action) {
            (Some(best), _) => best,
            (None, Action::Read | Action::Query) => return None,
            (None, _) => open.iter().max_by_key(last)?,
        };
        (!best.columns.is_empty()).then(|| best.columns.clone())
    }
}

fn resources() -> impl Strategy<Value = (Tier, Option<u32>, &'static str, &'static str)> {
    let tier = prop_oneof![Just(Tier::Synthetic), Just(Tier::Deidentified)];
    let number = prop_oneof![Just(None), (0_u32..5).prop_map(Some)];
    let dataset = prop_oneof![9 => Just("cohort"), 1 => Just("nothing")];
    let table = prop_oneof![4 => Just("patients"), 4 => Just("visits"), 1 => Just("secrets")];
    (tier, number, dataset, table)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn decide_agrees_with_the_naive_model(
        world in worlds(),
        (tier, version, dataset, table) in resources(),
        action in proptest::sample::select(ACTIONS.to_vec()),
    ) {
        let resource = Resource { dataset, tier, version, table };
        let snapshot = world.snapshot();
        let answer = decide(&snapshot, &principal(world.token_scopes.clone()), action, resource, NOW);
        match (answer, world.expected(action, resource)) {
            (Ok(permit), Some(columns)) => {
                prop_assert_eq!(permit.columns.iter().cloned().collect::<BTreeSet<_>>(), columns);
                prop_assert_eq!(permit.whole, permit.columns.len() == COLUMNS.len());
                prop_assert_eq!(permit.grant.is_some(), tier == Tier::Deidentified && action != Action::Aggregate);
            }
            (Err(_), None) => {}
            (answer, expected) => prop_assert!(false, "decided {answer:?}, model says {expected:?}"),
        }
    }
}

#[test]
fn rows_of_what_is_open_inside_alone_leave_by_no_read_and_the_caller_is_told_so() {
    let inside = Given {
        from: 0,
        until: 2_000,
        revoked: false,
        other_app: false,
        other_organization: false,
        reach: Reach::Inside,
        table: 0,
        columns: BTreeSet::from([COLUMNS[0].to_owned()]),
    };
    let resource = Resource { dataset: "cohort", tier: Tier::Deidentified, version: None, table: TABLES[0] };
    let ask = |grants: Vec<Given>, action| {
        let snapshot = World { grants, ..open_world() }.snapshot();
        decide(&snapshot, &principal(ScopeSet::company()), action, resource, NOW).map(|permit| permit.grant.unwrap().id)
    };
    for action in [Action::Read, Action::Query] {
        assert_eq!(ask(vec![inside.clone()], action).unwrap_err(), Denial::Inside);
        assert_eq!(ask(Vec::new(), action).unwrap_err(), Denial::NotFound, "who has no grant learns nothing");
    }
    for action in [Action::Describe, Action::Analyse] {
        assert_eq!(ask(vec![inside.clone()], action), Ok(GrantId::from_bytes([1; 16])));
    }
    let both = vec![inside.clone(), Given { reach: Reach::Export, until: 1_500, ..inside }];
    for action in [Action::Describe, Action::Read, Action::Query, Action::Analyse] {
        assert_eq!(ask(both.clone(), action), Ok(GrantId::from_bytes([2; 16])), "{action:?}");
    }
}

fn open_world() -> World {
    World {
        app: AppState::Active,
        organization: OrganizationState::Active,
        credential: CredentialState::Active,
        credential_end: None,
        dataset: DatasetState::Active,
        versions: vec![VersionState::Published { published_at: NOW }],
        grants: Vec::new(),
        token_scopes: ScopeSet::company(),
        app_scopes: ScopeSet::company(),
        token_revoked: false,
    }
}

#[test]
fn a_paused_service_opens_nothing_to_anybody() {
    let mut snapshot = open_world().snapshot();
    let resource = Resource { dataset: "cohort", tier: Tier::Synthetic, version: None, table: "patients" };
    let ask = |snapshot: &Snapshot| decide(snapshot, &principal(ScopeSet::company()), Action::Read, resource, NOW);
    assert!(ask(&snapshot).is_ok());
    snapshot.service = ServiceState::Running.pause("mem".to_owned(), "drill".to_owned(), NOW).unwrap();
    assert_eq!(ask(&snapshot).unwrap_err(), Denial::ServicePaused);
}

#[test]
fn a_token_of_another_apps_credential_is_refused() {
    let mut snapshot = open_world().snapshot();
    for standing in snapshot.credentials.values_mut() {
        standing.app = AppId::from_bytes([99; 16]);
    }
    let resource = Resource { dataset: "cohort", tier: Tier::Synthetic, version: None, table: "patients" };
    let answer = decide(&snapshot, &principal(ScopeSet::company()), Action::Read, resource, NOW);
    assert_eq!(answer.unwrap_err(), Denial::NotActive);
}
