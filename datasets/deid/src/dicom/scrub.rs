//! The de-identification of one data set, with all that is nested in it.

use super::dummy::dummy;
use super::options::{Dates, Options, Retain};
use super::person::{Person, Pseudonyms, shift_date, shift_moment};
use super::table::{Basic, Column, Row, Table};
use super::unlisted::{self, Fate};
use dicom_core::header::Header;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, DicomValue, Length, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::{InMemElement, InMemFragment};

/// What was done to the attributes of a release, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deeds {
    /// They are as they were.
    pub kept: u64,
    /// They are gone.
    pub removed: u64,
    /// Their values are empty.
    pub emptied: u64,
    /// Made-up values stand in their place.
    pub replaced: u64,
    /// Identifiers that were replaced by keyed ones.
    pub identifiers: u64,
    /// Dates that were moved with their person's.
    pub shifted: u64,
}

impl Deeds {
    pub(super) fn add(&mut self, other: Self) {
        self.kept += other.kept;
        self.removed += other.removed;
        self.emptied += other.emptied;
        self.replaced += other.replaced;
        self.identifiers += other.identifiers;
        self.shifted += other.shifted;
    }
}

/// A value of an attribute.
type Value = DicomValue<InMemDicomObject, InMemFragment>;

/// How data sets are de-identified in a release.
pub(super) struct Scrub<'a> {
    pub(super) table: &'a Table,
    pub(super) options: &'a Options,
    pub(super) pseudonyms: &'a Pseudonyms<'a>,
}

/// What is to be done to an attribute.
enum Deed {
    Keep(Value),
    Put(Value),
    Identifier(Value),
    Shift(Value),
    Empty,
    Remove,
}

