//! What a mail says, in the language of whoever it is for. Plain text: it can be read everywhere, and has nothing to load.
//! Links that open something are made here, at the moment of sending, and are kept nowhere.

use super::Undelivered;
use crate::call::Language;
use crate::portal::links::{self, Purpose};
use crate::portal::moment;
use crate::portal::texts::{MailTexts, topic_text};
use crate::state::App;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{InvitationId, MemberId, PasswordResetId};
use mudeung_core::member::{Member, MemberState};
use mudeung_core::notification::Topic;
use mudeung_store::invitations::{self, Into, Invitation};
use mudeung_store::notifications::{Notification, Preferences, find_preferences};
use mudeung_store::outbox::{Channel, Delivery};
use mudeung_store::{Conn, StoreError, members, organizations};
use serde_json::{Value, json};

/// The topic of an invitation.
pub const INVITED: &str = "member.invited";
/// The topic of a link to a new password.
pub const RESET: &str = "password.reset";
/// The topic of the word that a password was changed.
pub const CHANGED: &str = "password.changed";
/// The topic of the word that a passkey was added.
pub const PASSKEY_ADDED: &str = "passkey.added";
/// The topic of the word that a passkey was removed.
pub const PASSKEY_REMOVED: &str = "passkey.removed";
/// The topic of the mail of a day.
pub const DIGEST: &str = "digest";
/// The topic of a test that an operator asked for.
pub const TEST: &str = "mail.test";
/// The most lines that the mail of a day has.
const LINES_MAX: usize = 100;

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom it is for.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// What is kept of the mail of a day.
pub(super) fn digest_body(lines: &[Notification]) -> String {
    let line = |told: &Notification| {
        let occurrence = &told.occurrence;
        json!({
            "topic": occurrence.topic.as_str(),
            "subject": occurrence.subject,
            "dataset": occurrence.dataset.as_ref().map(ToString::to_string),
            "at": occurrence.at.micros(),
        })
    };
    Value::Array(lines.iter().take(LINES_MAX).map(line).collect()).to_string()
}

/// An invitation that is to be sent. Sent again, it is a delivery of its own.
pub(crate) fn invitation(invitation: &Invitation, now: Timestamp) -> Delivery {
    let body = json!({ "invitation": invitation.id.to_string() }).to_string();
    let id = format!("{}-{}", invitation.id, now.micros());
    Delivery::new(id, Channel::Mail, invitation.email.clone(), INVITED, body, now)
}

/// A link to a new password that is to be sent.
pub(crate) fn reset(id: PasswordResetId, member: MemberId, now: Timestamp) -> Delivery {
    let body = json!({ "reset": id.to_string() }).to_string();
    Delivery::new(id.to_string(), Channel::Mail, member.to_string(), RESET, body, now)
}

/// The word that a password was changed.
pub(crate) fn changed(member: MemberId, now: Timestamp) -> Delivery {
    let id = format!("password-changed-{}:{member}", now.micros());
    Delivery::new(id, Channel::Mail, member.to_string(), CHANGED, "{}".to_owned(), now)
}

/// The word that a passkey was added.
pub(crate) fn passkey_added(member: MemberId, now: Timestamp) -> Delivery {
    let id = format!("passkey-added-{}:{member}", now.micros());
    Delivery::new(id, Channel::Mail, member.to_string(), PASSKEY_ADDED, "{}".to_owned(), now)
}

/// The word that a passkey was removed.
pub(crate) fn passkey_removed(member: MemberId, now: Timestamp) -> Delivery {
    let id = format!("passkey-removed-{}:{member}", now.micros());
    Delivery::new(id, Channel::Mail, member.to_string(), PASSKEY_REMOVED, "{}".to_owned(), now)
}

/// A test that goes to whoever asked for it.
pub(crate) fn test(member: MemberId, now: Timestamp) -> Delivery {
    let id = format!("test-{}:{member}", now.micros());
    Delivery::new(id, Channel::Mail, member.to_string(), TEST, "{}".to_owned(), now)
}

/// The address at which an invitation is accepted.
pub(crate) fn invitation_link(app: &App, language: Language, id: InvitationId) -> String {
    let token = links::token(app, Purpose::Invitation, &id.to_string());
    format!("{}/{}/invitations/{token}", app.config.http.public_url, language.as_str())
}

