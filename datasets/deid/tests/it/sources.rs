//! Text files as hospitals have them: in several encodings and dialects, which are found, or asked for in words that help.

use crate::fixture::{SCHEMA, Ward, hashes, patients, rows, texts, visits};
use csv::{QuoteStyle, ReaderBuilder, WriterBuilder};
use encoding_rs::EUC_KR;

const NOTE: &str = "혈압, 정상; 다음|주\n환자's";

/// Visits with Korean notes that hold every separator.
fn korean() -> String {
    visits(0..200).replace(",fine\n", &format!(",\"{NOTE}\"\n"))
}

/// A table in another dialect.
fn written(text: &str, separator: u8, quote: u8) -> String {
    let style = if quote == b'\'' { QuoteStyle::Always } else { QuoteStyle::Necessary };
    let mut writer = WriterBuilder::new().delimiter(separator).quote(quote).quote_style(style).from_writer(Vec::new());
    for row in ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).records() {
        writer.write_record(&row.unwrap()).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    let units = || text.encode_utf16();
    match encoding {
        "utf-8" => text.as_bytes().to_vec(),
        "utf-8 marked" => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        "utf-16le" => units().flat_map(u16::to_le_bytes).collect(),
        "utf-16le marked" => [0xfeff_u16].into_iter().chain(units()).flat_map(u16::to_le_bytes).collect(),
        "utf-16be marked" => [0xfeff_u16].into_iter().chain(units()).flat_map(u16::to_be_bytes).collect(),
        "cp949" => EUC_KR.encode(text).0.into_owned(),
        other => panic!("{other}"),
    }
}

fn refusal(ward: &Ward) -> String {
    let error = ward.build().unwrap_err();
    assert!(ward.store_is_empty() && error.is_input(), "{error}");
    error.to_string()
}

#[test]
fn every_encoding_and_dialect_is_found_and_makes_the_same_release() {
    let plain = Ward::new();
    plain.input("visit.csv", korean());
    let plain = plain.build().unwrap();
    assert!(texts(&rows(&plain, "visit"), "note").iter().all(|note| note == NOTE));
    for (encoding, separator, quote) in [
        ("utf-8", b';', b'"'),
        ("utf-8 marked", b',', b'"'),
        ("utf-8", b'|', b'\''),
        ("utf-16le marked", b'\t', b'"'),
        ("utf-16be marked", b';', b'\''),
        ("utf-16le", b',', b'"'),
        ("cp949", b',', b'"'),
        ("cp949", b';', b'\''),
        ("cp949", b'\t', b'"'),
    ] {
        let ward = Ward::new();
        ward.input("patient.csv", encoded(&written(&patients(0..200), separator, quote), encoding));
        ward.input("visit.csv", encoded(&written(&korean(), separator, quote), encoding));
        let built = ward.build().unwrap_or_else(|error| panic!("{encoding} {separator} {quote}: {error}"));
        assert_eq!(hashes(&built), hashes(&plain), "{encoding} {separator} {quote}");
        let told = built.report.unwrap().tables[1].read_as.clone().unwrap();
        assert!(told.en.starts_with(encoding.trim_end_matches(" marked")), "{}", told.en);
        assert!(told.en.ends_with(char::from(quote)) && told.ko.contains("구분자"), "{told:?}");
    }
}

#[test]
fn what_the_schema_says_of_a_file_is_not_looked_for() {
    let ward = Ward::new();
    let said = "file = \"visit.csv\"\nencoding = \"euc-kr\"\nseparator = \"|\"\nquote = \"\"";
    ward.define("schema.toml", &SCHEMA.replace("file = \"visit.csv\"", said));
    let open = visits(0..200).replace(',', "|").replace("|fine\n", "|5\" 정상\n").replacen("5\" ", "5 ", 1);
    ward.input("visit.csv", encoded(&open, "cp949"));
    let built = ward.build().unwrap();
    let notes = texts(&rows(&built, "visit"), "note");
    assert_eq!(notes.iter().filter(|note| *note == "5\" 정상").count(), 599);
    let report = built.report.unwrap();
    assert_eq!(report.tables[1].read_as.as_ref().unwrap().en, "cp949, separated by `|`, not quoted");
    assert!(report.to_text().contains("cp949, 구분자 `|`, 따옴표 없음"));
    assert!(report.to_html().unwrap().contains("cp949, separated by"));
}

