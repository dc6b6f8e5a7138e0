//! The portal: pages for people, rendered on the server, in Korean and English, whole without a script ([`island`]).
//!
//! A page is a handler whose signature says who may enter ([`desk`]), a struct with what is shown, and a template. A
//! change is a form with a token ([`forgery`]), recorded before and after, and ends in a redirect.

mod activation;
mod agreements;
mod apps;
mod asset;
mod brake;
mod break_glass;
mod budgets;
mod catalogue;
mod components;
mod cookie;
mod desk;
mod device;
mod example;
mod exports;
pub(crate) mod failure;
pub(crate) mod fields;
mod figure;
mod forgery;
mod front;
mod grants;
mod guide;
mod home;
mod incidents;
mod invoices;
mod island;
mod joining;
pub(crate) mod kept;
mod kill_switches;
mod ledger;
pub(crate) mod links;
mod listing;
mod members;
pub mod moment;
mod notifications;
pub(crate) mod once;
mod open_form;
mod organizations;
mod page;
mod passkeys;
pub mod password;
mod personal;
mod plans;
mod playground;
mod print;
mod receipts;
mod recovery;
mod reference;
mod registration;
mod releases;
mod requests;
mod results;
mod reviews;
pub(crate) mod said;
mod security;
mod session;
mod sign_in;
mod sso;
pub mod state;
mod step_up;
mod system;
pub(crate) mod texts;
mod totp;
pub(crate) mod upload;
mod usage;
mod webhooks;

use crate::fault::Fault;
use crate::route::{Access, Recording, Route};
use actix_web::web;
use apps::assertions::check_assertion;
use apps::credentials::{create_credential, revoke_credential};
use apps::keys::register_key;
use apps::{create_app, list_apps, revoke_app, show_app};
use desk::{
    Admins, Anyone, AppKeepers, Askers, Attachers, Auditors, Checkers, Developers, Enclosers, Examiners, FreshAdmins,
    FreshAnyone, FreshAppKeepers, FreshConfirmers, FreshDeciders, FreshDevelopers, FreshLeaders, FreshReleasers,
    FreshSigners, FreshWatchers, IncidentReaders, Leaders, Minutes, Officers, Releasers, Remarkers, Repliers,
    Reporters, Requesters, ResultReaders, Roles, Stewards, Voters, Watchers,
};
use grants::course::{
    answer_reports, close_grant, declare_destruction, print_certificate, refuse_destruction, report_on_grant,
    show_certificate, show_grant,
};
use requests::attachments::{attach_to_request, enclose_to_request, read_attachment};
use requests::board::{recuse_from_request, vote_on_request};
use requests::check::{accept_request, return_request, sign_off_request};
use requests::conditions::{answer_condition, confirm_condition};
use requests::decide::{approve_request, reject_request};
use requests::form::check_request;
use requests::list_requests;
use requests::messages::{message_on_request, remark_on_request, reply_on_request};
use requests::minutes::{print_minutes, show_minutes};
use requests::show::show_request;
use requests::write::{
    create_draft, edit_request, file_request, new_request, save_request, submit_request, withdraw_request,
};

const SHOWS: Recording = Recording::Exempt("shows what is public or the member's own, and no data");
const FORM: Recording = Recording::Exempt("shows a form");
const DRY_RUN: Recording = Recording::Exempt("a dry run: issues nothing and uses nothing up");
const FIXED: Recording = Recording::Exempt("the same for everybody");

/// A row of the table for a page or a form, in one language.
macro_rules! one {
    ($language:literal, $method:ident, $path:literal, $operation:path, $access:expr, $recording:expr) => {
        Route {
            method: method!($method),
            path: concat!("/", $language, $path),
            operation: operation_name(stringify!($operation)),
            access: $access,
            recording: $recording,
            handler: || web::$method().to($operation),
        }
    };
}

macro_rules! method {
    (get) => {
        "GET"
    };
    (post) => {
        "POST"
    };
}

