//! The frame of every page: language, navigation, notice, and the headers it is sent with.

use super::asset;
use super::cookie::Cookies;
use super::island::Island;
use super::passkeys;
use super::session::SignedIn;
use super::texts::Common;
use crate::call::{Call, Language, OwnDialect};
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERER, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use mudeung_core::member::Role;
use mudeung_core::tier::Tier;

/// Nothing but our own style sheet, images and forms.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The texts of the frame.
    pub(crate) t: &'static Common,
    /// The page's language.
    pub(crate) language: Language,
    /// Its path without the language.
    pub(crate) path: String,
    /// The same page in the other language.
    pub(crate) other_href: String,
    /// Whether it belongs to the guide.
    pub(crate) in_guide: bool,
    /// Where the navigation leads.
    pub(crate) links: Vec<Link>,
    /// Who is signed in.
    pub(crate) who: Option<Who>,
    /// What was just done.
    pub(crate) notice: Option<&'static str>,
    /// What is wrong with the form that was submitted.
    pub(crate) problem: Option<&'static str>,
    /// Address of the style sheet.
    pub(crate) style: &'static str,
    /// Address of the logo.
    pub(crate) logo: &'static str,
    /// What is lively on it.
    pub(crate) islands: Vec<Island>,
    /// The key of the forms on it that make something: another each time the page is shown.
    pub(crate) form_key: String,
    remembered: bool,
    secure: bool,
}

/// One entry of the navigation.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Where it leads.
    pub(crate) href: String,
    /// What it says.
    pub(crate) text: &'static str,
    /// Whether the page shown belongs to it.
    pub(crate) here: bool,
}

/// Who is signed in, as the frame shows it.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    /// Name of the member.
    pub(crate) name: String,
    /// Name of the organization.
    pub(crate) organization: String,
    /// How many notifications the member has not seen.
    pub(crate) unread: i64,
    /// The token that forms must carry.
    pub(crate) form_token: String,
}

/// A state with a sign of its own, so that colour is never all there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Badge {
    /// What it says.
    pub(crate) text: &'static str,
    /// The style class: `good`, `wait`, `stop`, `plain`.
    pub(crate) class: &'static str,
    /// The sign before the text.
    pub(crate) sign: &'static str,
}

impl Page {
    /// The frame for a request.
    pub(super) fn new(request: &HttpRequest, call: &Call, signed_in: Option<&SignedIn>) -> Self {
        let (language, path) = split(request.path(), call.language);
        let t = Common::of(language);
        let app = request.app_data::<actix_web::web::Data<crate::state::App>>();
        let secure = app.is_some_and(|app| app.portal.secure);
        Self {
            t,
            language,
            links: links(t, language, path, signed_in),
            path: path.to_owned(),
            other_href: with_query(in_other_language(request.path(), language, path), request.query_string()),
            in_guide: path == GUIDE,
            who: signed_in.map(|signed_in| Who {
                name: signed_in.member.name.clone(),
                organization: signed_in.organization.name.clone(),
                unread: signed_in.unread,
                form_token: signed_in.form_token.clone(),
            }),
            notice: query_value(request.query_string(), "done").and_then(|done| notice(t, &done)),
            problem: None,
            style: asset::STYLE.href(),
            logo: asset::LOGO.href(),
            islands: app.and_then(|app| passkeys::island(app.portal.site.as_ref(), path)).into_iter().collect(),
            form_key: app.map(|app| super::cookie::fresh_token(&*app.entropy)).unwrap_or_default(),
            remembered: Cookies::language_of(request).as_deref() == Some(language.as_str()),
            secure,
        }
    }

    /// A frame without a request behind it, for errors.
    pub(super) fn bare(whole: &str, fallback: Language) -> Self {
        let (language, path) = split(whole, fallback);
        let t = Common::of(language);
        Self {
            t,
            language,
            other_href: in_other_language(whole, language, path),
            in_guide: path == GUIDE,
            path: path.to_owned(),
            links: links(t, language, path, None),
            who: None,
            notice: None,
            problem: None,
            style: asset::STYLE.href(),
            logo: asset::LOGO.href(),
            islands: Vec::new(),
            form_key: String::new(),
            remembered: true,
            secure: false,
        }
    }

