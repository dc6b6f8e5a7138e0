//! Rows that a published generator makes, from a folder and from a bucket.

use crate::fixture::{address, collect, folder, places};
use crate::place::Place;
use crate::store::{VersionWriter, version_path};
use crate::{Engine, EngineOptions};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::reader::StreamReader;
use futures_util::StreamExt;
use mudeung_core::filter::Filter;
use mudeung_core::reader::{DatasetReader, Format, ReadError, SynthesisRequest};
use mudeung_synth::{Amount, Generator};
use mudeung_wire::manifest::{Bilingual, MANIFEST_FORMAT, Manifest, ManifestColumn, ManifestTable};
use std::path::{Path, PathBuf};

const GENERATOR: &str = r#"
simulated = true
person = "people"
[tables.people.columns]
age = { source = "made up for this test", from = { kind = "uniform", low = 20, high = 79 } }
sex = { source = "made up for this test", from = { kind = "choice", values = [["F", 1], ["M", 1]] } }
"#;

fn manifest(text: &str, writer: &VersionWriter) -> Manifest {
    let column = |name: &str, kind: &str| ManifestColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
        nullable: false,
        description: Bilingual::default(),
        unit: None,
        deidentification: None,
    };
    Manifest {
        format: MANIFEST_FORMAT,
        dataset: address().dataset.to_string(),
        tier: address().tier.to_string(),
        version: address().version,
        title: Bilingual::default(),
        summary: Bilingual::default(),
        licence: String::new(),
        source: String::new(),
        created_at: String::new(),
        recipe_sha256: String::new(),
        input_sha256: String::new(),
        tables: vec![ManifestTable {
            name: address().table.to_string(),
            description: Bilingual::default(),
            rows: 0,
            person: None,
            suppressed_rows: 0,
            columns: vec![column("age", "int32"), column("sex", "text")],
            files: Vec::new(),
        }],
        risk: None,
        generator: Some(writer.generator(text).unwrap()),
        twins: Vec::new(),
        uses: None,
    }
}

/// A version with a generator and no rows; answers its folder.
fn publish(root: &Path, text: &str) -> PathBuf {
    let writer = VersionWriter::create(root, &address().dataset, address().tier, address().version).unwrap();
    std::fs::create_dir(writer.folder().join(address().table.as_str())).unwrap();
    let manifest = manifest(text, &writer);
    writer.finish(&manifest).unwrap()
}

fn request(rows: u64, columns: &[&str], filter: Option<&str>) -> SynthesisRequest {
    SynthesisRequest {
        table: address(),
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        filter: filter.map(|text| Filter::parse(text).unwrap()),
        rows,
        seed: 11,
        format: Format::Csv,
    }
}

async fn made(place: &Place, request: SynthesisRequest) -> Result<(Vec<u8>, u64), ReadError> {
    let engine = Engine::open(place.clone(), EngineOptions::default()).unwrap();
    collect(engine.synthesize(request).await?).await
}

/// What the generator itself makes, as lines of CSV.
fn expected(rows: u64, keep: impl Fn(i32, &str) -> bool) -> (String, u64) {
    let schema = Schema::new(vec![Field::new("age", DataType::Int32, false), Field::new("sex", DataType::Utf8, false)]);
    let generator = Generator::parse(GENERATOR, &[("people".to_owned(), schema.into())]).unwrap();
    let (mut text, mut count) = ("sex,age\n".to_owned(), 0);
    for batch in generator.generate("people", Amount::Rows(rows), 11).unwrap() {
        let batch = batch.unwrap();
        let ages: &arrow::array::Int32Array = batch.column(0).as_any().downcast_ref().unwrap();
        let sexes: &arrow::array::StringArray = batch.column(1).as_any().downcast_ref().unwrap();
        for (age, sex) in ages.iter().zip(sexes.iter()) {
            let (age, sex) = (age.unwrap(), sex.unwrap());
            if keep(age, sex) {
                text.push_str(&format!("{sex},{age}\n"));
                count += 1;
            }
        }
    }
    (text, count)
}