/// Rows for pages and forms, each in both languages, after rows that have no language.
macro_rules! routes {
    (
        plain { $($plain_method:ident $plain_path:literal $plain:path, $plain_access:expr, $plain_recording:expr;)* }
        pages { $($method:ident $path:literal $operation:path, $access:expr, $recording:expr;)* }
    ) => {
        &[
            $(Route {
                method: method!($plain_method),
                path: $plain_path,
                operation: operation_name(stringify!($plain)),
                access: $plain_access,
                recording: $plain_recording,
                handler: || web::$plain_method().to($plain),
            },)*
            $(one!("ko", $method, $path, $operation, $access, $recording),
              one!("en", $method, $path, $operation, $access, $recording),)*
        ]
    };
}

/// The portal's part of the route table.
pub static ROUTES: &[Route] = routes! {
    plain {
        get "/" front::choose_language, Access::Public, FIXED;
        get "/openapi.json" reference::read_openapi, Access::Public, FIXED;
        get "/docs" reference::show_reference, Access::Public, FIXED;
        get "/docs/problems/{code}" reference::show_problem, Access::Public, FIXED;
        get "/docs/{file}" reference::read_reference_file, Access::Public, FIXED;
        get "/guide" guide::choose_guide, Access::Public, FIXED;
        get "/guide/{language}" guide::show_guide, Access::Public, SHOWS;
        get "/guide/{language}/" guide::show_guide, Access::Public, SHOWS;
        get "/guide/{language}/components" components::show_components, Access::Public, SHOWS;
        get "/guide/{language}/{chapter}" guide::show_chapter, Access::Public, SHOWS;
        get "/guide/{language}/images/{picture}" guide::read_guide_picture, Access::Public, FIXED;
        get "/sso/return" sso::return_from_sso, Access::Public, Recording::Entry;
        get "/assets/{file}" asset::read_asset, Access::Public, FIXED;
        get "/favicon.ico" asset::read_icon, Access::Public, FIXED;
    }
    pages {
        get "" front::show_front, Access::Public, SHOWS;
        get "/" front::show_front, Access::Public, SHOWS;
        get "/catalogue" catalogue::list_catalogue, Access::Public, SHOWS;
        get "/catalogue/{dataset}" catalogue::show_dataset, Access::Public, SHOWS;
        get "/catalogue/{dataset}/{tier}/{table}" catalogue::show_table, Access::Public, SHOWS;
        get "/sign-in" sign_in::show_sign_in, Access::Public, FORM;
        post "/sign-in" sign_in::sign_in, Access::Public, Recording::Entry;
        post "/sign-in/passkey" passkeys::sign_in_with_passkey, Access::Public, Recording::Entry;
        get "/sign-in/sso" sso::begin_sso, Access::Public, FORM;
        get "/sign-up" joining::show_sign_up, Access::Public, FORM;
        post "/sign-up" joining::sign_up, Access::Public, Recording::Entry;
        get "/invitations/{link}" joining::show_invitation, Access::Public, FORM;
        post "/invitations" joining::accept_invitation, Access::Public, Recording::Entry;
        get "/password/forgot" recovery::show_forgotten, Access::Public, FORM;
        post "/password/forgot" recovery::send_password_link, Access::Public, Recording::Entry;
        get "/password/reset/{link}" recovery::show_password_reset, Access::Public, FORM;
        post "/password/reset" recovery::reset_password, Access::Public, Recording::Entry;
        post "/sign-out" sign_in::sign_out, session::<Anyone>(), Recording::Entry;
        get "/home" home::show_home, session::<Anyone>(), SHOWS;
        get "/apps" list_apps, session::<AppKeepers>(), SHOWS;
        post "/apps" create_app, session::<Developers>(), Recording::Entry;
        get "/apps/{app}" show_app, session::<AppKeepers>(), SHOWS;
        get "/apps/{app}/rules" apps::rules::show_app_rules, session::<AppKeepers>(), SHOWS;
        post "/apps/{app}/rules" apps::rules::update_app_rules, session::<AppKeepers>(), Recording::Entry;
        post "/apps/{app}/revoke" revoke_app, session::<FreshAppKeepers>(), Recording::Entry;
        post "/apps/{app}/credentials" create_credential, session::<FreshDevelopers>(), Recording::Entry;
        post "/apps/{app}/credentials/{credential}/revoke" revoke_credential, session::<FreshAppKeepers>(), Recording::Entry;
        post "/apps/{app}/activation-links" activation::create_activation_link, session::<FreshDevelopers>(), Recording::Entry;
        post "/apps/{app}/activation-links/{link}/revoke" activation::revoke_activation_link, session::<FreshDevelopers>(), Recording::Entry;
        get "/apps/{app}/profile.share" activation::show_profile, session::<AppKeepers>(), SHOWS;
        get "/activate/{link}" activation::show_activation, Access::Public, FORM;
        post "/activate" activation::activate, Access::Public, Recording::Entry;
        get "/device" device::show_device, session::<Developers>(), FORM;
        post "/device" device::enter_device_code, session::<Developers>(), Recording::Entry;
        post "/device/decide" device::decide_device, session::<Developers>(), Recording::Entry;
        get "/device/{code}" device::show_device_code, session::<Developers>(), FORM;
        post "/apps/{app}/keys" register_key, session::<Developers>(), Recording::Entry;
        post "/apps/{app}/assertion" check_assertion, session::<Developers>(), DRY_RUN;
        get "/registration-tokens" registration::list_registration_tokens, session::<Developers>(), SHOWS;
        post "/registration-tokens" registration::create_registration_token, session::<Developers>(), Recording::Entry;
        post "/registration-tokens/{token}/revoke" registration::revoke_registration_token, session::<Developers>(), Recording::Entry;
        get "/grants" grants::list_grants, session::<Anyone>(), SHOWS;
        get "/grants/{grant}" show_grant, session::<Anyone>(), SHOWS;
        post "/grants/{grant}/reports" report_on_grant, session::<Reporters>(), Recording::Entry;
        post "/grants/{grant}/reports/answer" answer_reports, session::<Checkers>(), Recording::Entry;
        post "/grants/{grant}/destruction" declare_destruction, session::<FreshSigners>(), Recording::Entry;
        post "/grants/{grant}/destruction/refuse" refuse_destruction, session::<FreshConfirmers>(), Recording::Entry;
        post "/grants/{grant}/close" close_grant, session::<FreshConfirmers>(), Recording::Entry;
        get "/grants/{grant}/certificate" show_certificate, session::<Anyone>(), SHOWS;
        get "/grants/{grant}/certificate.pdf" print_certificate, session::<Anyone>(), SHOWS;
        post "/grants/{grant}/revoke" grants::revoke_grant, session::<FreshAdmins>(), Recording::Entry;
        get "/requests" list_requests, session::<Anyone>(), SHOWS;
        post "/requests" file_request, session::<Requesters>(), Recording::Entry;
        get "/requests/new" new_request, session::<Requesters>(), FORM;
        post "/requests/check" check_request, session::<Requesters>(), DRY_RUN;
        post "/requests/drafts" create_draft, session::<Requesters>(), Recording::Entry;
        get "/requests/{request}" show_request, session::<Anyone>(), SHOWS;
        get "/requests/{request}/edit" edit_request, session::<Requesters>(), FORM;
        post "/requests/{request}/save" save_request, session::<Requesters>(), Recording::Entry;
        post "/requests/{request}/submit" submit_request, session::<Requesters>(), Recording::Entry;
        post "/requests/{request}/withdraw" withdraw_request, session::<Requesters>(), Recording::Entry;
        post "/requests/{request}/accept" accept_request, session::<Checkers>(), Recording::Entry;
        post "/requests/{request}/return" return_request, session::<Checkers>(), Recording::Entry;
        post "/requests/{request}/sign-off" sign_off_request, session::<Officers>(), Recording::Entry;
        post "/requests/{request}/vote" vote_on_request, session::<Voters>(), Recording::Entry;
        post "/requests/{request}/recuse" recuse_from_request, session::<Voters>(), Recording::Entry;
        post "/requests/{request}/approve" approve_request, session::<FreshDeciders>(), Recording::Entry;
        post "/requests/{request}/reject" reject_request, session::<FreshDeciders>(), Recording::Entry;
        post "/requests/{request}/conditions/{condition}/answer" answer_condition, session::<Requesters>(), Recording::Entry;
        post "/requests/{request}/conditions/{condition}/confirm" confirm_condition, session::<FreshConfirmers>(), Recording::Entry;
        post "/requests/{request}/attach" attach_to_request, session::<Attachers>(), Recording::Entry;
        post "/requests/{request}/enclose" enclose_to_request, session::<Enclosers>(), Recording::Entry;
        get "/requests/{request}/attachments/{attachment}" read_attachment, session::<Anyone>(), Recording::Entry;
        post "/requests/{request}/message" message_on_request, session::<Askers>(), Recording::Entry;
        post "/requests/{request}/reply" reply_on_request, session::<Repliers>(), Recording::Entry;
        post "/requests/{request}/remark" remark_on_request, session::<Remarkers>(), Recording::Entry;
        get "/requests/{request}/minutes" show_minutes, session::<Minutes>(), SHOWS;
        get "/requests/{request}/minutes.pdf" print_minutes, session::<Minutes>(), SHOWS;
        get "/playground" playground::show_playground, Access::Public, SHOWS;
        get "/playground/{operation}" playground::show_operation, Access::Public, SHOWS;
        get "/receipts" receipts::show_receipts, Access::Public, SHOWS;
        get "/receipts/{index}" receipts::export_receipt, session::<Anyone>(), SHOWS;
        get "/usage" usage::show_usage, session::<Anyone>(), SHOWS;
        get "/usage/export" usage::export_usage, session::<Anyone>(), Recording::Entry;
        get "/releases" releases::list_releases, session::<Stewards>(), SHOWS;
        post "/releases/{version}/publish" releases::publish_version, session::<Stewards>(), Recording::Entry;
        post "/releases/{version}/withdraw" releases::withdraw_version, session::<Stewards>(), Recording::Entry;
        get "/ledger" ledger::list_entries, session::<Auditors>(), Recording::Entry;
        get "/ledger/export" exports::new_export, session::<Auditors>(), FORM;
        post "/ledger/export" exports::export_ledger, session::<Auditors>(), Recording::Entry;
        get "/ledger/checkpoint" exports::show_checkpoint, session::<Auditors>(), SHOWS;
        get "/ledger/personal" personal::show_personal, session::<Admins>(), SHOWS;
        post "/ledger/personal" personal::erase_personal, session::<FreshAdmins>(), Recording::Entry;
        get "/ledger/{index}" ledger::show_entry, session::<Auditors>(), Recording::Entry;
        get "/reviews" reviews::list_reviews, session::<Auditors>(), SHOWS;
        post "/reviews" reviews::begin_review, session::<Examiners>(), Recording::Entry;
        get "/reviews/{review}" reviews::show_review, session::<Auditors>(), Recording::Entry;
        post "/reviews/{review}/save" reviews::save_review, session::<Examiners>(), Recording::Entry;
        post "/reviews/{review}/sign" reviews::sign_review, session::<Examiners>(), Recording::Entry;
        post "/reviews/{review}/countersign" reviews::countersign_review, session::<Admins>(), Recording::Entry;
        get "/invoices" invoices::show_invoices, session::<Anyone>(), SHOWS;
        post "/invoices" invoices::issue_invoice, session::<FreshAdmins>(), Recording::Entry;
        get "/invoices/{organization}/{month}" invoices::export_invoice, session::<Anyone>(), Recording::Entry;
        get "/plans" plans::list_plans_of_all, session::<Admins>(), SHOWS;
        post "/plans" plans::define_plan, session::<FreshAdmins>(), Recording::Entry;
        post "/plans/give" plans::give_plan, session::<FreshAdmins>(), Recording::Entry;
        get "/budgets" budgets::list_budgets, session::<Admins>(), SHOWS;
        post "/budgets" budgets::set_budget, session::<FreshAdmins>(), Recording::Entry;
        post "/budgets/{kind}/{subject}/remove" budgets::remove_budget, session::<FreshAdmins>(), Recording::Entry;
        get "/break-glass" break_glass::list_break_glass, session::<Watchers>(), SHOWS;
        post "/break-glass" break_glass::open_break_glass, session::<FreshAdmins>(), Recording::Entry;
        post "/break-glass/{grant}/review" break_glass::review_break_glass, session::<FreshWatchers>(), Recording::Entry;
        get "/incidents" incidents::list_incidents, session::<IncidentReaders>(), SHOWS;
        post "/incidents" incidents::report_incident, session::<IncidentReaders>(), Recording::Entry;
        post "/incidents/{incident}/note" incidents::note_on_incident, session::<FreshWatchers>(), Recording::Entry;
        post "/incidents/{incident}/tell" incidents::tell_of_incident, session::<FreshWatchers>(), Recording::Entry;
        post "/incidents/{incident}/close" incidents::close_incident, session::<FreshWatchers>(), Recording::Entry;
        get "/results" results::list_results, session::<ResultReaders>(), SHOWS;
        get "/results/{export}" results::show_result, session::<ResultReaders>(), SHOWS;
        get "/results/{export}/content" results::look_at_result, session::<Releasers>(), Recording::Entry;
        post "/results/{export}/consent" results::consent_to_result, session::<FreshReleasers>(), Recording::Entry;
        post "/results/{export}/refuse" results::refuse_result, session::<FreshReleasers>(), Recording::Entry;
        get "/agreements" agreements::list_agreements, Access::Public, SHOWS;
        post "/agreements" agreements::publish_agreement, session::<FreshAdmins>(), Recording::Entry;
        get "/agreements/{agreement}" agreements::show_agreement, Access::Public, SHOWS;
        post "/agreements/{agreement}/sign" agreements::sign_agreement, session::<FreshSigners>(), Recording::Entry;
        get "/members" members::list_members, session::<Leaders>(), SHOWS;
        post "/members/invite" members::invite_member, session::<FreshLeaders>(), Recording::Entry;
        post "/members/invitations/{invitation}/resend" members::resend_invitation, session::<FreshLeaders>(), Recording::Entry;
        post "/members/invitations/{invitation}/revoke" members::revoke_invitation, session::<FreshLeaders>(), Recording::Entry;
        post "/members/{member}/roles" members::update_member_roles, session::<FreshLeaders>(), Recording::Entry;
        post "/members/{member}/disable" members::disable_member, session::<FreshLeaders>(), Recording::Entry;
        post "/members/{member}/enable" members::enable_member, session::<FreshLeaders>(), Recording::Entry;
        get "/notifications" notifications::list_notifications, session::<Anyone>(), SHOWS;
        post "/notifications/read" notifications::read_notifications, session::<Anyone>(), Recording::Entry;
        post "/notifications/preferences" notifications::update_preferences, session::<Anyone>(), Recording::Entry;
        get "/webhooks" webhooks::list_webhooks, session::<Developers>(), SHOWS;
        post "/webhooks" webhooks::create_webhook, session::<FreshDevelopers>(), Recording::Entry;
        get "/webhooks/{webhook}" webhooks::show_webhook, session::<Developers>(), SHOWS;
        post "/webhooks/{webhook}/test" webhooks::test_webhook, session::<Developers>(), Recording::Entry;
        post "/webhooks/{webhook}/replay" webhooks::replay_delivery, session::<Developers>(), Recording::Entry;
        post "/webhooks/{webhook}/rotate" webhooks::rotate_webhook_secret, session::<FreshDevelopers>(), Recording::Entry;
        post "/webhooks/{webhook}/disable" webhooks::disable_webhook, session::<Developers>(), Recording::Entry;
        post "/webhooks/{webhook}/enable" webhooks::enable_webhook, session::<FreshDevelopers>(), Recording::Entry;
        post "/webhooks/{webhook}/delete" webhooks::delete_webhook, session::<Developers>(), Recording::Entry;
        get "/system" system::show_system, session::<Admins>(), SHOWS;
        post "/system/test-mail" system::send_test_mail, session::<Admins>(), Recording::Entry;
        post "/system/outbox/replay" system::replay_mail, session::<Admins>(), Recording::Entry;
        get "/organizations" organizations::list_organizations, session::<Admins>(), SHOWS;
        post "/organizations/{organization}/suspend" organizations::suspend_organization, session::<FreshAdmins>(), Recording::Entry;
        post "/organizations/{organization}/resume" organizations::resume_organization, session::<FreshAdmins>(), Recording::Entry;
        get "/security" security::show_security, session::<Anyone>(), SHOWS;
        post "/security/second-factor" security::start_second_factor, session::<Anyone>(), Recording::Entry;
        post "/security/second-factor/confirm" security::confirm_second_factor, session::<Anyone>(), Recording::Entry;
        post "/security/second-factor/remove" security::remove_second_factor, session::<FreshAnyone>(), Recording::Entry;
        get "/security/passkeys/new" passkeys::new_passkey, session::<Anyone>(), FORM;
        post "/security/passkeys" passkeys::add_passkey, session::<Anyone>(), Recording::Entry;
        post "/security/passkeys/{passkey}/rename" passkeys::rename_passkey, session::<Anyone>(), Recording::Entry;
        post "/security/passkeys/{passkey}/remove" passkeys::remove_passkey, session::<FreshAnyone>(), Recording::Entry;
        post "/security/password" security::change_password, session::<FreshAnyone>(), Recording::Entry;
        post "/security/identity/remove" security::unlink_identity, session::<FreshAnyone>(), Recording::Entry;
        post "/security/sessions/end" security::end_other_sessions, session::<Anyone>(), Recording::Entry;
        get "/unsent" kept::show_unsent, session::<Anyone>(), FORM;
        get "/step-up" step_up::show_step_up, session::<Anyone>(), FORM;
        post "/step-up" step_up::step_up, session::<Anyone>(), Recording::Entry;
        post "/step-up/passkey" passkeys::step_up_with_passkey, session::<Anyone>(), Recording::Entry;
        get "/kill-switches" kill_switches::show_kill_switches, session::<Admins>(), SHOWS;
        post "/kill-switches/{level}/preview" kill_switches::preview_stop, session::<Admins>(), DRY_RUN;
        post "/kill-switches/{level}/stop" kill_switches::stop_access, session::<FreshAdmins>(), Recording::Entry;
        post "/kill-switches/{level}/resume" kill_switches::resume_access, session::<FreshAdmins>(), Recording::Entry;
    }
};

