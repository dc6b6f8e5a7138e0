//! `mudeung ledger erase`: what entries stand for, out of the control database.

use crate::cli::{EraseArgs, EraseSubject, ReasonArgs};
use crate::failure::Failure;
use crate::{say, setup};
use mudeung_server::audit::erase::{ERASE, done, erase as erase_values, intended};
use mudeung_server::portal::moment::start_of_day;
use mudeung_store::personal::PersonalSubject;

/// Records, erases, records.
pub(crate) async fn erase(args: EraseArgs) -> Result<(), Failure> {
    let subject = subject_of(&args.subject)?;
    let args = ReasonArgs { config: args.config, reason: args.reason };
    let reason = setup::reason(&args)?;
    let config = setup::read_config(&args.config)?;
    let db = setup::open_control(&config).await?;
    let ledger = setup::open_ledger(&config.database.ledger, 1)?;
    let change = async { erase_values(&db, subject).await.map_err(Failure::failed) };
    let intent = setup::intent(ERASE, intended(subject, &reason));
    let erased = setup::recorded_as(&ledger, intent, change, |erased| Some(done(*erased))).await?;
    ledger.close().await;
    say(&done(erased))
}

fn subject_of(subject: &EraseSubject) -> Result<PersonalSubject, Failure> {
    match (&subject.member, &subject.address, &subject.older_than) {
        (Some(id), ..) => {
            let member = id.parse().map_err(|error| Failure::input(format!("--member {id}: {error}")))?;
            Ok(PersonalSubject::Member(member))
        }
        (_, Some(ip), _) => {
            let address = ip.parse().map_err(|error| Failure::input(format!("--address: {error}")))?;
            Ok(PersonalSubject::Address(address))
        }
        (_, _, Some(day)) => {
            let moment = start_of_day(day)
                .ok_or_else(|| Failure::input(format!("--older-than: a day as in 2024-01-01, not `{day}`")))?;
            Ok(PersonalSubject::Before(moment))
        }
        _ => Err(Failure::input("say whose: --member, --address or --older-than")),
    }
}
