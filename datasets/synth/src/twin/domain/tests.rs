use super::*;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{Date32Type, Field, Float64Type, Int32Type, Schema};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

const POLICY: &str = r#"
mechanism = "mst"
epsilon = 1.0
delta = 1e-9
person = "id"
[columns]
id = { source = "none", domain = { kind = "identifier" } }
sex = { source = "form", domain = { kind = "values", values = ["f", "m", "other"], other = "other" } }
stage = { source = "form", domain = { kind = "values", values = [1, 2, 3, 4] } }
alive = { source = "form", domain = { kind = "values", values = [true, false] } }
age = { source = "form", domain = { kind = "bins", edges = [0, 18, 40, 65, 90] } }
pressure = { source = "form", domain = { kind = "range", low = 60, high = 200, bins = 28, step = 0.1 } }
born = { source = "form", domain = { kind = "dates", first = 1930-01-01, last = 2010-12-31, days = 365 } }
seen = { source = "form", domain = { kind = "dates", first = 2020-01-01, last = 2020-12-31, days = 30 } }
note = { source = "none", domain = { kind = "empty" } }
"#;

fn schema() -> SchemaRef {
    Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("sex", DataType::LargeUtf8, false),
        Field::new("stage", DataType::Int64, true),
        Field::new("alive", DataType::Boolean, false),
        Field::new("age", DataType::Int32, false),
        Field::new("pressure", DataType::Float64, true),
        Field::new("born", DataType::Date32, true),
        Field::new("seen", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
        Field::new("note", DataType::Utf8, true),
    ])
    .into()
}

fn domain() -> Domain {
    Domain::bind(&TwinPolicy::parse(POLICY).unwrap(), &schema()).unwrap()
}

