//! The layer over three programs: undoing the truth gives the clean tables, every kind of fault is there as often as
//! was asked for, what is planted is found where the truth says, and parts are parts of the whole.

mod undo;

use super::identifier::check_digit;
use crate::program::tests::{rows, schemas};
use crate::{Amount, Generator};
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int32Type, Int64Type};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const MESSY: &str = include_str!("../../../definitions/chronic_messy/generator.toml");
const MESSY_SCHEMA: &str = include_str!("../../../definitions/chronic_messy/schema.toml");
const BEGINS: &str = "\n# What goes wrong with the clean tables.";

/// The part of the bundled generator that is about messiness.
fn fragment() -> &'static str {
    &MESSY[MESSY.find(BEGINS).unwrap()..]
}

/// The tables of notes and truth, as the bundled definition has them.
fn own_tables() -> String {
    let tables = MESSY_SCHEMA.split("[[tables]]\n").skip(1);
    let own = tables.filter(|table| super::makes(table.split('"').nth(1).unwrap()));
    own.map(|table| format!("[[tables]]\n{table}")).collect()
}

/// A program without messiness, with it, and with notes that hold placeholders.
struct Three {
    clean: Generator,
    messy: Generator,
    unplanted: Generator,
}

fn three(figures: &str, schema: &str) -> Three {
    let messy_schema = format!("{schema}\n{}", own_tables());
    let messy = format!("{figures}\n{}", fragment());
    let unplanted = messy.replace("planted = true", "planted = false");
    let parse = |figures: &str, schema: &str| Generator::parse(figures, &schemas(schema)).unwrap();
    Three {
        clean: parse(figures, schema),
        messy: parse(&messy, &messy_schema),
        unplanted: parse(&unplanted, &messy_schema),
    }
}

/// Bound once, since the levels of most of them are solved.
fn programs() -> &'static [(&'static str, Three); 3] {
    static PROGRAMS: LazyLock<[(&str, Three); 3]> = LazyLock::new(|| {
        [
            ("hypertension", three(crate::hypertension::tests::FIGURES, crate::hypertension::tests::SCHEMA)),
            ("chronic", three(crate::chronic::tests::FIGURES, crate::chronic::tests::SCHEMA)),
            ("cancer5", three(crate::cancer::tests::FIGURES, crate::cancer::tests::SCHEMA)),
        ]
    });
    &PROGRAMS
}

fn texts<'b>(batch: &'b RecordBatch, column: &str) -> Vec<Option<&'b str>> {
    batch.column_by_name(column).unwrap().as_string::<i32>().iter().collect()
}

fn wholes(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().iter().collect()
}

fn spans(batch: &RecordBatch) -> Vec<Option<(usize, usize)>> {
    let of = |column: &str| batch.column_by_name(column).unwrap().as_primitive::<Int32Type>().clone();
    let (starts, ends) = (of("span_start"), of("span_end"));
    let both = starts.iter().zip(ends.iter());
    both.map(|(start, end)| Some((usize::try_from(start?).unwrap(), usize::try_from(end?).unwrap()))).collect()
}

#[test]
fn undoing_the_truth_gives_the_clean_tables_to_the_last_bit() {
    for (name, three) in programs() {
        for (seed, first) in [(1, 0), (20_260_107, 7_000)] {
            let part = Amount::Range { first, persons: 300 };
            let truth = rows(&three.messy, "messiness_truth", part, seed);
            assert!(truth.num_rows() > 100, "{name}: {}", truth.num_rows());
            let mut changed = 0;
            for (table, _) in three.messy.tables().filter(|(table, _)| *table != "messiness_truth") {
                let dirty = rows(&three.messy, table, part, seed);
                let from = if table == "note" { &three.unplanted } else { &three.clean };
                let clean = rows(from, table, part, seed);
                changed += usize::from(dirty != clean);
                assert_eq!(undo::undone(table, &dirty, &truth), clean, "{name}.{table}");
            }
            assert!(changed >= 4, "{name}: {changed} tables are messy");
        }
    }
}

#[test]
fn parts_of_a_mess_that_are_made_alone_are_the_whole() {
    let [_, (_, three), _] = programs();
    for (table, _) in three.messy.tables() {
        let whole = rows(&three.messy, table, Amount::Persons(300), 5);
        let parts = [(0, 1), (1, 199), (200, 100)];
        let parts = parts.map(|(first, persons)| rows(&three.messy, table, Amount::Range { first, persons }, 5));
        assert_eq!(whole, concat_batches(&whole.schema(), &parts).unwrap(), "{table}");
        let some = whole.num_rows().min(20);
        let asked = Amount::Rows(u64::try_from(some).unwrap());
        assert_eq!(rows(&three.messy, table, asked, 5), whole.slice(0, some), "{table}");
    }
}

