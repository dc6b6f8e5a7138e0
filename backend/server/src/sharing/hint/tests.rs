use super::*;
use mudeung_core::dataset::Bilingual;
use proptest::prelude::*;
use serde_json::json;

/// What a client knows of a row: three columns that may be null.
#[derive(Debug, Clone)]
struct Row {
    count: Option<i64>,
    share: Option<f64>,
    name: Option<String>,
}

fn column(name: &str, kind: ColumnType) -> Column {
    let description = Bilingual::default();
    Column { name: name.to_owned(), kind, nullable: true, description, unit: None, deidentification: None }
}

fn columns() -> [Column; 3] {
    [column("count", ColumnType::Int64), column("share", ColumnType::Float64), column("name", ColumnType::Text)]
}

fn read(tree: &Value) -> Option<Vec<Filter>> {
    let columns = columns();
    filters(&tree.to_string(), &columns.iter().collect::<Vec<_>>())
}

/// The tree on a row in SQL's three values, as clients compare: not-a-number is larger than every number.
fn truth(tree: &Value, row: &Row) -> Option<bool> {
    let children = tree["children"].as_array().cloned().unwrap_or_default();
    let mut each = children.iter().map(|child| truth(child, row));
    match tree["op"].as_str().unwrap() {
        "and" => each
            .try_fold(Some(true), |so_far, next| match (so_far, next) {
                (Some(false), _) | (_, Some(false)) => Err(()),
                (Some(true), Some(true)) => Ok(Some(true)),
                _ => Ok(None),
            })
            .unwrap_or(Some(false)),
        "or" => each
            .try_fold(Some(false), |so_far, next| match (so_far, next) {
                (Some(true), _) | (_, Some(true)) => Err(()),
                (Some(false), Some(false)) => Ok(Some(false)),
                _ => Ok(None),
            })
            .unwrap_or(Some(true)),
        "not" => each.next().unwrap().map(|value| !value),
        "isNull" => Some(match children[0]["name"].as_str().unwrap() {
            "count" => row.count.is_none(),
            "share" => row.share.is_none(),
            _ => row.name.is_none(),
        }),
        op => {
            let order = match children[0]["name"].as_str().unwrap() {
                "count" => row.count?.cmp(&children[1]["value"].as_str().unwrap().parse().unwrap()),
                "share" => {
                    let literal: f64 = children[1]["value"].as_str().unwrap().parse().unwrap();
                    let value = row.share?;
                    if value.is_nan() { std::cmp::Ordering::Greater } else { value.partial_cmp(&literal).unwrap() }
                }
                _ => row.name.as_deref()?.cmp(children[1]["value"].as_str().unwrap()),
            };
            Some(match op {
                "equal" => order.is_eq(),
                "lessThan" => order.is_lt(),
                "lessThanOrEqual" => order.is_le(),
                "greaterThan" => order.is_gt(),
                _ => order.is_ge(),
            })
        }
    }
}

/// Whether a row passes a filter, as the engine has it: null passes no comparison, not-a-number passes `!=` alone.
fn passes(filter: &Filter, row: &Row) -> bool {
    filter.conditions.iter().all(|condition| {
        let order = |literal: &Literal| match (condition.column.as_str(), literal) {
            ("count", Literal::Number(text)) => row.count.map(|value| value.cmp(&text.parse().unwrap()).into()),
            ("share", Literal::Number(text)) => row.share.map(|value| value.partial_cmp(&text.parse().unwrap())),
            ("name", Literal::Text(text)) => row.name.as_deref().map(|value| value.cmp(text).into()),
            other => panic!("{other:?}"),
        };
        let null = match condition.column.as_str() {
            "count" => row.count.is_none(),
            "share" => row.share.is_none(),
            _ => row.name.is_none(),
        };
        match &condition.test {
            Test::IsNull => null,
            Test::IsNotNull => !null,
            Test::In(_) => unreachable!(),
            Test::Compare(comparison, literal) => order(literal).is_some_and(|order| match comparison {
                Comparison::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
                Comparison::NotEqual => order.is_none_or(std::cmp::Ordering::is_ne),
                Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
                Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
                Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
                Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
            }),
        }
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    let op = prop::sample::select(vec!["equal", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"]);
    let literal = prop_oneof![
        (-3_i64..4).prop_map(|value| ("count", "long", value.to_string())),
        (-3_i64..4).prop_map(|value| ("share", "double", format!("{value}.5"))),
        "[ab가]{0,2}".prop_map(|value| ("name", "string", value)),
    ];
    let compared = (op, literal).prop_map(|(op, (name, kind, value))| {
        json!({ "op": op, "children": [
            { "op": "column", "name": name, "valueType": kind },
            { "op": "literal", "value": value, "valueType": kind },
        ] })
    });
    let null = prop::sample::select(vec![("count", "long"), ("share", "double"), ("name", "string")]).prop_map(
        |(name, kind)| json!({ "op": "isNull", "children": [{ "op": "column", "name": name, "valueType": kind }] }),
    );
    prop_oneof![4 => compared, 1 => null]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|child| json!({ "op": "not", "children": [child] })),
            (prop::sample::select(vec!["and", "or"]), prop::collection::vec(inner, 2..4))
                .prop_map(|(op, children)| json!({ "op": op, "children": children })),
        ]
    })
}

