//! Attacks on what is released, each tried: who has the files, and knows how they are made, learns from them what
//! `docs/THREATS.md` says and nothing else.

use crate::fixture::{RECIPE, Ward, hashes, mrn, patients, rows, texts, visits};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use mudeung_deid::{Built, CurateError};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

fn ids(built: &Built, table: &str) -> BTreeSet<String> {
    texts(&rows(built, table), "patient_id").into_iter().collect()
}

/// 128 bits as 26 characters of Crockford's base 32, as anybody may write them.
fn base32(hash: &[u8]) -> String {
    let value = hash.iter().take(16).fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
    let digit = |position: u32| usize::try_from((value >> (5 * position)) & 31).unwrap();
    (0..26).rev().map(|position| char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[digit(position)])).collect()
}

/// The pseudonym of a record number under a master key, made by what is published of how pseudonyms are made.
fn pseudonym(key: &[u8], number: &str) -> String {
    let mut salt = Vec::new();
    for part in ["ward-1", "one"] {
        salt.extend(u64::try_from(part.len()).unwrap().to_be_bytes());
        salt.extend(part.as_bytes());
    }
    let mut project = [0_u8; 32];
    Hkdf::<Sha256>::new(Some(&salt), key).expand(b"mudeung/v1/pseudonym", &mut project).unwrap();
    keyed(&project, &format!("v1|person|{number}"))
}

fn keyed(key: &[u8], text: &str) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    base32(&mac.finalize().into_bytes())
}

#[test]
fn a_dictionary_of_all_record_numbers_opens_no_pseudonym_without_the_key() {
    let ward = Ward::new();
    let released = ids(&ward.build().unwrap(), "patient");
    let numbers: Vec<String> = (0..1_000).map(mrn).collect();
    let hits = |guess: &dyn Fn(&str) -> String| numbers.iter().filter(|n| released.contains(&guess(n))).count();
    assert_eq!(hits(&|number| pseudonym(&[7; 32], number)), 200, "who has the key opens all: the attack is a real one");
    // Hashes without a key, as they are and with what else is known of the release.
    for text in ["", "v1|person|", "person", "ward-1", "one", "ward-1one", "patient", "mudeung/v1/pseudonym"] {
        assert_eq!(hits(&|number| base32(&Sha256::digest(format!("{text}{number}")))), 0, "{text}");
        assert_eq!(hits(&|number| keyed(text.as_bytes(), number)), 0, "{text}");
        assert_eq!(hits(&|number| keyed(text.as_bytes(), &format!("v1|person|{number}"))), 0, "{text}");
        assert_eq!(hits(&|number| pseudonym(text.as_bytes(), number)), 0, "{text}");
    }
    // Keys that somebody may have typed.
    let typed = (0..=255_u8).filter(|byte| *byte != 7).map(|byte| vec![byte; 32]);
    let words = ["password", "hospital", "0123456789abcdef0123456789abcdef"].map(|word| Sha256::digest(word).to_vec());
    for key in typed.chain(words) {
        assert_eq!(hits(&|number| pseudonym(&key, number)), 0);
    }
}

#[test]
fn pseudonyms_of_one_value_in_two_domains_are_nothing_to_each_other() {
    let ward = Ward::new();
    // The number of a visit is that of its patient: a hospital where they are given alike.
    ward.define(
        "recipe.toml",
        &RECIPE.replace("note = { do = \"keep\" }", "note = { do = \"pseudonym\", domain = \"visit\" }"),
    );
    let numbered = |row: &str| format!("{}\n", row.replace(",fine", &format!(",{}", row.split(',').next().unwrap())));
    ward.input("visit.csv", visits(0..200).lines().map(numbered).collect::<String>());
    let visits = rows(&ward.build().unwrap(), "visit");
    let (persons, notes) = (texts(&visits, "patient_id"), texts(&visits, "note"));
    let (persons, notes): (BTreeSet<String>, BTreeSet<String>) =
        (persons.into_iter().collect(), notes.into_iter().collect());
    assert!(persons.len() == 200 && notes.len() == 200 && persons.is_disjoint(&notes));
    // Nor are they in one order, so that neither sorting them nor their places tell which belongs to which.
    let pairs: BTreeMap<String, String> =
        texts(&visits, "patient_id").into_iter().zip(texts(&visits, "note")).collect();
    assert!(!pairs.values().is_sorted());
}

/// The ward, changed in a way that changes nothing of what is released.
fn changed(patient: impl Fn(String) -> String, visit: impl Fn(String) -> String) -> Built {
    let ward = Ward::new();
    ward.input("patient.csv", patient(patients(0..200)));
    ward.input("visit.csv", visit(visits(0..200)));
    ward.build().unwrap()
}

