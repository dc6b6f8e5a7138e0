//! What ends at the command line: earlier versions when patients withdrew, and the key of a release.

use crate::cli::DestroyKeyArgs;
use crate::failure::Failure;
use crate::system::SystemClock;
use crate::{say, setup};
use mudeung_core::clock::Clock;
use mudeung_core::dataset::{Version, VersionState};
use mudeung_core::name::Name;
use mudeung_server::config::Config;
use mudeung_store::{Conn, StoreError, catalog};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::manifest::Manifest;

/// Takes every version of the same tier before that one out of service, each on the record. The companies that read one
/// are told to delete their copies.
pub(super) async fn withdraw_before(config: &Config, manifest: &Manifest) -> Result<(), Failure> {
    let db = setup::open_control(config).await?;
    let ledger = setup::open_ledger(&config.database.ledger, 1)?;
    let name = Name::parse(&manifest.dataset).map_err(Failure::input)?;
    let all =
        db.read("list versions", move |conn| catalog::list_versions(conn, &name)).await.map_err(Failure::failed)?;
    let earlier = all.into_iter().filter(|version| is_before(version, manifest));
    for version in earlier {
        let entry = Entry {
            dataset: Some(version.dataset.to_string()),
            tier: Some(version.tier.to_string()),
            version: Some(version.number),
            ..setup::intent("version.withdraw", format!("{} for version {}", version.id, manifest.version))
        };
        let (id, now) = (version.id, SystemClock.now());
        let withdraw = move |conn: &mut Conn| {
            let found = catalog::find_version(conn, id)?.ok_or(StoreError::NotFound { what: "version" })?;
            catalog::update_version_state(conn, id, found.state.withdraw(now)?)
        };
        let change = async { db.tx("withdraw version", withdraw).await.map_err(Failure::failed) };
        setup::recorded(&ledger, entry, change).await?;
        say(&format!("withdrawn {}/{}/{}: those who read it are told", version.dataset, version.tier, version.number))?;
    }
    Ok(())
}

fn is_before(version: &Version, manifest: &Manifest) -> bool {
    version.tier.as_str() == manifest.tier
        && version.number < manifest.version
        && matches!(version.state, VersionState::Published { .. })
}

/// Destroys the key of a release, on the record.
pub(super) async fn destroy_key(args: &DestroyKeyArgs) -> Result<(), Failure> {
    if args.confirm != args.release {
        let problem = "is not the name of the release: nothing was destroyed";
        return Err(Failure::input(format!("--confirm {} {problem}", args.confirm)));
    }
    let config = setup::read_config(&args.config)?;
    setup::open_control(&config).await?;
    let ledger = setup::open_ledger(&config.database.ledger, 1)?;
    let (release, recipient) = (args.release.as_str(), args.recipient.as_str());
    let entry = setup::intent("key.destroy", format!("{release} for {recipient}"));
    let change = async {
        mudeung_deid::destroy_project(&args.key, release, recipient, SystemClock.now()).map_err(Failure::input)
    };
    let said = |destroyed: &mudeung_deid::DestroyedKey| Some(format!("sha256 {}", destroyed.fingerprint));
    let destroyed = setup::recorded_as(&ledger, entry, change, said).await?;
    say(&format!("destroyed the key of {release} for {recipient} (SHA-256 {})", destroyed.fingerprint))?;
    say("its pseudonyms and dates can be linked to raw data by nobody any more, and it is never made again")
}
