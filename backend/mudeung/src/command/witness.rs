//! `mudeung witness`, and the other side of it: how a server's checkpoints reach its witnesses.

use crate::cli::WitnessArgs;
use crate::failure::Failure;
use crate::say;
use crate::system::{SystemClock, SystemEntropy};
use mudeung_server::Running;
use mudeung_server::ledger::cosigning::{ANSWER_BYTES_MAX, Answer, Post, PostFuture, keep_cosigned};
use mudeung_server::witness::{Witness, start};
use mudeung_wire::ledger::checkpoint::LogVerifier;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

/// A witness that takes longer gets no say on this checkpoint.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Witnesses until it is told to stop.
pub(crate) async fn run(args: WitnessArgs) -> Result<(), Failure> {
    let log = |text: &String| {
        LogVerifier::parse(text)
            .ok_or_else(|| Failure::input(format!("--log: `{text}` is not the verifier key of a log")))
    };
    let logs = args.log.iter().map(log).collect::<Result<_, _>>()?;
    let opened = Witness::open(&args.name, &args.key_dir, logs, Arc::new(SystemClock), &SystemEntropy);
    let witness = opened.map_err(Failure::input)?;
    say(&witness.verifier().to_string())?;
    let mut running =
        start(witness, args.listen).map_err(|e| Failure::failed(format!("cannot listen on {}: {e}", args.listen)))?;
    tracing::info!(address = %running.address, "witnessing");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        ended = running.ended() => return Err(Failure::failed(format!("the witness ended by itself: {ended:?}"))),
    }
    running.stop().await;
    Ok(())
}

/// Starts to have the checkpoints of a server cosigned, when its configuration names witnesses.
pub(crate) fn have_cosigned(running: &Running) -> Result<Option<JoinHandle<()>>, Failure> {
    if running.app().config.ledger.witnesses.is_empty() {
        return Ok(None);
    }
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    let client = client.build().map_err(Failure::failed)?;
    Ok(Some(tokio::spawn(keep_cosigned(running.app().clone(), Arc::new(Http(client))))))
}

struct Http(reqwest::Client);

impl Post for Http {
    fn post(&self, url: String, body: String) -> PostFuture<'_> {
        Box::pin(async move {
            let mut response = self.0.post(url).body(body).send().await.map_err(|error| error.to_string())?;
            let status = response.status().as_u16();
            let mut text = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
                text.extend_from_slice(&chunk);
                if text.len() > ANSWER_BYTES_MAX {
                    return Err("its answer is too long".to_owned());
                }
            }
            Ok(Answer { status, body: String::from_utf8(text).map_err(|error| error.to_string())? })
        })
    }
}
