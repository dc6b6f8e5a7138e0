//! The witness over HTTP: a table of its own with two routes, and limits of its own.

use super::{Refusal, Witness};
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, HttpServer, web};
use mudeung_wire::ledger::note::NOTE_BYTES_MAX;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The longest request: a note and 63 hashes.
const BODY_BYTES_MAX: usize = NOTE_BYTES_MAX + 64 * 45 + 64;
/// Connections at once; a witness is asked by logs, not by the public.
const CONNECTIONS_MAX: usize = 256;
const HEADER_TIME: Duration = Duration::from_secs(5);

/// A witness that listens.
pub struct RunningWitness {
    /// The address it listens on.
    pub address: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
}

/// Starts to listen. A proxy that terminates TLS belongs in front when others than this machine are to reach it.
pub fn start(witness: Witness, listen: SocketAddr) -> std::io::Result<RunningWitness> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    let witness = web::Data::from(Arc::new(witness));
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(witness.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .service(web::resource("/add-checkpoint").route(web::post().to(add_checkpoint)))
            .service(web::resource("/{origin}/checkpoint").route(web::get().to(read_checkpoint)))
    })
    .workers(1)
    .max_connections(CONNECTIONS_MAX)
    .client_request_timeout(HEADER_TIME)
    .shutdown_timeout(5)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(RunningWitness { address, handle: server.handle(), server: tokio::spawn(server) })
}

impl RunningWitness {
    /// Waits until the server ends by itself, which it does only when it fails.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        (&mut self.server).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    /// Stops; requests under way are answered.
    pub async fn stop(self) {
        self.handle.stop(true).await;
    }
}

async fn add_checkpoint(witness: web::Data<Witness>, body: web::Bytes) -> HttpResponse {
    let answer = web::block(move || {
        let text = std::str::from_utf8(&body).ok().ok_or(Refusal::Malformed("not UTF-8"))?;
        witness.add_checkpoint(text)
    });
    match answer.await {
        Ok(Ok(cosignature)) => plain(StatusCode::OK, cosignature),
        Ok(Err(refusal)) => refuse(&refusal),
        Err(error) => refuse(&Refusal::NotDurable(error.to_string())),
    }
}

async fn read_checkpoint(witness: web::Data<Witness>, origin: web::Path<String>) -> HttpResponse {
    match web::block(move || witness.latest(&origin)).await {
        Ok(Some(note)) => plain(StatusCode::OK, note),
        _ => plain(StatusCode::NOT_FOUND, "no checkpoint of such a log was cosigned\n".to_owned()),
    }
}

fn refuse(refusal: &Refusal) -> HttpResponse {
    match refusal {
        Refusal::Malformed(problem) => plain(StatusCode::BAD_REQUEST, format!("{problem}\n")),
        Refusal::NotSigned => plain(StatusCode::FORBIDDEN, "no key of that log signed it\n".to_owned()),
        Refusal::UnknownLog => plain(StatusCode::NOT_FOUND, "the log is not known here\n".to_owned()),
        Refusal::OtherSize(size) => {
            HttpResponse::Conflict().insert_header((CONTENT_TYPE, "text/x.tlog.size")).body(format!("{size}\n"))
        }
        Refusal::Inconsistent => {
            tracing::error!("A FORK: a log signed a checkpoint that does not begin with the one before");
            plain(StatusCode::UNPROCESSABLE_ENTITY, "it does not begin with what was cosigned before\n".to_owned())
        }
        Refusal::NotDurable(problem) => {
            tracing::error!(problem, "a checkpoint cannot be remembered");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "it cannot be remembered, so it is not cosigned\n".to_owned())
        }
    }
}

fn plain(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status).insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(body)
}