#[test]
fn bytes_of_files_depend_on_what_is_released_and_on_nothing_else() {
    let same = |text: String| text;
    let straight = changed(same, same);
    // Order of rows, of dictionaries, of row groups; what is dropped; digits that are rounded away; persons who are left
    // out, whatever was recorded of them. Equal bytes are equal sizes, statistics and dictionaries.
    let reversed = |text: String| {
        let (header, lines) = text.split_once('\n').unwrap();
        let lines: Vec<&str> = lines.lines().rev().collect();
        format!("{header}\n{}\n", lines.join("\n"))
    };
    let others = [
        ("the order of rows", changed(reversed, reversed)),
        ("names, which are dropped", changed(|text| text.replace("Person 1", "Somebody else 1"), same)),
        ("days of birth in a year", changed(|text| text.replace("/03/", "/07/"), same)),
        ("ages in a class", changed(|text| text.replacen(",20,", ",21,", 1).replacen(",22,", ",23,", 1), same)),
        ("digits that are rounded away", changed(same, |text| text.replace("0.5,fine", "0.25,fine"))),
        ("one who is left out", changed(|text| text + "MRN-900001,Old One,01/03/1930,90,male\n", same)),
        (
            "what was recorded of one who is left out",
            changed(
                |text| text + "MRN-900001,Old One,01/03/1930,90,male\n",
                |text| text + "MRN-900001,2021-05-05,2021-05-05T01:00:00Z,199.5,of nobody\nMRN-900001,2021-05-05,,,\n",
            ),
        ),
        ("rows of nobody", changed(same, |text| text + "MRN-800001,2021-05-05,,250.5,of nobody\n")),
    ];
    for (what, other) in &others {
        assert_eq!(hashes(other), hashes(&straight), "{what}");
    }
    let told = changed(same, |text| text.replacen(",fine", ",well", 1));
    assert_ne!(hashes(&told), hashes(&straight), "what is released is in the bytes");
    // The missing values of a column that is dropped are not told by anything either.
    let missing = |text: String| text.replace("male\n", "\n").replace("fe\n", "\n");
    let ward = Ward::new();
    ward.define("recipe.toml", &RECIPE.replace("\nsex = {", "\n# sex = {"));
    ward.define("generator.toml", &crate::fixture::GENERATOR.replace("\nsex = {", "\n_sex = {"));
    let one = ward.build().unwrap();
    ward.input("patient.csv", missing(patients(0..200)));
    let other = ward.build().unwrap();
    let bytes = |built: &Built| fs::read(built.folder.join("patient/part-00000.parquet")).unwrap();
    assert_eq!(bytes(&one), bytes(&other), "the pattern of what is missing in a dropped column");
}

#[test]
fn footers_say_nothing_but_the_columns_and_what_is_in_them() {
    let ward = Ward::new();
    let built = ward.build().unwrap();
    for table in &built.manifest.tables {
        let file = fs::File::open(built.folder.join(&table.name).join("part-00000.parquet")).unwrap();
        let metadata = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().metadata().clone();
        let about = metadata.file_metadata();
        let keys = about.key_value_metadata().into_iter().flatten().map(|pair| pair.key.clone());
        assert!(keys.clone().all(|key| key == "ARROW:schema"), "{:?}", keys.collect::<Vec<_>>());
        let names: Vec<&str> = about.schema_descr().columns().iter().map(|column| column.name()).collect();
        let released: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, released);
        // The ends of a column are values that are released, and not ends of what was recorded.
        let values: BTreeMap<&str, BTreeSet<String>> = released
            .iter()
            .map(|name| (*name, texts(&rows(&built, &table.name), name).into_iter().collect()))
            .collect();
        for chunk in metadata.row_groups().iter().flat_map(|group| group.columns()) {
            let name = chunk.column_descr().name();
            let Some(parquet::file::statistics::Statistics::ByteArray(ends)) = chunk.statistics() else { continue };
            for end in ends.min_opt().into_iter().chain(ends.max_opt()) {
                let end = std::str::from_utf8(end.data()).unwrap();
                assert!(values[name].contains(end), "{name}: {end}");
            }
        }
    }
}