fn reset_link(app: &App, language: Language, id: &str) -> String {
    let token = links::token(app, Purpose::PasswordReset, id);
    format!("{}/{}/password/reset/{token}", app.config.http.public_url, language.as_str())
}

/// The mail that a delivery is.
pub(super) async fn compose(app: &App, delivery: &Delivery) -> Result<Mail, Undelivered> {
    let said: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    if delivery.topic == INVITED {
        return compose_invitation(app, delivery, &said).await;
    }
    let id: Option<MemberId> = delivery.target.parse().ok();
    let id = id.ok_or_else(|| Undelivered::Never("no such member".to_owned()))?;
    let (member, preferences) = find_reader(app, id).await?;
    let language = language_of(&preferences.language);
    let t = MailTexts::of(language);
    let base = format!("{}/{}", app.config.http.public_url, language.as_str());
    let for_hospital = !member.roles.iter().any(|role| role.is_of_company());
    let (subject, lines) = match delivery.topic.as_str() {
        RESET => {
            let reset = said.get("reset").and_then(Value::as_str).unwrap_or_default();
            let link = reset_link(app, language, reset);
            (t.reset_subject.to_owned(), vec![t.reset.to_owned(), link, t.reset_not_you.to_owned()])
        }
        CHANGED => {
            let link = format!("{base}/password/forgot");
            (t.changed_subject.to_owned(), vec![t.changed.to_owned(), t.changed_not_you.to_owned(), link])
        }
        PASSKEY_ADDED => {
            let lines = [t.passkey_added, t.passkey_not_you].map(str::to_owned);
            (t.passkey_added_subject.to_owned(), [lines.as_slice(), &[format!("{base}/security")]].concat())
        }
        PASSKEY_REMOVED => {
            let lines = [t.passkey_removed, t.passkey_not_you].map(str::to_owned);
            (t.passkey_removed_subject.to_owned(), [lines.as_slice(), &[format!("{base}/security")]].concat())
        }
        TEST => (t.test_subject.to_owned(), vec![t.test.to_owned()]),
        DIGEST => {
            let lines = said.as_array().map(Vec::as_slice).unwrap_or_default();
            (t.digest_subject.to_owned(), digest_lines(language, &base, lines, for_hospital))
        }
        topic => {
            let topic = Topic::parse(topic).ok_or_else(|| Undelivered::Never(format!("no topic {topic}")))?;
            let line = line(language, topic, &said);
            (line.clone(), vec![line, format!("{base}{}", page_of(topic, &said, for_hospital)), t.why.to_owned()])
        }
    };
    let foot = format!("{}\n{base}/notifications", t.foot);
    let text = format!("{}{}\n\n{}\n\n-- \n{foot}\n", member.name, t.dear, lines.join("\n\n"));
    Ok(Mail { to: member.email, subject: format!("{} {subject}", t.mark), text })
}

async fn compose_invitation(app: &App, delivery: &Delivery, said: &Value) -> Result<Mail, Undelivered> {
    let gone = || Undelivered::Never("the invitation is over".to_owned());
    let id = said.get("invitation").and_then(Value::as_str).and_then(|id| id.parse::<InvitationId>().ok());
    let (id, now) = (id.ok_or_else(gone)?, app.clock.now());
    let find = move |conn: &mut Conn| {
        let Some(found) = invitations::find_invitation(conn, id, now)? else { return Ok(None) };
        let name = match &found.into {
            Into::Organization(organization) => {
                organizations::find_organization(conn, *organization)?.map(|it| it.name)
            }
            Into::NewCompany { name, .. } => Some(name.clone()),
        };
        Ok(Some((found, name.unwrap_or_default())))
    };
    let found = app.db.read("find invitation", find).await.map_err(later)?;
    let (found, organization) = found.ok_or_else(gone)?;
    let language = language_of(&found.language);
    let t = MailTexts::of(language);
    let ends = moment::minute(found.expires_at);
    let lines = [
        match found.into {
            Into::Organization(_) => t.invited.replace("{organization}", &organization),
            Into::NewCompany { .. } => t.signed_up.replace("{organization}", &organization),
        },
        invitation_link(app, language, id),
        t.invited_until.replace("{until}", &ends),
        t.invited_not_you.to_owned(),
    ];
    let subject = format!("{} {}", t.mark, t.invited_subject);
    Ok(Mail { to: delivery.target.clone(), subject, text: format!("{}\n", lines.join("\n\n")) })
}