/// How often each kind is there in a table, of its rows.
#[test]
fn every_kind_of_fault_is_there_as_often_as_was_asked_for() {
    let [(_, hypertension), (_, chronic), _] = programs();
    for (name, three) in [("hypertension", hypertension), ("chronic", chronic)] {
        let persons = Amount::Persons(2_000);
        let truth = rows(&three.messy, "messiness_truth", persons, 8);
        let mut found: BTreeMap<(String, &str), u32> = BTreeMap::new();
        let kinds = texts(&truth, "kind").into_iter().zip(texts(&truth, "table_name"));
        for ((kind, table), column) in kinds.zip(texts(&truth, "column_name")) {
            *found.entry((format!("{} {}", table.unwrap(), column.unwrap_or("-")), kind.unwrap())).or_default() += 1;
        }
        let of = |table: &str, kind: &str| *found.get(&(table.to_owned(), kind)).unwrap_or(&0);
        let measured = f64::from(u32::try_from(rows(&three.clean, "measurement", persons, 8).num_rows()).unwrap());
        let near = |count: u32, expected: f64| (f64::from(count) - expected).abs() < 5.0 * expected.sqrt() + 1.0;
        for (column, kind, share) in [
            ("measurement -", "duplicate_exact", 0.004),
            ("measurement -", "duplicate_near", 0.004),
            ("measurement -", "correction", 0.004),
            ("measurement value_as_number", "corrected_later", 0.004),
        ] {
            let count = of(column, kind);
            assert!(near(count, share * measured), "{name}: {column} {kind} {count} of {measured}");
        }
        // A value that is corrected or in another unit cannot be missing, too.
        let missing = of("measurement value_as_number", "missing");
        assert!(near(missing, 0.01 * 0.99 * measured), "{name}: {missing} of {measured}");
        let (number, label) = (
            of("measurement value_as_number", "unit_wrong_number"),
            of("measurement unit_source_value", "unit_wrong_label"),
        );
        assert!(number > label && label > 50, "{name}: {number} {label}");
        assert_eq!(label, of("measurement unit_concept_id", "unit_wrong_label"), "{name}");
        for kind in ["identifier_name", "identifier_resident_number", "identifier_phone", "identifier_email"] {
            assert!(of("note note_text", kind) > 80, "{name}: {kind}");
        }
        assert!(of("death cause_source_value", "missing") > 0, "{name}");
        assert_eq!(truth.column_by_name("simulated").unwrap().as_boolean().true_count(), truth.num_rows());
        let ids: BTreeSet<_> = wholes(&truth, "fault_id").into_iter().collect();
        assert_eq!(ids.len(), truth.num_rows());
    }
}

#[test]
fn a_missing_value_depends_on_what_it_was_said_to_depend_on() {
    let [_, (_, three), _] = programs();
    let persons = Amount::Persons(3_000);
    let (clean, dirty) = (rows(&three.clean, "measurement", persons, 8), rows(&three.messy, "measurement", persons, 8));
    let mut without = BTreeMap::new();
    for (id, unit) in wholes(&dirty, "measurement_id").into_iter().zip(texts(&dirty, "unit_source_value")) {
        without.entry(id).or_insert(unit.is_none());
    }
    let (mut creatinine, mut others) = ((0, 0), (0, 0));
    for (id, code) in wholes(&clean, "measurement_id").into_iter().zip(texts(&clean, "measurement_source_value")) {
        let count = if code == Some("2160-0") { &mut creatinine } else { &mut others };
        *count = (count.0 + usize::from(without[&id]), count.1 + 1);
    }
    assert!(creatinine.0 * 100 > creatinine.1 * 8 && creatinine.0 * 100 < creatinine.1 * 12, "{creatinine:?}");
    assert!(others.0 * 1_000 > others.1 * 7 && others.0 * 1_000 < others.1 * 13, "{others:?}");
}