#[test]
fn between_two_versions_under_other_keys_one_who_came_is_one_of_a_class() {
    let ward = Ward::new();
    ward.input("patient.csv", patients(0..201));
    ward.input("visit.csv", visits(0..201));
    let after = ward.build().unwrap();
    // The version before did not have patient 200, a man of 40, and is another release.
    ward.define("recipe.toml", &RECIPE.replace("ward-1", "ward-0"));
    let before = ward.build_without(mrn(200)).unwrap();
    assert!(ids(&before, "patient").is_disjoint(&ids(&after, "patient")), "no identifier says who was there before");
    let counts = |built: &Built| {
        let patients = rows(built, "patient");
        let mut counts = BTreeMap::<(String, String), u32>::new();
        texts(&patients, "age").into_iter().zip(texts(&patients, "sex")).for_each(|class| {
            *counts.entry(class).or_default() += 1;
        });
        counts
    };
    let (fewer, more) = (counts(&before), counts(&after));
    let grown: Vec<_> = more.iter().filter(|(class, count)| fewer.get(*class) != Some(*count)).collect();
    // Counting tells the class that is known of the patient anyway, and in neither version is it smaller than k.
    let class = ("[40,60)".to_owned(), "male".to_owned());
    assert_eq!(grown, [(&class, &(fewer[&class] + 1))]);
    assert!(fewer.values().chain(more.values()).all(|count| *count >= 5));
}

/// A ward of so many patients.
fn of(numbers: std::ops::Range<u32>) -> Ward {
    let ward = Ward::new();
    ward.input("patient.csv", patients(numbers.clone()));
    ward.input("visit.csv", visits(numbers));
    ward
}

#[test]
fn between_two_versions_under_the_same_keys_those_who_came_or_left_are_no_fewer_than_a_class() {
    let ward = of(0..200);
    let first = ward.build().unwrap();
    assert_eq!(first.report.unwrap().changes, None);
    let again = ward.build().unwrap().report.unwrap().changes.unwrap();
    assert_eq!((again.since, again.came, again.left, again.required), (1, 0, 0, 5));
    // Comparing identifiers would give away the one who withdrew, in the version that is out.
    let gone = |error: CurateError| {
        let CurateError::Gate(report) = error else { panic!("{error}") };
        let [refusal] = &report.refusals[..] else { panic!("{:?}", report.refusals) };
        assert_eq!(refusal.place, "release.name, version 2");
        assert!(refusal.reason.ko.contains("빠졌습니다") && refusal.mend.en.contains("another name"), "{refusal}");
        report.changes.unwrap()
    };
    let left = gone(ward.build_without(mrn(150)).unwrap_err());
    assert_eq!((left.came, left.left), (0, 1));
    ward.input("patient.csv", patients(0..204));
    ward.input("visit.csv", visits(0..204));
    let came = gone(ward.build().unwrap_err());
    assert_eq!((came.came, came.left), (4, 0));
    // As many as a class may come and go.
    ward.input("patient.csv", patients(0..205));
    ward.input("visit.csv", visits(0..205));
    let list: String = (10..15).map(|number| mrn(number) + "\n").collect();
    let changed = ward.build_without(list).unwrap();
    let changes = changed.report.as_ref().unwrap().changes.unwrap();
    assert_eq!((changes.since, changes.came, changes.left), (2, 5, 5));
    let page = changed.report.unwrap().to_html().unwrap();
    assert!(page.contains("Came / left since version 2") && page.contains("버전 2 이후 들어온 환자 / 빠진 환자"));
    // Under another name there is nothing to compare.
    ward.define("recipe.toml", &RECIPE.replace("ward-1", "ward-2"));
    let other = ward.build_without(mrn(150)).unwrap();
    assert_eq!(other.report.as_ref().unwrap().changes, None);
    assert!(ids(&other, "patient").is_disjoint(&ids(&changed_again(&ward), "patient")));
}

/// The version of the ward before its release had another name.
fn changed_again(ward: &Ward) -> Built {
    ward.define("recipe.toml", RECIPE);
    let list: String = (10..15).map(|number| mrn(number) + "\n").collect();
    ward.build_without(list).unwrap()
}

#[test]
fn the_shift_of_one_patient_tells_nothing_of_the_shift_of_another() {
    let ward = Ward::new();
    // Everybody was seen on one day, so that what is released are the shifts themselves.
    let lines: String = (0..200).map(|number| format!("{},2021-03-01,,120,fine\n", mrn(number))).collect();
    ward.input("visit.csv", format!("mrn,day,at,pressure,note\n{lines}"));
    let built = ward.build().unwrap();
    let visits = rows(&built, "visit");
    let days: BTreeMap<String, String> = texts(&visits, "patient_id").into_iter().zip(texts(&visits, "day")).collect();
    let mut counts = BTreeMap::<&String, u32>::new();
    days.values().for_each(|day| *counts.entry(day).or_default() += 1);
    // 52 shifts for 200 patients: most occur, and none is so frequent that guessing it pays.
    assert!(counts.len() > 40 && counts.values().all(|count| *count < 20), "{counts:?}");
    assert!(!days.values().is_sorted(), "the order of pseudonyms is not that of the shifts");
}