#[tokio::test]
async fn what_is_made_is_what_the_generator_makes_in_the_columns_and_rows_that_are_open() {
    let root = tempfile::tempdir().unwrap();
    publish(root.path(), GENERATOR);
    for place in places(root.path()) {
        for rows in [0, 1, 20_000] {
            let (text, count) = expected(rows, |_, _| true);
            let answer = made(&place, request(rows, &["sex", "age"], None)).await.unwrap();
            assert_eq!((String::from_utf8(answer.0).unwrap(), answer.1), (text, count), "{rows} rows");
        }
        let (text, count) = expected(20_000, |age, sex| age >= 60 && sex == "F");
        let asked = request(20_000, &["sex", "age"], Some("age >= 60 and sex = 'F'"));
        let answer = made(&place, asked).await.unwrap();
        assert_eq!((String::from_utf8(answer.0).unwrap(), answer.1), (text, count));
    }
}

#[tokio::test]
async fn rows_come_typed_as_the_table_is() {
    let root = tempfile::tempdir().unwrap();
    publish(root.path(), GENERATOR);
    let asked = SynthesisRequest { format: Format::ArrowStream, ..request(10, &["age"], None) };
    let (bytes, _) = made(&folder(root.path()), asked).await.unwrap();
    let schema = StreamReader::try_new(bytes.as_slice(), None).unwrap().schema();
    assert_eq!(*schema, Schema::new(vec![Field::new("age", DataType::Int32, false)]));
}

#[tokio::test]
async fn persons_whose_generator_knows_no_fhir_are_refused_as_bundles() {
    let root = tempfile::tempdir().unwrap();
    publish(root.path(), GENERATOR);
    for place in places(root.path()) {
        let asked = SynthesisRequest { format: Format::FhirLines, ..request(1, &["age", "sex"], None) };
        let refused = made(&place, asked).await;
        assert!(
            matches!(&refused, Err(ReadError::BadRequest(text)) if text.contains("not made as FHIR")),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_an_error_and_never_a_short_answer() {
    let root = tempfile::tempdir().unwrap();
    let version = publish(root.path(), GENERATOR);
    for place in places(root.path()) {
        let unknown = made(&place, request(1, &["weight"], None)).await;
        assert!(matches!(unknown, Err(ReadError::BadRequest(text)) if text.contains("weight")));
        assert!(matches!(made(&place, request(1, &[], None)).await, Err(ReadError::BadRequest(_))));
        let wrong = made(&place, request(1, &["age"], Some("sex > 5"))).await;
        assert!(matches!(wrong, Err(ReadError::BadRequest(_))), "{wrong:?}");
    }
    // Somebody wrote into the store.
    let file = version.join("generator.toml");
    std::fs::write(&file, GENERATOR.replace("high = 79", "high = 99")).unwrap();
    for place in places(root.path()) {
        let changed = made(&place, request(1, &["age"], None)).await;
        assert!(matches!(changed, Err(ReadError::Damaged(text)) if text.contains("not what was published")));
    }
    std::fs::remove_file(file).unwrap();
    for place in places(root.path()) {
        assert!(matches!(made(&place, request(1, &["age"], None)).await, Err(ReadError::Damaged(_))));
    }
    assert!(version_path(root.path(), &address().dataset, address().tier, 1).is_dir());
}

#[tokio::test]
async fn whoever_goes_away_gives_up_the_turn() {
    let root = tempfile::tempdir().unwrap();
    publish(root.path(), GENERATOR);
    let options = EngineOptions { concurrent_reads: 1, turn_seconds: 5, ..EngineOptions::default() };
    let engine = Engine::open(folder(root.path()), options).unwrap();
    let mut endless = engine.synthesize(request(u64::MAX, &["age"], None)).await.unwrap();
    assert!(endless.next().await.unwrap().unwrap().rows > 0);
    drop(endless);
    let after = engine.synthesize(request(5, &["age"], None)).await.unwrap();
    assert_eq!(collect(after).await.unwrap().1, 5);
}
