use crate::twin::{Domain, Model, TwinPolicy, Twins};
use crate::{Amount, Generator, SynthError};
use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;

const POLICY: &str = r#"
mechanism = "mst"
epsilon = 2.0
delta = 1e-9
[columns]
smokes = { source = "form", domain = { kind = "values", values = [true, false] } }
age = { source = "adults", domain = { kind = "range", low = 18, high = 100, bins = 10 } }
"#;

fn model() -> Model {
    let smokes: ArrayRef = Arc::new((0..500).map(|row| Some(row % 3 == 0)).collect::<BooleanArray>());
    let ages: ArrayRef = Arc::new((0..500).map(|row| Some(20 + row % 70)).collect::<Int32Array>());
    let rows = RecordBatch::try_from_iter([("smokes", smokes), ("age", ages)]).unwrap();
    let policy = TwinPolicy::parse(POLICY).unwrap();
    let domain = Domain::bind(&policy, &rows.schema()).unwrap();
    let mut encoder = domain.encoder();
    encoder.push(&rows).unwrap();
    Model::fit(&policy, &domain, encoder.finish(), &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

fn published() -> (String, SchemaRef) {
    let model = model();
    let schema = model.domain().schema().clone();
    (Twins::Table { table: "person".to_owned(), model: Box::new(model) }.to_text().unwrap(), schema)
}

fn rows(generator: &Generator, amount: Amount) -> Vec<RecordBatch> {
    generator.generate("person", amount, 7).unwrap().map(Result::unwrap).collect()
}

#[test]
fn published_twins_draw_the_rows_of_the_model() {
    let (text, schema) = published();
    let generator = Generator::parse(&text, &[("person".to_owned(), schema.clone())]).unwrap();
    let drawn = rows(&generator, Amount::Rows(300));
    assert_eq!(drawn, model().rows(300, 7).map(Result::unwrap).collect::<Vec<_>>());
    assert_eq!(generator.tables().collect::<Vec<_>>(), [("person", &schema)]);
    assert_eq!(rows(&generator, Amount::Persons(300)), drawn);
    let last = rows(&generator, Amount::Range { first: 200, persons: 100 });
    assert_eq!(last, [drawn.first().unwrap().slice(200, 100)]);
    assert!(generator.bundles(0..1, 7).is_none());
}

#[test]
fn twins_of_other_tables_or_columns_are_refused() {
    let (text, schema) = published();
    let refusal = |schemas: &[(String, SchemaRef)]| Generator::parse(&text, schemas).unwrap_err().to_string();
    let half = Arc::new(schema.project(&[0]).unwrap());
    assert_eq!(refusal(&[("person".to_owned(), half)]), "table person: has other columns or types than its twin");
    let two = [("person".to_owned(), schema.clone()), ("visit".to_owned(), schema)];
    assert_eq!(refusal(&two), "table visit: has no twin");
    assert_eq!(refusal(&[]), "table person: has a twin and is not in the dataset");
}

#[test]
fn a_text_that_is_no_collection_of_twins_is_refused() {
    let (text, schema) = published();
    let schemas = [("person".to_owned(), schema)];
    for broken in [
        text.replacen("version = 1", "version = 2", 1),
        text.replace("simulated = true", "simulated = false"),
        text.replace("version = 1", "version = 9"),
        text.replace("rows = ", "rows = -"),
        "program = \"twins\"\nversion = 1\nsimulated = true\n[tables]\n".to_owned(),
    ] {
        let refused = Generator::parse(&broken, &schemas);
        assert!(matches!(refused, Err(SynthError::Twins(_))), "{refused:?}");
    }
}