fn rows() -> RecordBatch {
    let sexes: ArrayRef = Arc::new(StringArray::from(vec!["f", "m", "m", "x"]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["a", "b", "a", "c"])),
        arrow::compute::cast(&sexes, &DataType::LargeUtf8).unwrap(),
        Arc::new(Int64Array::from(vec![Some(2), None, Some(1), Some(9)])),
        Arc::new(BooleanArray::from(vec![true, false, true, false])),
        Arc::new(Int32Array::from(vec![17, 18, 50, 104])),
        Arc::new(Float64Array::from(vec![Some(65.0), None, Some(1.0), Some(f64::NAN)])),
        Arc::new(Date32Array::from(vec![Some(0), None, Some(0), Some(-40_000)])),
        Arc::new(TimestampMillisecondArray::from(vec![1_577_836_800_000; 4]).with_timezone("UTC")),
        Arc::new(StringArray::from(vec![Some("secret"), None, None, None])),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

#[test]
fn values_become_codes_and_what_is_outside_is_counted_and_put_where_the_policy_says() {
    let domain = domain();
    assert_eq!(domain.sizes(), [3, 5, 2, 4, 29, 83, 13]);
    let mut encoder = domain.encoder();
    encoder.push(&rows()).unwrap();
    // The third row is a second one of the first person.
    assert_eq!(encoder.left_out(), 1);
    let outside: Vec<u64> = encoder.outside().map(|(_, count)| count).collect();
    assert_eq!(outside, [0, 1, 1, 0, 1, 1, 1, 0, 0]);
    let codes = encoder.finish();
    assert_eq!(codes.rows(), 3);
    assert_eq!(codes.columns[0], [0, 1, 2]);
    assert_eq!(codes.columns[1], [1, 4, 4]);
    assert_eq!(codes.columns[2], [0, 1, 1]);
    assert_eq!(codes.columns[3], [0, 1, 3]);
    assert_eq!(codes.columns[4], [1, 28, 0]);
    assert_eq!(codes.columns[5], [40, 82, 0]);
    assert_eq!(codes.columns[6], [0, 0, 0]);
}

#[test]
fn the_domain_depends_on_the_policy_and_not_on_the_rows() {
    let domain = domain();
    let mut encoder = domain.encoder();
    encoder.push(&rows()).unwrap();
    let one = encoder.finish();
    let none = domain.encoder().finish();
    assert_eq!(one.columns.len(), none.columns.len());
    assert_eq!(none.rows(), 0);
}

#[test]
fn every_code_becomes_a_value_that_has_that_code_in_exactly_the_schema() {
    let domain = domain();
    let rows = 2_000_u16;
    let codes: Vec<Vec<u16>> =
        domain.sizes().iter().map(|size| (0..rows).map(|row| row % u16::try_from(*size).unwrap()).collect()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let batch = domain.decode(&codes, usize::from(rows), &mut rng).unwrap();
    assert_eq!(batch.schema(), schema());
    let mut encoder = domain.encoder();
    encoder.push(&batch).unwrap();
    assert_eq!(encoder.outside().map(|(_, count)| count).sum::<u64>(), 0);
    assert_eq!(encoder.left_out(), 0, "identifiers are all different");
    assert_eq!(encoder.finish().columns, codes);
    assert_eq!(batch.column(8).null_count(), usize::from(rows));
    // Values lie on their grids.
    let tenths = batch.column(5).as_primitive::<Float64Type>();
    assert!(tenths.iter().flatten().all(|value| ((value * 10.0).round() / 10.0).to_bits() == value.to_bits()));
    let ages: std::collections::BTreeSet<i32> = batch.column(4).as_primitive::<Int32Type>().iter().flatten().collect();
    assert_eq!(ages, (0..=90).collect());
    let born = batch.column(6).as_primitive::<Date32Type>();
    assert!(born.iter().flatten().all(|day| (-14_610..=14_974).contains(&day)));
}

#[test]
fn a_policy_that_does_not_fit_is_refused_by_column() {
    for (from, to, column, reason) in [
        ("id = { source", "other = { source", "other", "is not in the table"),
        ("note = { source = \"none\", domain = { kind = \"empty\" } }", "", "note", "has no domain"),
        ("source = \"form\", domain = { kind = \"bins\"", "source = \"\", domain = { kind = \"bins\"", "age", "where"),
        (", other = \"other\" }", " }", "sex", "`other`"),
        ("\"f\", \"m\"", "\"f\", \"f\"", "sex", "twice"),
        ("[1, 2, 3, 4]", "[1, 2, \"3\"]", "stage", "type"),
        ("[0, 18, 40, 65, 90]", "[0, 18.2, 18.5, 19]", "age", "no multiple"),
        ("[0, 18, 40, 65, 90]", "[0, 40, 18]", "age", "increase"),
        ("bins = 28", "bins = 20000", "pressure", "10000"),
        ("last = 2010-12-31", "last = 1910-12-31", "born", "in order"),
        ("person = \"id\"", "person = \"who\"", "who", "is not in the table"),
    ] {
        assert!(POLICY.contains(from), "{from}");
        let policy = TwinPolicy::parse(&POLICY.replace(from, to)).unwrap();
        match Domain::bind(&policy, &schema()).unwrap_err() {
            TwinError::Column { column: found, reason: why } => {
                assert!(found == column && why.contains(reason), "{found}: {why} for {to}");
            }
            other => panic!("{other}"),
        }
    }
    assert!(matches!(TwinPolicy::parse("mechanism = \"mst\"\nepsilon = true"), Err(TwinError::Syntax { line: 2, .. })));
}

#[test]
fn a_batch_of_another_schema_is_refused() {
    let domain = domain();
    let other = Schema::new(vec![Field::new("id", DataType::Int64, false)]);
    let batch = RecordBatch::try_new(other.into(), vec![Arc::new(Int64Array::from(vec![1]))]).unwrap();
    let error = domain.encoder().push(&batch).unwrap_err();
    assert!(error.to_string().contains("Int64 in the batch"), "{error}");
}

#[test]
fn scores_in_a_column_of_floats_may_be_listed() {
    let policy = TwinPolicy::parse(
        r#"
        mechanism = "mst"
        epsilon = 1.0
        delta = 1e-9
        [columns]
        coma = { source = "scale", domain = { kind = "values", values = [0, 9.0, 26] } }
        "#,
    )
    .unwrap();
    let schema = Arc::new(Schema::new(vec![Field::new("coma", DataType::Float64, true)]));
    let domain = Domain::bind(&policy, &schema).unwrap();
    let scores = Float64Array::from(vec![Some(26.0), None, Some(9.0), Some(9.5), Some(f64::NAN)]);
    let mut encoder = domain.encoder();
    encoder.push(&RecordBatch::try_new(schema, vec![Arc::new(scores)]).unwrap()).unwrap();
    assert_eq!(encoder.outside().collect::<Vec<_>>(), [("coma", 2)]);
    let codes = encoder.finish();
    assert_eq!(codes.columns, [vec![2, 3, 1, 3, 3]]);
    let decoded = domain.decode(&codes.columns, 5, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let expected = Float64Array::from(vec![Some(26.0), None, Some(9.0), None, None]);
    assert_eq!(decoded.column(0).as_primitive::<arrow::datatypes::Float64Type>(), &expected);
    let halves = TwinPolicy::parse(&toml::to_string(&policy).unwrap().replace("9.0", "9.5")).unwrap();
    assert!(Domain::bind(&halves, domain.schema()).is_err());
}
