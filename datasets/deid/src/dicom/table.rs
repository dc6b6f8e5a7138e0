//! Table E.1-1 of DICOM PS3.15 as it is compiled in: what the standard asks to be done to each attribute.

use dicom_core::Tag;
use std::collections::{BTreeMap, BTreeSet};

/// PS3.15 table E.1-1, edition 2026c, as in PyPI dicom-anonymizer 2.1.0; see `data/README.md`.
const TABLE: &str = include_str!("../../data/dicom_ps3_15_E1-1.csv");

/// Columns before the options: tag, name, basic profile.
const BEFORE_OPTIONS: usize = 3;

/// What the basic profile does to an attribute. A file does not say of which type (1, 2 or 3) an attribute is, since
/// that depends on where it stands; what the table leaves to the type is therefore resolved to what is legal in every
/// type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basic {
    /// `X`: the attribute goes.
    Remove,
    /// `Z`, and `X/Z`: an empty value, legal in types 2 and 3.
    Empty,
    /// `D`, and `Z/D`, `X/D`, `X/Z/D`: a made-up value that shows that it is one, legal in all types.
    Dummy,
    /// `U`: another identifier, the same one wherever the old one stood.
    Uid,
    /// `X/Z/U*`: a sequence of references; it stays, so that images stay joined, and its items are de-identified.
    Descend,
}

/// An option of the standard: a column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    SafePrivate,
    Uids,
    Device,
    Institution,
    Patient,
    FullDates,
    ModifiedDates,
    Descriptors,
    StructuredContent,
    Graphics,
}

/// The columns in the order of the file.
const COLUMNS: [(&str, Column); 10] = [
    ("rtnSafePrivOpt", Column::SafePrivate),
    ("rtnUIDsOpt", Column::Uids),
    ("rtnDevIdOpt", Column::Device),
    ("rtnInstIdOpt", Column::Institution),
    ("rtnPatCharsOpt", Column::Patient),
    ("rtnLongFullDatesOpt", Column::FullDates),
    ("rtnLongModifDatesOpt", Column::ModifiedDates),
    ("cleanDescOpt", Column::Descriptors),
    ("cleanStructContOpt", Column::StructuredContent),
    ("cleanGraphOpt", Column::Graphics),
];

/// What the table says of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Under the basic profile.
    pub(super) basic: Basic,
    /// The options that keep it.
    pub(super) keep: BTreeSet<Column>,
    /// The options that clean it instead.
    pub(super) clean: BTreeSet<Column>,
}

/// The table.
#[derive(Debug)]
pub(super) struct Table(BTreeMap<Tag, Row>);

/// The four rows that stand for many attributes. All are `X`; [`super::scrub`] removes their groups whole.
const RANGES: [&str; 4] = ["(50XX,XXXX)", "(60XX,4000)", "(60XX,3000)", "(GGGG,EEEE) WHERE GGGG IS ODD"];

impl Table {
    /// Reads the table that is compiled in; the text names the row that cannot be understood.
    pub(super) fn read() -> Result<Self, String> {
        Self::parse(TABLE)
    }

    /// What is said of an attribute; nothing of those that the standard takes for harmless, and of unknown ones.
    pub(super) fn row(&self, tag: Tag) -> Option<&Row> {
        self.0.get(&tag)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?;
        if !header.iter().skip(BEFORE_OPTIONS).eq(COLUMNS.iter().map(|(name, _)| *name)) {
            return Err(format!("the options are not those that are known: {header:?}"));
        }
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            let (Some(place), Some(basic)) = (record.get(0), record.get(2)) else {
                return Err(format!("a row is short: {record:?}"));
            };
            if RANGES.contains(&place) && basic == "X" {
                continue;
            }
            let row = read_row(&record, basic).ok_or_else(|| format!("a row is not understood: {record:?}"))?;
            let tag = read_tag(place).ok_or_else(|| format!("a tag is not understood: {place}"))?;
            if rows.insert(tag, row).is_some() {
                return Err(format!("{place} stands in the table twice"));
            }
        }
        Ok(Self(rows))
    }
}

fn read_row(record: &csv::StringRecord, basic: &str) -> Option<Row> {
    let basic = match basic {
        "X" => Basic::Remove,
        "Z" | "X/Z" => Basic::Empty,
        "D" | "Z/D" | "X/D" | "X/Z/D" => Basic::Dummy,
        "U" => Basic::Uid,
        "X/Z/U*" => Basic::Descend,
        _ => return None,
    };
    let (mut keep, mut clean) = (BTreeSet::new(), BTreeSet::new());
    for (cell, (_, column)) in record.iter().skip(BEFORE_OPTIONS).zip(COLUMNS) {
        match cell {
            "" => {}
            "K" => drop(keep.insert(column)),
            "C" => drop(clean.insert(column)),
            _ => return None,
        }
    }
    Some(Row { basic, keep, clean })
}

/// A tag of the form `(0010,0020)`.
fn read_tag(text: &str) -> Option<Tag> {
    let (group, element) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    let number = |digits: &str| (digits.len() == 4).then(|| u16::from_str_radix(digits, 16).ok()).flatten();
    Some(Tag(number(group)?, number(element)?))
}