impl Scrub<'_> {
    /// The de-identified data set of a person, with the marks that say so.
    pub(super) fn scrub(&self, object: InMemDicomObject, person: &Person, deeds: &mut Deeds) -> InMemDicomObject {
        let mut clean = self.items(object, person, deeds);
        clean.put(DataElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"));
        clean.put(DataElement::new(tags::PATIENT_ID, VR::LO, person.pseudonym.as_str()));
        clean.put(DataElement::new(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES"));
        let codes = self.options.codes();
        let method = "DICOM PS3.15 2026c table E.1-1";
        clean.put(DataElement::new(tags::DEIDENTIFICATION_METHOD, VR::LO, method));
        let items: Vec<_> = codes.into_iter().map(|(value, meaning)| code(value, meaning)).collect();
        let sequence = DataSetSequence::new(items, Length::UNDEFINED);
        let tag = tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE;
        clean.put(DataElement::new(tag, VR::SQ, DicomValue::Sequence(sequence)));
        let temporal = tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED;
        clean.put(DataElement::new(temporal, VR::CS, self.options.temporal()));
        clean
    }

    /// The attributes of a data set that stay, as they stay; reading has bounded how deep this goes.
    fn items(&self, object: InMemDicomObject, person: &Person, deeds: &mut Deeds) -> InMemDicomObject {
        let creators = self.creators(&object);
        let mut clean = InMemDicomObject::new_empty();
        for element in object {
            let (tag, vr) = (element.tag(), element.vr());
            let (value, written) = match self.deed(element, person, &creators, deeds) {
                Deed::Remove => {
                    deeds.removed += 1;
                    continue;
                }
                Deed::Keep(value) => (value, &mut deeds.kept),
                Deed::Put(value) => (value, &mut deeds.replaced),
                Deed::Identifier(value) => (value, &mut deeds.identifiers),
                Deed::Shift(value) => (value, &mut deeds.shifted),
                Deed::Empty => (empty(unlisted::exact(tag).unwrap_or(vr)), &mut deeds.emptied),
            };
            *written += 1;
            // What was made up or emptied has the representation of the dictionary, whatever the file said.
            let vr = if unlisted::is_permitted(tag, vr) { vr } else { unlisted::exact(tag).unwrap_or(vr) };
            clean.put(DataElement::new(tag, vr, value));
        }
        clean
    }

    /// What is to be done to an attribute.
    fn deed(&self, element: InMemElement, person: &Person, creators: &[(Tag, String)], deeds: &mut Deeds) -> Deed {
        let (tag, vr) = (element.tag(), element.vr());
        if tag.group() % 2 == 1 {
            return self.private(element, creators);
        }
        if tag.element() == 0 || tag.group() < 8 || matches!(tag.group() >> 8, 0x50 | 0x60) {
            return Deed::Remove;
        }
        if tag == tags::PATIENT_ID {
            return match self.pseudonyms.person(&first_text(element.value())) {
                Some(named) => Deed::Identifier(text(named.pseudonym)),
                None => Deed::Empty,
            };
        }
        match self.table.row(tag) {
            Some(row) => self.listed(row, element, person, deeds),
            None => match unlisted::fate(tag, vr) {
                // The text of the release is written in one character set.
                _ if tag == tags::SPECIFIC_CHARACTER_SET => Deed::Remove,
                Fate::Keep => Deed::Keep(element.into_value()),
                Fate::Checked if texts(element.value()).iter().all(|text| unlisted::is_well_formed(vr, text)) => {
                    Deed::Keep(element.into_value())
                }
                Fate::Phrase if self.is_phrase(element.value()) => Deed::Keep(element.into_value()),
                Fate::Uid => self.replace_uids(element.value(), is_registered),
                Fate::Date => self.date(vr, element.into_value(), person).unwrap_or(Deed::Remove),
                Fate::Descend => Deed::Keep(self.descend(element.into_value(), person, deeds)),
                Fate::Checked | Fate::Phrase | Fate::Remove => Deed::Remove,
            },
        }
    }

    /// What is to be done to an attribute of the table. Where two options speak of one attribute, the one on dates has
    /// the word: a kept device does not bring back a date that is to go.
    fn listed(&self, row: &Row, element: InMemElement, person: &Person, deeds: &mut Deeds) -> Deed {
        let (tag, vr) = (element.tag(), element.vr());
        let basic = |element: InMemElement, deeds: &mut Deeds| self.basic(row.basic, element, person, deeds);
        let permitted = unlisted::is_permitted(tag, vr);
        if !permitted {
            return basic(element, deeds);
        }
        if row.clean.contains(&Column::ModifiedDates) {
            if vr == VR::SQ && self.options.dates != Dates::Remove {
                return Deed::Keep(self.descend(element.into_value(), person, deeds));
            }
            let value = element.value().clone();
            return self.date(vr, value, person).unwrap_or_else(|| basic(element, deeds));
        }
        if row.keep.iter().any(|column| self.options.has(*column)) {
            return match vr {
                VR::SQ => Deed::Keep(self.descend(element.into_value(), person, deeds)),
                VR::AS => age(element.value()).map_or_else(|| basic(element, deeds), |age| Deed::Keep(text(age))),
                VR::CS | VR::DS | VR::IS
                    if !texts(element.value()).iter().all(|text| unlisted::is_well_formed(vr, text)) =>
                {
                    basic(element, deeds)
                }
                _ => Deed::Keep(element.into_value()),
            };
        }
        if row.clean.iter().any(|column| self.options.has(*column)) {
            if vr == VR::SQ {
                return Deed::Keep(self.descend(element.into_value(), person, deeds));
            }
            if self.is_phrase(element.value()) {
                return Deed::Keep(element.into_value());
            }
        }
        basic(element, deeds)
    }

    /// What the basic profile does. What is empty stays empty: there is nothing in it to be replaced.
    fn basic(&self, basic: Basic, element: InMemElement, person: &Person, deeds: &mut Deeds) -> Deed {
        let vr = unlisted::exact(element.tag()).unwrap_or(element.vr());
        match basic {
            Basic::Remove => Deed::Remove,
            Basic::Empty => Deed::Empty,
            Basic::Dummy if is_empty(element.value()) => Deed::Empty,
            Basic::Dummy if vr == VR::UI => self.replace_uids(element.value(), |_| false),
            Basic::Dummy => Deed::Put(dummy(vr)),
            Basic::Uid if element.vr() == VR::UI => self.replace_uids(element.value(), |_| false),
            Basic::Descend if element.vr() == VR::SQ => Deed::Keep(self.descend(element.into_value(), person, deeds)),
            // Nothing else can be done to what is not what the table speaks of.
            Basic::Uid | Basic::Descend => Deed::Remove,
        }
    }

    /// A date, time or moment as the option wants it; none when it has to go, or cannot be moved.
    fn date(&self, vr: VR, value: Value, person: &Person) -> Option<Deed> {
        if self.options.has(Column::FullDates) {
            return Some(Deed::Keep(value));
        }
        if !self.options.has(Column::ModifiedDates) {
            return None;
        }
        let moved = |shift: fn(&str, i32) -> Option<String>| {
            let moved: Option<Vec<String>> = texts(&value)
                .iter()
                .map(|text| if text.is_empty() { Some(String::new()) } else { shift(text, person.days) })
                .collect();
            moved.map(|moved| Deed::Shift(many(moved)))
        };
        match vr {
            _ if is_empty(&value) => Some(Deed::Empty),
            VR::DA => moved(shift_date),
            VR::DT => moved(shift_moment),
            // Whole days move, so times of day and offsets from UTC are what they were.
            VR::TM | VR::SH if texts(&value).iter().all(|text| is_time(text)) => Some(Deed::Keep(value)),
            _ => None,
        }
    }

    fn descend(&self, value: Value, person: &Person, deeds: &mut Deeds) -> Value {
        let items = value.into_items().unwrap_or_default();
        let clean: Vec<_> = items.into_iter().map(|item| self.items(item, person, deeds)).collect();
        DicomValue::Sequence(DataSetSequence::new(clean, Length::UNDEFINED))
    }

    fn replace_uids(&self, value: &Value, stays: impl Fn(&str) -> bool) -> Deed {
        let texts = texts(value);
        if texts.iter().all(|uid| stays(uid) || uid.is_empty()) {
            return if is_empty(value) { Deed::Empty } else { Deed::Keep(many(texts)) };
        }
        let replaced = texts.into_iter().map(|uid| match uid.as_str() {
            "" => uid,
            known if stays(known) => uid,
            other => self.pseudonyms.uid(other),
        });
        Deed::Identifier(many(replaced.collect()))
    }

    fn is_phrase(&self, value: &Value) -> bool {
        let known = |text: &String| self.options.phrases.as_ref().is_some_and(|phrases| phrases.contains(text));
        value.primitive().is_some() && texts(value).iter().all(known)
    }

    /// The blocks of private attributes of a data set with their creators, when safe ones may stay.
    fn creators(&self, object: &InMemDicomObject) -> Vec<(Tag, String)> {
        if !self.options.retain.contains(&Retain::Private) {
            return Vec::new();
        }
        let is_block = |tag: Tag| tag.group() % 2 == 1 && (0x10..=0xff).contains(&tag.element());
        let blocks = object.iter().filter(|element| is_block(element.tag()));
        blocks.map(|element| (element.tag(), first_text(element.value()))).collect()
    }

    fn private(&self, element: InMemElement, creators: &[(Tag, String)]) -> Deed {
        let tag = element.tag();
        let [block, _] = tag.element().to_be_bytes();
        let of = |block: u16| creators.iter().find(|(at, _)| *at == Tag(tag.group(), block)).map(|(_, name)| name);
        let safe = match of(u16::from(block)) {
            Some(creator) => {
                let formed = |text: &String| unlisted::is_well_formed(element.vr(), text);
                let checked = !matches!(element.vr(), VR::DS | VR::IS) || texts(element.value()).iter().all(formed);
                checked && unlisted::is_safe_private(creator, tag, element.vr())
            }
            // The creator's own name, without which its attributes mean nothing.
            None => of(tag.element()).is_some_and(|creator| unlisted::is_safe_creator(creator, tag.group())),
        };
        if safe { Deed::Keep(element.into_value()) } else { Deed::Remove }
    }
}

/// An item of a sequence of codes.
fn code(value: &str, meaning: &str) -> InMemDicomObject {
    InMemDicomObject::from_element_iter([
        DataElement::new(tags::CODE_VALUE, VR::SH, value),
        DataElement::new(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM"),
        DataElement::new(tags::CODE_MEANING, VR::LO, meaning),
    ])
}

/// Whether an identifier is one of the standard's registry, and so of nobody.
fn is_registered(uid: &str) -> bool {
    uid.starts_with("1.2.840.10008.") && uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A time of day, or an offset from UTC.
fn is_time(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':' | b'+' | b'-'))
}

/// An age as it may stay: from 90 years on it is 90, since so old are few.
fn age(value: &Value) -> Option<String> {
    let text = first_text(value);
    let (count, unit) = text.split_at_checked(3)?;
    let count: u16 = count.bytes().all(|byte| byte.is_ascii_digit()).then(|| count.parse().ok()).flatten()?;
    let years = match unit {
        "Y" => count,
        "M" => count / 12,
        "W" => count / 52,
        "D" => 0,
        _ => return None,
    };
    Some(if years >= 90 { "090Y".to_owned() } else { text })
}

fn is_empty(value: &Value) -> bool {
    match value {
        DicomValue::Primitive(PrimitiveValue::Empty) => true,
        DicomValue::Primitive(PrimitiveValue::Str(_) | PrimitiveValue::Strs(_)) => {
            texts(value).iter().all(String::is_empty)
        }
        DicomValue::Primitive(_) => false,
        DicomValue::Sequence(sequence) => sequence.items().is_empty(),
        DicomValue::PixelSequence(_) => false,
    }
}

fn empty(vr: VR) -> Value {
    match vr {
        VR::SQ => DicomValue::Sequence(DataSetSequence::empty()),
        _ => DicomValue::Primitive(PrimitiveValue::Empty),
    }
}

/// The values of an attribute as text, without padding.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let Some(primitive) = value.primitive() else { return Vec::new() };
    primitive.to_multi_str().iter().map(|text| text.trim_matches(['\0', ' ']).to_owned()).collect()
}

fn first_text(value: &Value) -> String {
    texts(value).into_iter().next().unwrap_or_default()
}

fn text(text: String) -> Value {
    DicomValue::Primitive(PrimitiveValue::from(text))
}

fn many(texts: Vec<String>) -> Value {
    DicomValue::Primitive(PrimitiveValue::Strs(texts.into()))
}
