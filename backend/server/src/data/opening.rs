//! Who comes for a file, through which of the two doors, and whether it opens.

use crate::auth::{Caller, identify, lacks};
use crate::data::files::view_of;
use crate::data::params::Params;
use crate::data::place::Place;
use crate::data::read_file::OPERATION;
use crate::data::signature::Address;
use crate::data::standing::Standing;
use crate::data::visit::Visitor;
use crate::fault::Fault;
use crate::record;
use crate::state::App;
use actix_web::{HttpRequest, web};
use mudeung_core::id::FileId;
use mudeung_core::policy::{Action, Permit, Principal, decide_under, required_scopes};
use mudeung_core::reader::OpenFile;
use mudeung_core::scope::Scope;
use mudeung_core::tier::Tier;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::sync::Arc;

/// Who wants which file, through which door.
pub struct FileVisitor {
    /// Who.
    pub visitor: Visitor,
    /// Which file.
    pub file: FileId,
    /// The signed address; nothing for a bearer token.
    pub address: Option<Address>,
}

/// A file that may be read.
pub struct Opening {
    /// What was decided.
    pub permit: Permit,
    /// What a read of it stands on.
    pub standing: Standing,
    /// The file.
    pub file: Arc<dyn OpenFile>,
    /// Its rows.
    pub rows: u64,
}

impl FileVisitor {
    /// The visitor of a request, when token or address are good.
    pub async fn of(request: &HttpRequest, file: &str) -> Result<Self, Fault> {
        let file = FileId::parse(file);
        let pattern = request.match_pattern().unwrap_or_default();
        let signed = request.query_string().split('&').any(|pair| pair.starts_with("sig="));
        if signed {
            let visitor = Self::by_address(request, file.ok().ok_or_else(|| Fault::not_found().bare())?)?;
            visitor.visitor.check_network(&pattern).await.map_err(Fault::bare)?;
            return Ok(visitor);
        }
        let visitor = Visitor::unhurried(request, identify(request)?)?;
        visitor.check_network(&pattern).await?;
        if let Some(fault) = lacks(&visitor.caller, &[Scope::DataRead, Scope::SyntheticRead]) {
            return Err(visitor.turn_away(&pattern, fault).await);
        }
        Params::parse(request.query_string(), &[])?;
        let file = file.ok().ok_or_else(Fault::not_found)?;
        Ok(Self { visitor, file, address: None })
    }

    fn by_address(request: &HttpRequest, file: FileId) -> Result<Self, Fault> {
        let app = request.app_data::<web::Data<App>>();
        let app = app.ok_or_else(|| Fault::internal("no application state"))?;
        let now = app.clock.now();
        let key = app.keys.url().expose();
        let address = Address::verify(file, request.query_string(), key, now).ok().ok_or_else(forbidden)?;
        let tier = if address.grant.is_some() { Tier::Deidentified } else { Tier::Synthetic };
        // The address was made for a token with this scope; whether the app still has it is decided each time.
        let principal = Principal {
            app: address.app,
            credential: address.credential,
            token: address.token,
            signed_by: address.signed_by,
            scopes: required_scopes(Action::Read, tier).iter().copied().collect(),
        };
        let snapshot = app.snapshots.present();
        let (_, organization) = snapshot.active_app(&principal, now).ok().ok_or_else(forbidden)?;
        let caller = Caller { principal, organization: organization.id };
        Ok(Self { visitor: Visitor::unhurried(request, caller)?, file, address: Some(address) })
    }

    /// Decides and opens the file. A bearer token pays one request of its rate; an address does not.
    pub async fn open(&mut self) -> Result<Opening, Fault> {
        let app = self.visitor.app.clone();
        if self.address.is_none() {
            let allowance = app.data.throttle.pass(self.visitor.caller.principal.app, app.clock.now())?;
            self.visitor.allowance = Some(allowance);
        }
        let snapshot = app.snapshots.present();
        let Some(found) = snapshot.files.get(&self.file).cloned() else {
            return Err(self.refuse(&Place::default(), Fault::not_found()).await);
        };
        let (table, file) = found.table().zip(found.file()).ok_or_else(Fault::not_found)?;
        let place = Place {
            dataset: found.version.dataset.to_string(),
            tier: Some(found.version.tier),
            version: Some(found.version.number),
            table: table.name.to_string(),
        };
        let principal = &self.visitor.caller.principal;
        let resource = place.resource().ok_or_else(Fault::not_found)?;
        let same_tier =
            self.address.is_none_or(|address| address.grant.is_some() == (resource.tier == Tier::Deidentified));
        let under = self.address.and_then(|address| address.grant);
        let decision = decide_under(&snapshot, principal, Action::Read, resource, under, app.clock.now());
        let permit = match decision {
            Ok(permit) if permit.rows.is_none() && same_tier => permit,
            Ok(_) => return Err(self.refuse(&place, self.no_file()).await),
            Err(denial) if self.address.is_none() => return Err(self.refuse(&place, denial.into()).await),
            Err(_) => return Err(self.refuse(&place, forbidden()).await),
        };
        let standing = Standing::new(&snapshot, principal, Action::Read, &permit).ok_or_else(Fault::not_found)?;
        let opened = app.reader.open_file(&view_of(&permit, table, file)).await?;
        Ok(Opening { rows: file.rows, permit, standing, file: opened })
    }

    /// The answer when there is nothing to read through this door.
    pub fn no_file(&self) -> Fault {
        if self.address.is_some() { forbidden() } else { Fault::not_found() }
    }

    async fn refuse(&self, place: &Place, fault: Fault) -> Fault {
        let entry = Entry { file: Some(self.file.to_string()), ..place.name_in(self.visitor.entry(OPERATION)) };
        record::refuse(&self.visitor.app, entry, fault).await
    }
}

/// An address that does not open its file, or not any more: all that its client is told.
pub fn forbidden() -> Fault {
    Fault::new(Code::SignatureInvalid, "The signed address is not valid any more.", "서명 주소가 유효하지 않습니다.")
        .bare()
}