async fn find_reader(app: &App, id: MemberId) -> Result<(Member, Preferences), Undelivered> {
    let find = move |conn: &mut Conn| Ok((members::find_member(conn, id)?, find_preferences(conn, id)?));
    let (member, preferences) = app.db.read("find reader", find).await.map_err(later)?;
    let active = member.filter(|member| matches!(member.state, MemberState::Active));
    Ok((active.ok_or_else(|| Undelivered::Never("the member is gone".to_owned()))?, preferences))
}

fn digest_lines(language: Language, base: &str, lines: &[Value], for_hospital: bool) -> Vec<String> {
    let known = lines.iter().filter_map(|said| {
        let topic = Topic::parse(said.get("topic")?.as_str()?)?;
        let at = moment::minute(Timestamp::from_micros(said.get("at")?.as_i64()?));
        Some(format!("{at}  {}\n{base}{}", line(language, topic, said), page_of(topic, said, for_hospital)))
    });
    known.collect()
}

/// What occurred, in one line: the topic, and the dataset it is about.
fn line(language: Language, topic: Topic, said: &Value) -> String {
    let text = topic_text(MailTexts::of(language), topic);
    match said.get("dataset").and_then(Value::as_str) {
        Some(dataset) => format!("{text} ({dataset})"),
        None => text.to_owned(),
    }
}

fn page_of(topic: Topic, said: &Value, for_hospital: bool) -> String {
    page_about(topic, said.get("subject").and_then(Value::as_str).unwrap_or_default(), for_hospital)
}

/// The page of the portal, without its language, on which more is said of it to the hospital or to a company.
pub(crate) fn page_about(topic: Topic, subject: &str, for_hospital: bool) -> String {
    match topic {
        Topic::BreakGlassOpened | Topic::BreakGlassUnreviewed if for_hospital => "/break-glass".to_owned(),
        Topic::GrantRevoked | Topic::GrantEnding | Topic::BreakGlassOpened | Topic::BreakGlassUnreviewed => {
            format!("/grants?q={subject}")
        }
        Topic::GrantReportDue
        | Topic::GrantReportOverdue
        | Topic::GrantReported
        | Topic::GrantReportRead
        | Topic::DestructionDue
        | Topic::DestructionOverdue
        | Topic::DestructionDeclared
        | Topic::DestructionRefused
        | Topic::GrantClosed => format!("/grants/{subject}"),
        Topic::IncidentReported | Topic::IncidentUntold => "/incidents".to_owned(),
        Topic::ExportFiled | Topic::ExportDue | Topic::ExportReleased | Topic::ExportRefused => {
            format!("/results/{subject}")
        }
        Topic::CredentialEnding => "/home".to_owned(),
        Topic::VersionPublished | Topic::VersionWithdrawn => "/catalogue".to_owned(),
        Topic::AgreementPublished => format!("/agreements/{subject}"),
        Topic::Test => "/webhooks".to_owned(),
        Topic::RequestSubmitted
        | Topic::RequestAccepted
        | Topic::RequestReturned
        | Topic::RequestApproved
        | Topic::RequestConditional
        | Topic::RequestRejected
        | Topic::RequestWithdrawn
        | Topic::RequestLapsed
        | Topic::RequestAnswerDue
        | Topic::RequestDue
        | Topic::RequestOverdue
        | Topic::RequestEscalated
        | Topic::RequestOpinionWanted
        | Topic::RequestAsked
        | Topic::RequestReplied
        | Topic::ConditionAnswered
        | Topic::ConditionConfirmed
        | Topic::ConditionUnconfirmed => format!("/requests/{subject}"),
    }
}

/// The language of a stored name; Korean when it is none.
pub(crate) fn language_of(name: &str) -> Language {
    if name == Language::En.as_str() { Language::En } else { Language::Ko }
}

fn later(error: StoreError) -> Undelivered {
    Undelivered::Later(error.to_string())
}