    /// The address of a page in this language.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/{}{path}", self.language.as_str())
    }

    /// `ko` or `en`.
    pub(crate) const fn lang(&self) -> &'static str {
        self.language.as_str()
    }

    /// The other language.
    pub(crate) const fn other(&self) -> &'static str {
        other(self.language).as_str()
    }

    /// The other language's own name.
    pub(crate) const fn other_name(&self) -> &'static str {
        match self.language {
            Language::Ko => "English",
            Language::En => "한국어",
        }
    }

    /// Where to sign in, to come back here.
    pub(crate) fn sign_in_href(&self) -> String {
        self.sign_in_to(&self.at(&self.path))
    }

    /// Where to sign in, to go on to a page of ours.
    pub(crate) fn sign_in_to(&self, next: &str) -> String {
        let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
        format!("{}?{query}", self.at("/sign-in"))
    }

    /// Where to prove again who one is, to come back to the page that the form was on.
    pub(crate) fn step_up_href(&self, request: &HttpRequest) -> String {
        let referer = request.headers().get(REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let path = referer.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
        self.step_up_to(&super::sign_in::own_page(&path).unwrap_or_else(|| self.at("/home")))
    }

    /// Where to prove again who one is, to go on to a page of ours.
    pub(crate) fn step_up_to(&self, next: &str) -> String {
        let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
        format!("{}?{query}", self.at("/step-up"))
    }

    /// The token that forms must carry; empty when nobody is signed in.
    pub(crate) fn form_token(&self) -> &str {
        self.who.as_ref().map_or("", |who| who.form_token.as_str())
    }

    /// The name of a tier.
    pub(crate) const fn tier(&self, tier: Tier) -> &'static str {
        match tier {
            Tier::Synthetic => self.t.synthetic,
            Tier::Deidentified => self.t.deidentified,
        }
    }

    /// The badge of a state by its name in the domain.
    pub(crate) fn badge(&self, state: &str) -> Badge {
        let t = self.t;
        let (text, class, sign) = match state {
            "active" => (t.state_active, "good", "●"),
            "approved" => (t.state_approved, "good", "✓"),
            "published" => (t.state_published, "good", "✓"),
            "completed" => (t.state_completed, "good", "✓"),
            "pending" => (t.state_pending, "wait", "○"),
            "submitted" => (t.state_submitted, "wait", "…"),
            "staged" => (t.state_staged, "wait", "…"),
            "returned" => (t.state_returned, "wait", "↩"),
            "in_review" => (t.state_in_review, "wait", "…"),
            "conditional" => (t.state_conditional, "wait", "✓"),
            "held" => (t.state_held, "wait", "‖"),
            "lapsed" => (t.state_lapsed, "plain", "○"),
            "draft" => (t.state_draft, "plain", "○"),
            "suspended" => (t.state_suspended, "stop", "‖"),
            "revoked" => (t.state_revoked, "stop", "×"),
            "rejected" => (t.state_rejected, "stop", "×"),
            "closed" => (t.state_closed, "stop", "×"),
            "aborted" => (t.state_aborted, "stop", "‖"),
            "denied" => (t.state_denied, "stop", "×"),
            "disabled" => (t.state_disabled, "stop", "‖"),
            "waiting" => (t.state_waiting, "wait", "…"),
            "delivered" => (t.state_delivered, "good", "✓"),
            "given_up" => (t.state_given_up, "stop", "×"),
            "expired" => (t.state_expired, "plain", "○"),
            "withdrawn" => (t.state_withdrawn, "plain", "○"),
            _ => (t.state_unknown, "plain", "?"),
        };
        Badge { text, class, sign }
    }
}

/// The value of a query parameter.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// All values of a query parameter.
pub(crate) fn query_values(query: &str, name: &str) -> Vec<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    pairs.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
}

/// The path of every chapter of the guide, whose addresses have the language in their middle.
const GUIDE: &str = "/guide";

const fn other(language: Language) -> Language {
    match language {
        Language::Ko => Language::En,
        Language::En => Language::Ko,
    }
}

/// The address of the page at the path `whole`, which is `path` in its language, in the other language.
fn in_other_language(whole: &str, language: Language, path: &str) -> String {
    let (this, other) = (language.as_str(), other(language).as_str());
    if path == GUIDE {
        return whole.replacen(&format!("{GUIDE}/{this}"), &format!("{GUIDE}/{other}"), 1);
    }
    format!("/{other}{path}")
}

/// An address with the query of another: what was looked for stays, and what was done just now is said once. What may be a
/// secret, typed into an address by mistake, is not repeated.
fn with_query(address: String, query: &str) -> String {
    let secret = |name: &str| ["secret", "password", "token", "assertion"].iter().any(|part| name.contains(part));
    let is_kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.is_empty() && name != "done" && !secret(name)
    };
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    if kept.is_empty() { address } else { format!("{address}?{}", kept.join("&")) }
}

