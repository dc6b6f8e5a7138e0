//! The terms of data use, between the manifest and the rules.

use mudeung_core::dataset::Bilingual;
use mudeung_core::duo::{DataUse, InvalidUse};
use mudeung_wire::manifest::{self as wire, ManifestUse};

/// What a manifest says.
pub(crate) fn read(said: &ManifestUse) -> Result<DataUse, InvalidUse> {
    let studies = said.studies.as_ref().map(|text| Bilingual { ko: text.ko.clone(), en: text.en.clone() });
    DataUse::parse(&said.permission, &said.diseases, &said.modifiers, studies)
}

/// The same as a manifest would say it.
pub(crate) fn write(terms: &DataUse) -> ManifestUse {
    let Bilingual { ko, en } = terms.studies.clone();
    let has_type = terms.modifiers.contains(&mudeung_core::duo::Modifier::ResearchSpecific);
    ManifestUse {
        permission: terms.permission.term().shorthand().to_owned(),
        diseases: terms.permission.diseases().iter().map(ToString::to_string).collect(),
        modifiers: terms.modifiers.iter().map(ToString::to_string).collect(),
        studies: has_type.then_some(wire::Bilingual { ko, en }),
    }
}
