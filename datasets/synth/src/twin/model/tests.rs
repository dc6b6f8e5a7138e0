use super::*;
use crate::twin::domain::Domain;
use arrow::array::{AsArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;

const POLICY: &str = r#"
mechanism = "mst"
epsilon = 5.0
delta = 1e-9
[columns]
id = { source = "none", domain = { kind = "identifier" } }
sex = { source = "form", domain = { kind = "values", values = ["f", "m", "x", "y", "z"], other = "x" } }
age = { source = "form", domain = { kind = "range", low = 20, high = 79, bins = 12 } }
weight = { source = "form", domain = { kind = "bins", edges = [40, 60, 80, 120], step = 0.5 } }
"#;

fn schema() -> SchemaRef {
    Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("sex", DataType::Utf8, false),
        Field::new("age", DataType::Int32, false),
        Field::new("weight", DataType::Float64, true),
    ])
    .into()
}

/// Men are heavy, women are light, and the old are not weighed.
fn table(rows: i32) -> RecordBatch {
    let men = || (0..rows).map(|row| row % 3 == 0);
    let ages = || (0..rows).map(|row| 20 + row * 7 % 60);
    let weight = |(is_man, age): (bool, i32)| (age < 70).then_some(if is_man { 90.0 } else { 50.0 });
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new((0..rows).map(|row| Some(row.to_string())).collect::<StringArray>()),
            Arc::new(men().map(|is_man| Some(if is_man { "m" } else { "f" })).collect::<StringArray>()),
            Arc::new(ages().map(Some).collect::<Int32Array>()),
            Arc::new(men().zip(ages()).map(weight).collect::<Float64Array>()),
        ],
    )
    .unwrap()
}

