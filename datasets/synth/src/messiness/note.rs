//! Notes of visits in Korean, in OMOP's table of notes: what was measured, and sentences in which identifiers stand.

use super::fault::Fault;
use super::identifier::Identifier;
use super::row::Row;
use super::spec::Notes;
use crate::draw::unit;
use crate::program::table::{Cell, Columns};
use crate::program::{concept, omop};
use rand_chacha::ChaCha8Rng;

pub(crate) const NAME: &str = "note";

pub(crate) const COLUMNS: Columns = omop::NOTE;

/// What every note begins with.
pub(crate) const MARK: &str = "[모의 기록]";

/// Names of what is measured by source code; the rest is not written of.
const MEASURED: [(&str, &str); 11] = [
    ("8480-6", "수축기혈압"),
    ("8462-4", "이완기혈압"),
    ("4548-4", "당화혈색소"),
    ("1558-6", "공복혈당"),
    ("2160-0", "크레아티닌"),
    ("98979-8", "사구체여과율"),
    ("9318-7", "요알부민/크레아티닌비"),
    ("2093-3", "총콜레스테롤"),
    ("29463-7", "체중"),
    ("2857-1", "전립선특이항원"),
    ("2039-6", "암배아항원"),
];

/// A visit as its row has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub(crate) id: i64,
    pub(crate) day: i32,
    pub(crate) is_inpatient: bool,
}

/// A measured value: its source code, the value and the unit.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) visit: i64,
    pub(crate) code: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
}

/// The notes of a person, and every identifier in them.
pub(crate) fn write(
    figures: &Notes,
    person: i64,
    visits: &[Visit],
    values: &[Value],
    rng: &mut ChaCha8Rng,
) -> (Vec<Row>, Vec<Fault>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for visit in visits {
        // Drawn for every visit, so that one share does not move the others.
        let is_written = unit(rng) < figures.share;
        let mut text = Text::default();
        text.plain(MARK);
        let place = if visit.is_inpatient { "입원" } else { "외래" };
        text.plain(&format!(" {} {place} 방문.", crate::program::calendar::iso(visit.day)));
        found(&mut text, visit.id, values);
        let plan = [
            (figures.name, Identifier::Name, " 환자 ", " 님과 상담함."),
            (figures.resident_number, Identifier::ResidentNumber, " 주민등록번호 ", " 확인함."),
            (figures.phone, Identifier::Phone, " 보호자 연락처는 ", " 임."),
            (figures.email, Identifier::Email, " 결과는 ", " 으로 보내기로 함."),
        ];
        for (share, identifier, before, after) in plan {
            let (is_there, drawn) = (unit(rng) < share, identifier.draw(rng));
            if is_there {
                text.plain(before);
                text.plant(identifier, if figures.planted { &drawn } else { identifier.placeholder() });
                text.plain(after);
            }
        }
        text.plain(" 다음 예약 안내함.");
        if !is_written {
            continue;
        }
        if figures.planted {
            faults.extend(text.planted.iter().map(|planted| planted.fault(person, visit.id)));
        }
        rows.push(row(person, visit, text.written));
    }
    (rows, faults)
}

/// Up to three values of the visit.
fn found(text: &mut Text, visit: i64, values: &[Value]) {
    let named = values.iter().filter(|value| value.visit == visit).filter_map(|value| {
        let (_, name) = MEASURED.iter().find(|(code, _)| *code == value.code)?;
        Some(format!("{name} {} {}", value.value, value.unit))
    });
    let named: Vec<String> = named.take(3).collect();
    if !named.is_empty() {
        text.plain(&format!(" {}.", named.join(", ")));
    }
}

fn row(person: i64, visit: &Visit, text: String) -> Row {
    vec![
        Cell::Integer(visit.id),
        Cell::Integer(person),
        Cell::Date(visit.day),
        Cell::Null,
        Cell::Integer(concept::EHR),
        Cell::Integer(concept::NONE),
        Cell::Text("모의 기록"),
        Cell::Written(text),
        Cell::Integer(concept::NONE),
        Cell::Integer(concept::NONE),
        Cell::Null,
        Cell::Integer(visit.id),
    ]
}

/// A text on its way, with where identifiers stand in it.
#[derive(Debug, Default)]
struct Text {
    written: String,
    /// Characters so far.
    characters: i32,
    planted: Vec<Planted>,
}

#[derive(Debug)]
struct Planted {
    identifier: Identifier,
    text: String,
    span: (i32, i32),
}

impl Text {
    fn plain(&mut self, text: &str) {
        self.written.push_str(text);
        self.characters += i32::try_from(text.chars().count()).unwrap_or(0);
    }

    fn plant(&mut self, identifier: Identifier, text: &str) {
        let from = self.characters;
        self.plain(text);
        self.planted.push(Planted { identifier, text: text.to_owned(), span: (from, self.characters) });
    }
}

impl Planted {
    fn fault(&self, person: i64, key: i64) -> Fault {
        Fault {
            person,
            key,
            column: Some("note_text".to_owned()),
            kind: self.identifier.kind(),
            clean: Some(self.identifier.placeholder().to_owned()),
            dirty: Some(self.text.clone()),
            span: Some(self.span),
        }
    }
}
