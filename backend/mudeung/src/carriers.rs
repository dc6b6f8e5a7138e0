//! What carries the outbox: an SMTP client, or a folder of mails, and an HTTP client that calls webhooks.

use crate::failure::Failure;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mudeung_server::Running;
use mudeung_server::config::{Config, MailConfig, is_public};
use mudeung_server::keys::read_private;
use mudeung_server::post::mail::Mail;
use mudeung_server::post::webhook::Call;
use mudeung_server::post::{Carrier, CarryFuture, Undelivered, keep_carrying};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A mail server or a program that takes longer is asked again later.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What is kept of the answer of a program that refuses.
const ANSWER_CHARACTERS: usize = 200;

/// The clients that carry the outbox of a server.
pub(crate) struct Carriers {
    mail: Option<Mailer>,
    http: reqwest::Client,
}

struct Mailer {
    from: Mailbox,
    way: Way,
}

enum Way {
    Server(AsyncSmtpTransport<Tokio1Executor>),
    Folder(AsyncFileTransport<Tokio1Executor>),
}

impl Carriers {
    /// Starts to carry what is in the outbox of a server.
    pub(crate) fn carry(self, running: &Running) -> JoinHandle<()> {
        tokio::spawn(keep_carrying(running.app().clone(), Arc::new(self)))
    }

    /// Makes the clients that a configuration asks for. It takes a moment (certificates are read), so it comes before the
    /// server answers.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).no_proxy();
        let client = client.user_agent(concat!("Mudeung-Webhooks/", env!("CARGO_PKG_VERSION")));
        let client = match config.webhooks.private_addresses {
            true => client,
            false => client.https_only(true).dns_resolver(Arc::new(PublicNames)),
        };
        let mail = config.mail.as_ref().map(Mailer::open).transpose()?;
        Ok(Self { mail, http: client.build().map_err(Failure::failed)? })
    }
}

impl Mailer {
    fn open(config: &MailConfig) -> Result<Self, Failure> {
        let from = config.from.parse().map_err(|error| Failure::input(format!("mail.from: {error}")))?;
        if let Some(folder) = &config.folder {
            std::fs::create_dir_all(folder).map_err(|e| Failure::failed(format!("mail.folder: {e}")))?;
            return Ok(Self { from, way: Way::Folder(AsyncFileTransport::new(folder)) });
        }
        let (scheme, authority) = config.server.split_once("://").unwrap_or(("smtps", &config.server));
        let authority = authority.trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
            Some((host, Ok(port))) => (host, Some(port)),
            _ => (authority, None),
        };
        let builder = match scheme {
            "smtp+plain" => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)),
            "smtp" => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
            _ => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
        };
        let mut builder = builder.map_err(|error| Failure::input(format!("mail.server: {error}")))?;
        if let Some(port) = port {
            builder = builder.port(port);
        }
        if let (Some(user), Some(file)) = (&config.user, &config.password_file) {
            let password =
                read_private(file).map_err(|error| Failure::failed(format!("mail.password_file: {error}")))?;
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().trim().to_owned()));
        }
        Ok(Self { from, way: Way::Server(builder.timeout(Some(TIMEOUT)).build()) })
    }

    async fn send(&self, mail: Mail) -> Result<(), Undelivered> {
        let never = |error: &dyn std::fmt::Display| Undelivered::Never(error.to_string());
        let to: Mailbox = mail.to.parse().map_err(|error| never(&error))?;
        let message = Message::builder().from(self.from.clone()).to(to).subject(mail.subject);
        // Answers of machines are not wanted, and nobody's address book needs it.
        let message = message.header(AutoSubmitted).header(ContentType::TEXT_PLAIN);
        let message = message.body(mail.text).map_err(|error| never(&error))?;
        match &self.way {
            Way::Server(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(never(&error)),
                Err(error) => Err(Undelivered::Later(error.to_string())),
            },
            Way::Folder(folder) => {
                folder.send(message).await.map(|_| ()).map_err(|error| Undelivered::Later(error.to_string()))
            }
        }
    }
}

impl Carrier for Carriers {
    fn has_mail(&self) -> bool {
        self.mail.is_some()
    }

    fn mail(&self, mail: Mail) -> CarryFuture<'_> {
        Box::pin(async move {
            match &self.mail {
                Some(mailer) => mailer.send(mail).await,
                None => Err(Undelivered::Later("there is no mail server".to_owned())),
            }
        })
    }

    fn webhook(&self, call: Call) -> CarryFuture<'_> {
        Box::pin(async move {
            let mut request = self.http.post(&call.url).header("content-type", "application/json").body(call.body);
            for (name, value) in call.headers {
                request = request.header(name, value);
            }
            let answer = request.send().await.map_err(|error| Undelivered::Later(why(&error)))?;
            let status = answer.status();
            if status.is_success() {
                return Ok(());
            }
            // 410 Gone: the program asks not to be told any more.
            if status.as_u16() == 410 {
                return Err(Undelivered::Never("410 Gone: its program asks not to be called again".to_owned()));
            }
            let said = first_words(answer).await;
            Err(Undelivered::Later(format!("{status}: {said}")))
        })
    }
}

/// The beginning of an answer, and no more of it than is shown.
async fn first_words(mut answer: reqwest::Response) -> String {
    let first = answer.chunk().await.ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&first).chars().filter(|letter| !letter.is_control()).take(ANSWER_CHARACTERS).collect()
}

/// The innermost reason, which is the one that helps.
pub(crate) fn why(error: &dyn std::error::Error) -> String {
    let mut reason = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
}

/// Names of the public internet alone: a name that leads inside is refused at the moment it is called, whatever it led to
/// when it was registered.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() || !found.iter().all(|address| is_public(address.ip())) {
                return Err("the name leads to an address that is not public".into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