#[test]
fn the_first_korean_letter_may_come_late() {
    let ward = Ward::new();
    let long = visits(0..200).replace(",fine\n", &format!(",{}\n", "fine ".repeat(60)));
    assert!(long.len() > 3 << 16);
    let last = long.rfind("fine ").unwrap();
    ward.input("visit.csv", encoded(&format!("{}정상\n", &long[..last]), "cp949"));
    let built = ward.build().unwrap();
    assert_eq!(texts(&rows(&built, "visit"), "note").iter().filter(|note| note.ends_with("정상")).count(), 1);
}

#[test]
fn bytes_of_another_encoding_are_refused_by_line_and_byte_with_a_mend_in_both_languages() {
    let ward = Ward::new();
    ward.define("schema.toml", &SCHEMA.replace("file = \"visit.csv\"", "file = \"visit.csv\"\nencoding = \"utf-8\""));
    let text = visits(0..200).replacen(",fine\n", ",정상\n", 1);
    ward.input("visit.csv", encoded(&text, "cp949"));
    let byte = text.find('정').unwrap() + 1;
    let told = refusal(&ward);
    assert!(
        told.starts_with(&format!("visit.csv:2: row 1, column `note`: byte {byte} of the file is not utf-8;")),
        "{told}"
    );
    assert!(told.contains("cp949, utf-16le") && told.contains("부호화를 적거나") && !told.contains('정'), "{told}");
}

#[test]
fn one_damaged_letter_is_named_and_does_not_turn_the_file_into_another_encoding() {
    let ward = Ward::new();
    let text = korean();
    let at = text.rfind('혈').unwrap();
    let mut bytes = text.into_bytes();
    bytes[at + 1] = b'?';
    ward.input("visit.csv", bytes);
    let told = refusal(&ward);
    assert!(told.contains(&format!("row 600, column `note`: byte {} of the file is not utf-8", at + 1)), "{told}");
}

#[test]
fn a_header_of_another_encoding_is_refused_as_such() {
    let ward = Ward::new();
    let schema = SCHEMA.replace("name = \"note\"", "name = \"note\", raw = \"소견\"");
    ward.define("schema.toml", &schema.replace("file = \"visit.csv\"", "file = \"visit.csv\"\nencoding = \"utf-8\""));
    let text = visits(0..200).replacen(",note\n", ",소견\n", 1);
    ward.input("visit.csv", encoded(&text, "cp949"));
    let told = refusal(&ward);
    assert!(told.contains("visit.csv:1") && told.contains("is not utf-8"), "{told}");
    ward.define("schema.toml", &schema);
    assert_eq!(ward.build().unwrap().manifest.tables[1].rows, 600);
}

#[test]
fn an_encoding_that_the_bytes_do_not_show_is_asked_for() {
    let ward = Ward::new();
    let text = visits(0..200).replacen(",fine\n", ",caf# fine\n", 1);
    let bytes: Vec<u8> = text.bytes().map(|byte| if byte == b'#' { 0xe9 } else { byte }).collect();
    ward.input("visit.csv", bytes);
    let told = refusal(&ward);
    let byte = text.find('#').unwrap() + 1;
    assert!(told.starts_with(&format!("visit.csv:2: byte {byte} of the file is neither utf-8 nor")), "{told}");
    assert!(told.contains("schema.toml의 encoding"), "{told}");
}

#[test]
fn a_row_without_an_end_is_refused_before_it_fills_the_memory() {
    let ward = Ward::new();
    let endless = format!(",\"{}\"\n", "x".repeat(17 << 20));
    ward.input("visit.csv", visits(0..200).replacen(",fine\n", &endless, 1));
    let told = refusal(&ward);
    assert!(told.starts_with("visit.csv:2: row 1 is longer than 16 MiB") && told.contains("따옴표"), "{told}");
}

#[test]
fn a_separator_that_could_be_part_of_a_value_is_refused_in_both_languages() {
    for separator in ["1", "가", "\\\"", "\\n"] {
        let ward = Ward::new();
        let said = format!("file = \"visit.csv\"\nseparator = \"{separator}\"");
        ward.define("schema.toml", &SCHEMA.replace("file = \"visit.csv\"", &said));
        let told = refusal(&ward);
        assert!(told.contains("schema.toml: visit: separator") && told.contains("구분자"), "{told}");
    }
    let ward = Ward::new();
    ward.define("schema.toml", &SCHEMA.replace("file = \"visit.csv\"", "file = \"visit.csv\"\nencoding = \"ebcdic\""));
    assert!(refusal(&ward).contains("schema.toml"));
}