/// Language and rest of a path such as `/ko/apps`; of one such as `/guide/ko/keys` the language and `/guide`.
pub(super) fn split(path: &str, fallback: Language) -> (Language, &str) {
    if let Some((language, _)) = path.strip_prefix(GUIDE).and_then(language_of) {
        return (language, GUIDE);
    }
    match language_of(path) {
        Some((language, "")) => (language, "/"),
        Some(found) => found,
        None => (fallback, "/"),
    }
}

/// Whether a path is one of the portal's pages.
pub(super) fn is_page(path: &str) -> bool {
    language_of(path).is_some() || path.strip_prefix(GUIDE).is_some_and(|rest| rest.starts_with('/'))
}

/// The language that a path begins with, and what comes after it.
fn language_of(path: &str) -> Option<(Language, &str)> {
    [Language::Ko, Language::En].into_iter().find_map(|language| {
        let rest = path.strip_prefix('/')?.strip_prefix(language.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some((language, rest))
    })
}

/// A page, with its headers.
pub(crate) fn show(page: &Page, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Fault> {
    let body = template.render().map_err(|error| Fault::internal(format!("a page cannot be rendered: {error}")))?;
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_LANGUAGE, page.language.as_str()))
        .insert_header((CONTENT_SECURITY_POLICY, page.policy()))
        .insert_header((CACHE_CONTROL, if page.who.is_some() { "no-store" } else { "private, no-cache" }))
        .insert_header((VARY, "Cookie, Accept-Language"));
    harden(&mut answer, page.secure);
    if !page.remembered {
        answer.cookie(Cookies { secure: page.secure }.language(page.language.as_str()));
    }
    let mut answer = answer.body(body);
    if status.is_client_error() || status.is_server_error() {
        answer.extensions_mut().insert(OwnDialect);
    }
    Ok(answer)
}

/// The headers of everything that a browser shows.
pub(super) fn harden(answer: &mut HttpResponseBuilder, secure: bool) {
    answer
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), geolocation=(), microphone=()"));
    if secure {
        answer.insert_header(("Strict-Transport-Security", "max-age=63072000; includeSubDomains"));
    }
}

