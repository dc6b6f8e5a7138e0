//! `mudeung user create|reset`.

use crate::cli::UserCommand;
use crate::failure::Failure;
use crate::system::{SystemClock, SystemEntropy};
use crate::{say, setup};
use mudeung_core::clock::Clock;
use mudeung_core::id::{MemberId, OrganizationId};
use mudeung_core::member::{Member, MemberState, Role, email_address};
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_server::portal::password;
use mudeung_store::{Db, StoreError, members, organizations, passkeys, second_factors};

/// Creates a member or resets a password.
pub(crate) async fn run(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Create { config, email, name, organization, roles } => {
            let roles = roles.iter().map(|role| parse_role(role)).collect::<Result<Vec<_>, _>>()?;
            let config = setup::read_config(&config)?;
            let db = setup::open_control(&config).await?;
            let ledger = setup::open_ledger(&config.database.ledger, 1)?;
            let organization = find_organization(&db, &organization).await?;
            let change = create(&db, &organization, &email, &name, roles);
            let password = setup::recorded(&ledger, setup::intent("member.create", ""), change).await?;
            say(&format!("{email} may sign in with the password {password}"))
        }
        UserCommand::Reset { config, email } => {
            let config = setup::read_config(&config)?;
            let db = setup::open_control(&config).await?;
            let ledger = setup::open_ledger(&config.database.ledger, 1)?;
            let change = reset(&db, &email);
            let password = setup::recorded(&ledger, setup::intent("member.reset_password", ""), change).await?;
            say(&format!("{email} may sign in with the password {password}"))
        }
    }
}

/// Makes a member with a new password, which is given back.
pub(crate) async fn create(
    db: &Db,
    organization: &Organization,
    email: &str,
    name: &str,
    roles: Vec<Role>,
) -> Result<String, Failure> {
    let address = email_address(email).ok_or_else(|| Failure::input(format!("{email} is not an e-mail address")))?;
    let (password, hash) = new_password()?;
    let member = Member {
        id: MemberId::generate(&SystemClock, &SystemEntropy),
        organization: organization.id,
        email: address,
        name: name.to_owned(),
        roles,
        state: MemberState::Active,
        created_at: SystemClock.now(),
    };
    let created = db.tx("create member", move |c| members::insert_member(c, &member, &hash)).await;
    match created {
        Ok(()) => Ok(password),
        Err(StoreError::AlreadyExists { .. }) => {
            Err(Failure::input(format!("{email} is a member already; use `mudeung user reset`")))
        }
        Err(error) => Err(Failure::failed(error)),
    }
}

/// Gives a member a new password, and takes away second factors and passkeys, which may be lost with the first, or
/// be somebody else's.
async fn reset(db: &Db, email: &str) -> Result<String, Failure> {
    let (password, hash) = new_password()?;
    let wanted = email.to_lowercase();
    let found = db
        .tx("reset password", move |c| match members::find_member_by_email(c, &wanted)? {
            Some((member, _)) => {
                members::update_member_password(c, member.id, &hash)?;
                passkeys::delete_passkeys(c, member.id)?;
                second_factors::delete_second_factor(c, member.id).map(|()| true)
            }
            None => Ok(false),
        })
        .await
        .map_err(Failure::failed)?;
    if found { Ok(password) } else { Err(Failure::input(format!("there is no member with the address {email}"))) }
}

fn parse_role(text: &str) -> Result<Role, Failure> {
    Role::parse(text).ok_or_else(|| {
        Failure::input(format!(
            "{text} is not a role: say representative, developer, steward, reviewer, external, auditor or admin"
        ))
    })
}

fn new_password() -> Result<(String, String), Failure> {
    let password = password::generate(&SystemEntropy);
    let hash = password::hash(&password, &SystemEntropy).map_err(Failure::failed)?;
    Ok((password.expose().clone(), hash))
}

/// The organization of that identifier; for `hospital`, the hospital, made when there is none.
async fn find_organization(db: &Db, text: &str) -> Result<Organization, Failure> {
    if text == "hospital" {
        return db.tx("find hospital", find_or_make_hospital).await.map_err(Failure::failed);
    }
    let id = OrganizationId::parse(text).map_err(Failure::input)?;
    let found = db.tx("find organization", move |c| organizations::find_organization(c, id)).await;
    found.map_err(Failure::failed)?.ok_or_else(|| Failure::input(format!("there is no organization {text}")))
}

fn find_or_make_hospital(connection: &mut mudeung_store::Conn) -> Result<Organization, StoreError> {
    let mut all = organizations::list_organizations(connection)?.into_iter();
    if let Some(hospital) = all.find(|organization| organization.kind == OrganizationKind::Hospital) {
        return Ok(hospital);
    }
    let hospital = Organization {
        id: OrganizationId::generate(&SystemClock, &SystemEntropy),
        kind: OrganizationKind::Hospital,
        name: "Hospital".to_owned(),
        state: OrganizationState::Active,
        created_at: SystemClock.now(),
    };
    organizations::insert_organization(connection, &hospital)?;
    Ok(hospital)
}