fn row() -> impl Strategy<Value = Row> {
    let share = prop_oneof![Just(f64::NAN), (-3_i32..4).prop_map(|value| f64::from(value) + 0.5)];
    let fields = (prop::option::of(-3_i64..4), prop::option::of(share), prop::option::of("[ab가]{0,2}"));
    fields.prop_map(|(count, share, name)| Row { count, share, name })
}

proptest! {
    #[test]
    fn no_row_that_matches_is_ever_ruled_out(tree in tree(), rows in prop::collection::vec(row(), 1..20)) {
        if let Some(filters) = read(&tree) {
            for row in rows.iter().filter(|row| truth(&tree, row) == Some(true)) {
                prop_assert!(filters.iter().any(|filter| passes(filter, row)), "{row:?} {filters:?}");
            }
        }
    }

    #[test]
    fn any_text_is_read_or_means_all_files(text in "\\PC{0,200}") {
        let columns = columns();
        let _ = filters(&text, &columns.iter().collect::<Vec<_>>());
    }
}

#[test]
fn the_examples_of_the_protocol_become_filters() {
    let shown = |tree: Value| {
        let columns = [column("hireDate", ColumnType::Date), column("id", ColumnType::Int32)];
        let filters = filters(&tree.to_string(), &columns.iter().collect::<Vec<_>>());
        filters.map(|filters| filters.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let date = json!({ "op": "equal", "children": [
        { "op": "column", "name": "hireDate", "valueType": "date" },
        { "op": "literal", "value": "2021-04-29", "valueType": "date" },
    ] });
    let id = json!({ "op": "lessThan", "children": [
        { "op": "column", "name": "ID", "valueType": "int" },
        { "op": "literal", "value": "25", "valueType": "int" },
    ] });
    let not_null = json!({ "op": "not", "children": [
        { "op": "isNull", "children": [{ "op": "column", "name": "id", "valueType": "int" }] },
    ] });
    assert_eq!(shown(date.clone()).unwrap(), ["\"hireDate\" = '2021-04-29'"]);
    assert_eq!(shown(not_null).unwrap(), ["\"id\" is not null"]);
    let both = json!({ "op": "and", "children": [date.clone(), id.clone()] });
    assert_eq!(shown(both).unwrap(), ["\"hireDate\" = '2021-04-29' and \"id\" < 25"]);
    let either = json!({ "op": "or", "children": [date.clone(), id.clone()] });
    assert_eq!(shown(either).unwrap(), ["\"hireDate\" = '2021-04-29'", "\"id\" < 25"]);
    let other_column = json!({ "op": "equal", "children": [
        { "op": "column", "name": "secret", "valueType": "int" },
        { "op": "literal", "value": "1", "valueType": "int" },
    ] });
    assert_eq!(
        shown(json!({ "op": "and", "children": [id, other_column] })),
        None,
        "what is not open is not looked at"
    );
    assert_eq!(shown(json!({ "op": "like", "children": [] })), None);
}
