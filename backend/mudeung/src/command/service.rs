//! `mudeung service pause|resume|status`: the widest kill switch, for when the portal cannot be reached.

use crate::cli::{ReasonArgs, ServiceCommand};
use crate::failure::Failure;
use crate::system::SystemClock;
use crate::{say, setup};
use mudeung_core::clock::Clock;
use mudeung_core::service::ServiceState;
use mudeung_store::{Conn, StoreError, service};

/// Who is recorded; who may run commands on this machine is for the machine to say.
const BY: &str = "command line";

/// Stops or starts the service, or says which it is.
pub(crate) async fn run(command: ServiceCommand) -> Result<(), Failure> {
    match command {
        ServiceCommand::Pause(args) => {
            let reason = setup::reason(&args)?;
            let pause = move |conn: &mut Conn| {
                let state = service::find_service_state(conn)?.pause(BY.to_owned(), reason, SystemClock.now())?;
                service::update_service_state(conn, &state)
            };
            change(&args, "service.pause", pause).await?;
            say("the service is paused: every node stops giving tokens and data within one second")
        }
        ServiceCommand::Resume(args) => {
            setup::reason(&args)?;
            let resume = |conn: &mut Conn| {
                let state = service::find_service_state(conn)?.resume()?;
                service::update_service_state(conn, &state)
            };
            change(&args, "service.resume", resume).await?;
            say("the service is running")
        }
        ServiceCommand::Status(args) => {
            let db = setup::open_control(&setup::read_config(&args.config)?).await?;
            match db.read("service state", service::find_service_state).await.map_err(Failure::failed)? {
                ServiceState::Running => say("running"),
                ServiceState::Paused { paused_at, by, reason } => {
                    say(&format!("paused since {} (Unix seconds) by {by}: {reason}", paused_at.seconds()))
                }
            }
        }
    }
}

async fn change(
    args: &ReasonArgs,
    operation: &'static str,
    work: impl FnOnce(&mut Conn) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), Failure> {
    let config = setup::read_config(&args.config)?;
    let db = setup::open_control(&config).await?;
    let ledger = setup::open_ledger(&config.database.ledger, 1)?;
    let change = async {
        db.tx(operation, work).await.map_err(|error| match error {
            StoreError::InvalidTransition(transition) => Failure::input(transition),
            other => Failure::failed(other),
        })
    };
    setup::recorded(&ledger, setup::intent(operation, format!("{BY} {}", args.reason.trim())), change).await
}