fn links(t: &'static Common, language: Language, path: &str, signed_in: Option<&SignedIn>) -> Vec<Link> {
    use Role::{Admin, Auditor, Developer, Representative, Reviewer, Steward};
    let all: [(&str, &'static str, Option<&[Role]>); 25] = [
        ("/home", t.nav_home, Some(&Role::ALL)),
        ("/catalogue", t.nav_catalogue, None),
        ("/apps", t.nav_apps, Some(&[Developer, Admin])),
        ("/requests", t.nav_requests, Some(&Role::ALL)),
        ("/grants", t.nav_grants, Some(&Role::ALL)),
        ("/results", t.nav_results, Some(&[Representative, Developer, Steward, Reviewer, Auditor, Admin])),
        ("/usage", t.nav_usage, Some(&Role::ALL)),
        ("/receipts", t.nav_receipts, None),
        ("/playground", t.nav_playground, None),
        ("/releases", t.nav_releases, Some(&[Steward, Admin])),
        ("/ledger", t.nav_ledger, Some(&[Auditor, Admin])),
        ("/reviews", t.nav_reviews, Some(&[Auditor, Admin])),
        ("/invoices", t.nav_invoices, Some(&Role::ALL)),
        ("/plans", t.nav_plans, Some(&[Admin])),
        ("/budgets", t.nav_budgets, Some(&[Admin])),
        ("/organizations", t.nav_organizations, Some(&[Admin])),
        ("/kill-switches", t.nav_kill_switches, Some(&[Admin])),
        ("/agreements", t.nav_agreements, Some(&Role::ALL)),
        ("/webhooks", t.nav_webhooks, Some(&[Developer])),
        ("/members", t.nav_members, Some(&[Representative, Admin])),
        ("/system", t.nav_system, Some(&[Admin])),
        ("/notifications", t.nav_notifications, Some(&Role::ALL)),
        ("/incidents", t.nav_incidents, Some(&[Representative, Developer, Auditor, Admin])),
        ("/break-glass", t.nav_break_glass, Some(&[Auditor, Admin])),
        ("/security", t.nav_security, Some(&Role::ALL)),
    ];
    let open = |roles: Option<&[Role]>| match (roles, signed_in) {
        (None, _) => true,
        (Some(roles), Some(signed_in)) => signed_in.has(roles),
        (Some(_), None) => false,
    };
    let shown = all.into_iter().filter(|(_, _, roles)| open(*roles));
    shown
        .map(|(to, text, _)| Link {
            href: format!("/{}{to}", language.as_str()),
            text,
            here: path == to || path.strip_prefix(to).is_some_and(|rest| rest.starts_with('/')),
        })
        .collect()
}

fn notice(t: &'static Common, done: &str) -> Option<&'static str> {
    Some(match done {
        "app-created" => t.done_app_created,
        "app-revoked" => t.done_app_revoked,
        "key-registered" => t.done_key_registered,
        "credential-revoked" => t.done_credential_revoked,
        "activation-link-revoked" => t.done_activation_link_revoked,
        "registration-token-revoked" => t.done_registration_token_revoked,
        "device-allowed" => t.done_device_allowed,
        "device-denied" => t.done_device_denied,
        "grant-revoked" => t.done_grant_revoked,
        "request-submitted" => t.done_request_submitted,
        "request-saved" => t.done_request_saved,
        "request-accepted" => t.done_request_accepted,
        "request-returned" => t.done_request_returned,
        "request-signed-off" => t.done_request_signed_off,
        "request-voted" => t.done_request_voted,
        "request-recused" => t.done_request_recused,
        "file-added" => t.done_file_added,
        "message-written" => t.done_message_written,
        "condition-answered" => t.done_condition_answered,
        "condition-confirmed" => t.done_condition_confirmed,
        "request-approved" => t.done_request_approved,
        "request-rejected" => t.done_request_rejected,
        "request-withdrawn" => t.done_request_withdrawn,
        "budget-set" => t.done_budget_set,
        "budget-removed" => t.done_budget_removed,
        "organization-suspended" => t.done_organization_suspended,
        "organization-resumed" => t.done_organization_resumed,
        "app-rules-updated" => t.done_app_rules_updated,
        "access-stopped" => t.done_access_stopped,
        "access-resumed" => t.done_access_resumed,
        "version-published" => t.done_version_published,
        "version-withdrawn" => t.done_version_withdrawn,
        "second-factor-needed" => t.done_second_factor_needed,
        "identity-unlinked" => t.done_identity_unlinked,
        "passkey-added" => t.done_passkey_added,
        "passkey-renamed" => t.done_passkey_renamed,
        "passkey-removed" => t.done_passkey_removed,
        "second-factor-removed" => t.done_second_factor_removed,
        "stepped-up" => t.done_stepped_up,
        "agreement-published" => t.done_agreement_published,
        "agreement-signed" => t.done_agreement_signed,
        "glass-broken" => t.done_glass_broken,
        "glass-reviewed" => t.done_glass_reviewed,
        "member-invited" => t.done_member_invited,
        "member-updated" => t.done_member_updated,
        "member-disabled" => t.done_member_disabled,
        "member-enabled" => t.done_member_enabled,
        "invitation-revoked" => t.done_invitation_revoked,
        "joined" => t.done_joined,
        "password-changed" => t.done_password_changed,
        "sessions-ended" => t.done_sessions_ended,
        "notifications-read" => t.done_notifications_read,
        "preferences-updated" => t.done_preferences_updated,
        "webhook-tested" => t.done_webhook_tested,
        "webhook-replayed" => t.done_webhook_replayed,
        "webhook-disabled" => t.done_webhook_disabled,
        "webhook-enabled" => t.done_webhook_enabled,
        "webhook-deleted" => t.done_webhook_deleted,
        "mail-tested" => t.done_mail_tested,
        "mail-replayed" => t.done_mail_replayed,
        "plan-defined" => t.done_plan_defined,
        "plan-given" => t.done_plan_given,
        "invoice-issued" => t.done_invoice_issued,
        "personal-erased" => t.done_personal_erased,
        "signed-out" => t.done_signed_out,
        _ => return grant_notice(t, done),
    })
}

/// What was done to a grant after it was given, to an incident, or to a review.
fn grant_notice(t: &'static Common, done: &str) -> Option<&'static str> {
    Some(match done {
        "result-consented" => t.done_result_consented,
        "result-released" => t.done_result_released,
        "result-refused" => t.done_result_refused,
        "incident-reported" => t.done_incident_reported,
        "incident-handled" => t.done_incident_handled,
        "grant-reported" => t.done_grant_reported,
        "reports-read" => t.done_reports_read,
        "destruction-declared" => t.done_destruction_declared,
        "destruction-refused" => t.done_destruction_refused,
        "grant-closed" => t.done_grant_closed,
        "review-begun" => t.done_review_begun,
        "review-saved" => t.done_review_saved,
        "review-signed" => t.done_review_signed,
        _ => return None,
    })
}
