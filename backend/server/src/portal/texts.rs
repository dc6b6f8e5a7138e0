//! What the portal says, in both languages. A text that lacks a language does not compile.

use crate::call::Language;

mod account;
mod activation;
mod attachments;
mod audit;
mod billing;
mod common;
mod components;
mod course;
mod data;
mod device;
mod flow;
mod incident;
mod keys;
mod mail;
mod messages;
mod passkeys;
mod people;
mod playground;
mod problems;
mod receipts;
mod registration;
mod result;
mod review;
mod safety;
mod said;
mod unsent;
mod uses;

pub(crate) use account::{AppsTexts, FrontTexts, SignInTexts, SsoTexts, UsageTexts};
pub(crate) use activation::ActivationTexts;
pub(crate) use attachments::AttachmentTexts;
pub(crate) use audit::{ExportTexts, PersonalTexts, ReviewTexts};
pub(crate) use billing::{InvoicesTexts, PlansTexts};
pub(crate) use common::Common;
pub(crate) use components::ComponentsTexts;
pub(crate) use course::CourseTexts;
pub(crate) use data::{BudgetsTexts, CatalogueTexts};
pub(crate) use device::DeviceTexts;
pub(crate) use flow::FlowTexts;
pub(crate) use incident::IncidentTexts;
pub(crate) use keys::KeysTexts;
pub(crate) use mail::{MailTexts, topic_text};
pub(crate) use messages::MessageTexts;
pub(crate) use passkeys::PasskeyTexts;
pub(crate) use people::{
    AgreementsTexts, JoiningTexts, MembersTexts, NotificationsTexts, RecoveryTexts, SystemTexts, WebhooksTexts,
};
pub(crate) use playground::PlaygroundTexts;
pub(crate) use problems::advice;
pub(crate) use receipts::ReceiptsTexts;
pub(crate) use registration::RegistrationTexts;
pub(crate) use result::ResultTexts;
pub(crate) use review::{GrantsTexts, HomeTexts, LedgerTexts, OrganizationsTexts, ReleasesTexts, RequestsTexts};
pub(crate) use safety::{BreakGlassTexts, KillSwitchTexts, RulesTexts, SecurityTexts};
pub(crate) use said::SaidTexts;
pub(crate) use unsent::UnsentTexts;
pub(crate) use uses::UseTexts;

/// One key with its Korean and its English text.
#[cfg(test)]
pub(crate) type Pair = (&'static str, &'static str, &'static str);

macro_rules! texts {
    ($(#[$meta:meta])* $name:ident { $($key:ident: $ko:literal, $en:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub(crate) struct $name { $(pub(crate) $key: &'static str),* }

        impl $name {
            const KO: Self = Self { $($key: $ko),* };
            const EN: Self = Self { $($key: $en),* };

            /// The texts of one language.
            pub(crate) const fn of(language: $crate::call::Language) -> &'static Self {
                match language {
                    $crate::call::Language::Ko => &Self::KO,
                    $crate::call::Language::En => &Self::EN,
                }
            }

            #[cfg(test)]
            pub(crate) const PAIRS: &'static [$crate::portal::texts::Pair] = &[$((stringify!($key), $ko, $en)),*];
        }
    };
}
use texts;

/// A text that belongs to one of the two languages of a pair.
pub(crate) fn pick(language: Language, text: &mudeung_core::dataset::Bilingual) -> String {
    language.pick(&text.ko, &text.en).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Vec<Pair> {
        let groups = [
            ActivationTexts::PAIRS,
            AttachmentTexts::PAIRS,
            BudgetsTexts::PAIRS,
            Common::PAIRS,
            ComponentsTexts::PAIRS,
            CourseTexts::PAIRS,
            FrontTexts::PAIRS,
            ExportTexts::PAIRS,
            InvoicesTexts::PAIRS,
            PersonalTexts::PAIRS,
            PlansTexts::PAIRS,
            ReviewTexts::PAIRS,
            SignInTexts::PAIRS,
            SsoTexts::PAIRS,
            AppsTexts::PAIRS,
            UsageTexts::PAIRS,
            CatalogueTexts::PAIRS,
            DeviceTexts::PAIRS,
            FlowTexts::PAIRS,
            GrantsTexts::PAIRS,
            HomeTexts::PAIRS,
            IncidentTexts::PAIRS,
            ResultTexts::PAIRS,
            AgreementsTexts::PAIRS,
            BreakGlassTexts::PAIRS,
            JoiningTexts::PAIRS,
            KeysTexts::PAIRS,
            MailTexts::PAIRS,
            MembersTexts::PAIRS,
            NotificationsTexts::PAIRS,
            RecoveryTexts::PAIRS,
            SystemTexts::PAIRS,
            WebhooksTexts::PAIRS,
            LedgerTexts::PAIRS,
            MessageTexts::PAIRS,
            PasskeyTexts::PAIRS,
            OrganizationsTexts::PAIRS,
            PlaygroundTexts::PAIRS,
            ReceiptsTexts::PAIRS,
            RegistrationTexts::PAIRS,
            ReleasesTexts::PAIRS,
            RequestsTexts::PAIRS,
            KillSwitchTexts::PAIRS,
            RulesTexts::PAIRS,
            SaidTexts::PAIRS,
            SecurityTexts::PAIRS,
            UnsentTexts::PAIRS,
            UseTexts::PAIRS,
            problems::PAIRS,
        ];
        groups.concat()
    }

    fn is_hangul(letter: char) -> bool {
        ('\u{ac00}'..='\u{d7a3}').contains(&letter)
    }

    #[test]
    fn every_text_is_there_in_both_languages_and_is_not_copied_from_the_other() {
        for (key, ko, en) in everything() {
            assert!(!ko.trim().is_empty() && !en.trim().is_empty(), "{key} is empty");
            assert_ne!(ko, en, "{key} was not translated");
            assert!(ko.chars().any(is_hangul), "{key} has no Korean: {ko}");
            assert!(!en.chars().any(is_hangul), "{key} has Korean in its English: {en}");
        }
    }
}