fn fitted(mechanism: Mechanism, rows: i32) -> Model {
    let mut policy = TwinPolicy::parse(POLICY).unwrap();
    policy.mechanism = mechanism;
    let domain = Domain::bind(&policy, &schema()).unwrap();
    let mut encoder = domain.encoder();
    encoder.push(&table(rows)).unwrap();
    Model::fit(&policy, &domain, encoder.finish(), &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

fn drawn(model: &Model, rows: u64, seed: u64) -> Vec<RecordBatch> {
    model.rows(rows, seed).map(Result::unwrap).collect()
}

#[test]
fn a_twin_has_the_schema_and_the_dependences_of_its_original() {
    for mechanism in [Mechanism::Mst, Mechanism::Aim] {
        let model = fitted(mechanism, 5_000);
        assert!((4_900..5_100).contains(&model.estimated_rows()), "{}", model.estimated_rows());
        assert!(model.spent() <= Budget::of(5.0, 1e-9).unwrap().total() && model.spent().as_f64() > 0.2);
        let batch = &drawn(&model, 5_000, 1)[0];
        assert_eq!(batch.schema(), schema());
        let weights = batch.column(3).as_primitive::<arrow::datatypes::Float64Type>();
        let ages = batch.column(2).as_primitive::<Int32Type>();
        let (mut wrong, mut men) = (0, 0);
        for row in 0..5_000 {
            let is_man = batch.column(1).as_string::<i32>().value(row) == "m";
            let is_weighed = weights.iter().nth(row).unwrap().is_some();
            men += u32::from(is_man);
            wrong += u32::from(is_weighed && (weights.value(row) >= 60.0) != is_man);
            wrong += u32::from(is_weighed != (ages.value(row) < 70));
        }
        assert!((1_550..1_780).contains(&men), "{men} men of {mechanism:?}");
        assert!(wrong < 400, "{wrong} rows of {mechanism:?} are like none of the original");
    }
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_seed_others() {
    let model = fitted(Mechanism::Mst, 500);
    assert_eq!(drawn(&model, 1_000, 7), drawn(&model, 1_000, 7));
    assert_ne!(drawn(&model, 1_000, 7), drawn(&model, 1_000, 8));
    // Whole batches are the same however many rows follow them.
    let (many, more) = (drawn(&model, 70_000, 7), drawn(&model, 140_000, 7));
    assert_eq!(many.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [65_536, 4_464]);
    assert_eq!(many[0], more[0]);
    assert_ne!(more[0], more[1]);
    assert!(drawn(&model, 0, 7).is_empty());
}

#[test]
fn a_model_that_was_written_and_read_draws_the_same_rows() {
    for mechanism in [Mechanism::Mst, Mechanism::Aim] {
        let model = fitted(mechanism, 800);
        let text = model.to_text().unwrap();
        let read = Model::parse(&text).unwrap();
        assert_eq!(drawn(&read, 300, 5), drawn(&model, 300, 5));
        assert_eq!(read.to_text().unwrap(), text);
        assert_eq!((read.spent(), read.policy()), (model.spent(), model.policy()));
    }
}

#[test]
fn the_file_of_a_model_holds_no_value_that_its_policy_does_not_name() {
    let mut policy = TwinPolicy::parse(POLICY).unwrap();
    policy.epsilon = 1.0;
    let domain = Domain::bind(&policy, &schema()).unwrap();
    let mut encoder = domain.encoder();
    encoder
        .push(
            &RecordBatch::try_new(
                schema(),
                vec![
                    Arc::new(StringArray::from(vec!["KIM-4711"])),
                    Arc::new(StringArray::from(vec!["hidden"])),
                    Arc::new(Int32Array::from(vec![99_417])),
                    Arc::new(Float64Array::from(vec![9_871.25])),
                ],
            )
            .unwrap(),
        )
        .unwrap();
    let model = Model::fit(&policy, &domain, encoder.finish(), &mut ChaCha20Rng::seed_from_u64(2)).unwrap();
    let text = model.to_text().unwrap();
    for value in ["KIM", "4711", "hidden", "99417", "9871"] {
        assert!(!text.contains(value), "{value}");
    }
}

#[test]
fn a_table_without_rows_has_a_twin_too() {
    for mechanism in [Mechanism::Mst, Mechanism::Aim] {
        let model = fitted(mechanism, 0);
        assert!(model.estimated_rows() < 100);
        assert_eq!(drawn(&model, 10, 1)[0].num_rows(), 10);
    }
}

#[test]
fn a_table_of_one_column_has_a_twin_too() {
    let schema: SchemaRef = Schema::new(vec![Field::new("sex", DataType::Utf8, false)]).into();
    for mechanism in [Mechanism::Mst, Mechanism::Aim] {
        let mut policy = TwinPolicy::parse(POLICY).unwrap();
        policy.mechanism = mechanism;
        policy.columns.retain(|name, _| name == "sex");
        let domain = Domain::bind(&policy, &schema).unwrap();
        let mut encoder = domain.encoder();
        encoder.push(&table(3_000).project(&[1]).unwrap()).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let model = Model::fit(&policy, &domain, encoder.finish(), &mut rng).unwrap();
        let batch = &drawn(&model, 3_000, 1)[0];
        let men = batch.column(0).as_string::<i32>().iter().filter(|sex| *sex == Some("m")).count();
        assert!((950..1_050).contains(&men), "{men} men of {mechanism:?}");
    }
}

#[test]
fn rows_of_another_domain_are_refused() {
    let policy = TwinPolicy::parse(POLICY).unwrap();
    let domain = Domain::bind(&policy, &schema()).unwrap();
    for columns in [vec![vec![0]; 2], vec![vec![5], vec![0], vec![0]]] {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let error = Model::fit(&policy, &domain, Codes { columns }, &mut rng).unwrap_err();
        assert!(matches!(error, TwinError::Rows { .. }), "{error}");
    }
}

#[test]
fn a_file_that_is_not_whole_is_refused_and_never_a_panic() {
    let text = fitted(Mechanism::Mst, 500).to_text().unwrap();
    for (from, to) in [
        ("version = 1", "version = 2"),
        ("rows = ", "rows = -"),
        ("rows = ", "other = "),
        ("data_type = \"Int32\"", "data_type = \"Int33\""),
        ("data_type = \"Int32\"", "data_type = \"Utf8\""),
        ("columns = [0]", "columns = [9]"),
        ("columns = [0]", "columns = []"),
        ("columns = [1]", "columns = [0]"),
        ("variance_units = ", "variance_units = 0"),
        ("counts = [", "counts = [1, "),
        ("values = [0.", "values = [nan, 0."),
        ("rare = [", "rare = [60, "),
        ("bins = 12", "bins = 13"),
        ("kind = \"identifier\"", "kind = \"empty\""),
    ] {
        let changed = text.replacen(from, to, 1);
        if changed == text {
            assert!(from.starts_with("values"), "{from} is not in the file");
            continue;
        }
        match Model::parse(&changed) {
            Ok(_) => assert!(from.starts_with("variance"), "{from} became {to}"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    // Cut off anywhere.
    for length in (0..text.len()).step_by(97) {
        assert!(Model::parse(&text[..length]).is_err() || text[length..].trim().is_empty());
    }
}