/// Where a scanner finds something like an identifier, the truth has it, and the other way round.
#[test]
fn every_planted_identifier_is_in_the_truth_with_its_span_and_is_nobodys() {
    let [(_, three), _, _] = programs();
    let persons = Amount::Persons(600);
    let (notes, truth) = (rows(&three.messy, "note", persons, 3), rows(&three.messy, "messiness_truth", persons, 3));
    let text: BTreeMap<i64, &str> = wholes(&notes, "note_id")
        .into_iter()
        .map(Option::unwrap)
        .zip(texts(&notes, "note_text").into_iter().map(Option::unwrap))
        .collect();
    assert!(text.values().all(|text| text.starts_with("[모의 기록]")));
    let (mut planted, mut known) = (BTreeMap::new(), 0);
    let told = texts(&truth, "kind").into_iter().zip(texts(&truth, "dirty_value")).zip(spans(&truth));
    for (((kind, value), span), key) in told.zip(wholes(&truth, "row_key")) {
        let Some((start, end)) = span else { continue };
        let value = value.unwrap();
        let here: String = text[&key.unwrap()].chars().skip(start).take(end - start).collect();
        assert_eq!(here, value);
        *planted.entry(kind.unwrap()).or_insert(0) += 1;
        match kind.unwrap() {
            "identifier_resident_number" => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(digits.chars().last().unwrap().to_digit(10).unwrap(), check_digit(&digits[..12]), "{value}");
                // The third and the fourth sex are those of who is born from 2000 on.
                assert!(digits[..2].parse::<u32>().unwrap() >= 80 && ["3", "4"].contains(&&digits[6..7]), "{value}");
            }
            "identifier_phone" => assert!(value.starts_with("010-0000-") && value.len() == 13, "{value}"),
            "identifier_email" => assert!(value.ends_with("@example.com"), "{value}"),
            _ => assert!(value.chars().count() >= 2 && !value.is_ascii(), "{value}"),
        }
        known += 1;
    }
    let count = |needle: &str| text.values().map(|text| text.matches(needle).count()).sum::<usize>();
    assert_eq!(count("010-0000-"), planted["identifier_phone"]);
    assert_eq!(count("@example.com"), planted["identifier_email"]);
    assert_eq!(count("주민등록번호"), planted["identifier_resident_number"]);
    assert!(known > 300, "{known}");
}

#[test]
fn the_check_digit_is_that_of_resident_registration_numbers() {
    // By hand: 2 * 8 + ... of 800101-300000 is 8*2+0*3+0*4+1*5+0*6+1*7+3*8 = 52; 52 mod 11 is 8; 11 less 8 is 3.
    assert_eq!(check_digit("800101300000"), 3);
    // A sum that is a multiple of eleven gives 11, of which 1 is taken; one more gives 10, of which 0 is taken.
    assert_eq!((check_digit("000000000000"), check_digit("600000000000")), (1, 0));
}

#[test]
fn without_the_group_nothing_is_messy_and_without_the_truth_nothing_is_made() {
    let figures = crate::chronic::tests::FIGURES;
    let schema = crate::chronic::tests::SCHEMA;
    let messy = format!("{figures}\n{}", fragment());
    let refusal = |figures: &str, schema: &str| Generator::parse(figures, &schemas(schema)).unwrap_err().to_string();
    assert!(refusal(&messy, schema).contains("messiness_truth"));
    let both = format!("{schema}\n{}", own_tables());
    assert!(refusal(figures, &both).contains("is not a table of this program"));
    let refused = |from: &str, to: &str| {
        assert!(messy.contains(from), "{from}");
        refusal(&messy.replacen(from, to, 1), &both)
    };
    assert!(refused("column = \"days_supply\"", "column = \"drug_exposure_id\"").contains("must not be null"));
    assert!(refused("column = \"days_supply\"", "column = \"nothing\"").contains("needs the column nothing"));
    assert!(refused("table = \"death\"", "table = \"deaths\"").contains("deaths"));
    assert!(refused("days = [1, 30]", "days = [30, 1]").contains("corrected after a day"));
    assert!(refused("exact = 0.004", "exact = 1.004").contains("from zero to one"));
    assert!(refused("duplicates.drug_exposure", "duplicates.death").contains("one row for each person"));
    assert!(refused("source = \"a result that was mistyped", "source = \"\" # \"").contains("no source"));
    let unnoted = messy.replace("[messiness.notes]", "[messiness.remarks]");
    assert!(refusal(&unnoted, &both).contains("remarks"));
}

/// The bundled dataset is the program `chronic` with its own figures, and the mess.
#[test]
fn the_bundled_mess_is_that_of_chronic() {
    let after_head = |text: &'static str| &text[text.find("simulated = true").unwrap()..];
    let before_mess = &MESSY[..MESSY.find(BEGINS).unwrap()];
    assert_eq!(after_head(before_mess).trim_end(), after_head(crate::chronic::tests::FIGURES).trim_end());
    let tables = MESSY_SCHEMA.replace(&own_tables(), "");
    assert_eq!(schemas(&tables), schemas(crate::chronic::tests::SCHEMA));
    let generator = Generator::parse(MESSY, &schemas(MESSY_SCHEMA)).unwrap();
    for (table, _) in generator.tables() {
        assert!(rows(&generator, table, Amount::Persons(100), 20_260_107).num_rows() > 0, "{table}");
    }
    assert!(generator.bundles(0..1, 1).is_none());
}