/// The access class of a page, from the very marker that its handler is entered by.
const fn session<R: Roles>() -> Access {
    Access::Session(R::ROLES)
}

/// The last part of a path such as `front::show_front`, which is the handler's name.
const fn operation_name(path: &'static str) -> &'static str {
    let mut rest = path;
    while let Some((_, after)) = split_colons(rest) {
        rest = after;
    }
    rest
}

const fn split_colons(text: &'static str) -> Option<(&'static str, &'static str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if let Some((b':', _)) = bytes.split_at(at).1.split_first() {
            let (before, after) = text.split_at(at);
            return Some((before, strip_colons(after)));
        }
        at += 1;
    }
    None
}

const fn strip_colons(text: &'static str) -> &'static str {
    let mut rest = text;
    while let Some((b':' | b' ', _)) = rest.as_bytes().split_first() {
        rest = rest.split_at(1).1;
    }
    rest
}

/// An identifier in an address; what is none names nothing.
fn path<T: std::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().ok().ok_or_else(Fault::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_carries_the_name_of_its_handler() {
        for route in ROUTES {
            assert!(!route.operation.contains(':') && !route.operation.is_empty(), "{}", route.operation);
        }
        assert_eq!(operation_name("front :: show_front"), "show_front");
        assert_eq!(operation_name("list_apps"), "list_apps");
    }

    #[test]
    fn every_page_is_there_in_both_languages() {
        for route in ROUTES.iter().filter(|route| route.path.starts_with("/ko")) {
            let other = route.path.replacen("/ko", "/en", 1);
            assert!(ROUTES.iter().any(|twin| twin.path == other && twin.method == route.method), "{other}");
        }
    }
}
