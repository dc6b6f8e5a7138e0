//! Rows of the OMOP tables of events, as far as every program with visits writes them alike.

use super::concept;
use super::table::{Cell, Sink};

/// The time in which a person was observed.
pub(crate) struct Period {
    pub(crate) id: i64,
    pub(crate) person: i64,
    pub(crate) first: i32,
    pub(crate) last: i32,
}

pub(crate) struct Visit<'a> {
    pub(crate) id: i64,
    pub(crate) person: i64,
    pub(crate) concept: i64,
    pub(crate) first: i32,
    pub(crate) last: i32,
    pub(crate) source: &'a str,
}

pub(crate) struct Condition<'a> {
    pub(crate) id: i64,
    pub(crate) person: i64,
    pub(crate) concept: i64,
    pub(crate) day: i32,
    pub(crate) visit: Option<i64>,
    /// The ICD-10 code.
    pub(crate) code: &'a str,
}

pub(crate) struct Exposure<'a> {
    pub(crate) id: i64,
    pub(crate) person: i64,
    pub(crate) concept: i64,
    pub(crate) first: i32,
    /// Included.
    pub(crate) last: i32,
    pub(crate) visit: Option<i64>,
    /// The ATC code.
    pub(crate) code: &'a str,
}

pub(crate) struct Measured<'a> {
    pub(crate) id: i64,
    pub(crate) person: i64,
    pub(crate) concept: i64,
    pub(crate) day: i32,
    pub(crate) value: f64,
    /// The concept and the text of the unit.
    pub(crate) unit: (i64, &'a str),
    pub(crate) visit: i64,
    /// The LOINC code.
    pub(crate) code: &'a str,
}

/// An answer to a question.
pub(crate) struct Answer<'a> {
    pub(crate) id: i64,
    pub(crate) person: i64,
    pub(crate) concept: i64,
    pub(crate) day: i32,
    /// The concept and the text of the answer.
    pub(crate) answer: (i64, &'a str),
    pub(crate) visit: i64,
    /// What was asked.
    pub(crate) code: &'a str,
}

pub(crate) struct Procedure<'a> {
    pub(crate) id: i64,
    pub(crate) person: i64,
    pub(crate) concept: i64,
    pub(crate) day: i32,
    pub(crate) visit: Option<i64>,
    pub(crate) code: &'a str,
}

pub(crate) struct Death<'a> {
    pub(crate) person: i64,
    pub(crate) day: i32,
    pub(crate) cause: i64,
    pub(crate) source: &'a str,
}

fn optional(id: Option<i64>) -> Cell<'static> {
    id.map_or(Cell::Null, Cell::Integer)
}

impl Period {
    pub(crate) fn write(&self, sink: &mut Sink) {
        sink.row(&[
            Cell::Integer(self.id),
            Cell::Integer(self.person),
            Cell::Date(self.first),
            Cell::Date(self.last),
            Cell::Integer(concept::EHR),
        ]);
    }
}

impl Visit<'_> {
    pub(crate) fn write(&self, sink: &mut Sink) {
        sink.row(&[
            Cell::Integer(self.id),
            Cell::Integer(self.person),
            Cell::Integer(self.concept),
            Cell::Date(self.first),
            Cell::Null,
            Cell::Date(self.last),
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Text(self.source),
        ]);
    }
}

impl Condition<'_> {
    pub(crate) fn write(&self, sink: &mut Sink) {
        sink.row(&[
            Cell::Integer(self.id),
            Cell::Integer(self.person),
            Cell::Integer(self.concept),
            Cell::Date(self.day),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            optional(self.visit),
            Cell::Null,
            Cell::Text(self.code),
        ]);
    }
}

impl Exposure<'_> {
    pub(crate) fn write(&self, sink: &mut Sink) {
        let days = self.last - self.first + 1;
        sink.row(&[
            Cell::Integer(self.id),
            Cell::Integer(self.person),
            Cell::Integer(self.concept),
            Cell::Date(self.first),
            Cell::Null,
            Cell::Date(self.last),
            Cell::Null,
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Number(days.into()),
            Cell::Integer(days.into()),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            optional(self.visit),
            Cell::Null,
            Cell::Text(self.code),
        ]);
    }
}

impl Measured<'_> {
    pub(crate) fn write(&self, sink: &mut Sink) {
        sink.row(&[
            Cell::Integer(self.id),
            Cell::Integer(self.person),
            Cell::Integer(self.concept),
            Cell::Date(self.day),
            Cell::Null,
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Number(self.value),
            Cell::Null,
            Cell::Integer(self.unit.0),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Integer(self.visit),
            Cell::Null,
            Cell::Text(self.code),
            Cell::Null,
            Cell::Text(self.unit.1),
        ]);
    }
}

impl Answer<'_> {
    pub(crate) fn write(&self, sink: &mut Sink) {
        sink.row(&[
            Cell::Integer(self.id),
            Cell::Integer(self.person),
            Cell::Integer(self.concept),
            Cell::Date(self.day),
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Text(self.answer.1),
            Cell::Integer(self.answer.0),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Integer(self.visit),
            Cell::Null,
            Cell::Text(self.code),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Text(self.answer.1),
        ]);
    }
}

impl Procedure<'_> {
    pub(crate) fn write(&self, sink: &mut Sink) {
        sink.row(&[
            Cell::Integer(self.id),
            Cell::Integer(self.person),
            Cell::Integer(self.concept),
            Cell::Date(self.day),
            Cell::Null,
            Cell::Date(self.day),
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            optional(self.visit),
            Cell::Null,
            Cell::Text(self.code),
        ]);
    }
}

impl Death<'_> {
    pub(crate) fn write(&self, sink: &mut Sink) {
        sink.row(&[
            Cell::Integer(self.person),
            Cell::Date(self.day),
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Integer(self.cause),
            Cell::Text(self.source),
        ]);
    }
}
