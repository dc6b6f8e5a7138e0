use super::Filter;
use mudeung_core::filter as server;
use proptest::prelude::*;

fn literals() -> impl Strategy<Value = server::Literal> {
    prop_oneof![
        any::<i64>().prop_map(|n| server::Literal::Number(n.to_string())),
        any::<f32>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| server::Literal::Number(n.to_string())),
        "\\PC{0,12}".prop_map(server::Literal::Text),
        any::<bool>().prop_map(server::Literal::Boolean),
    ]
}

fn tests() -> impl Strategy<Value = server::Test> {
    use server::Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let comparisons = prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
    prop_oneof![
        (comparisons, literals()).prop_map(|(comparison, value)| server::Test::Compare(comparison, value)),
        proptest::collection::vec(literals(), 1..5).prop_map(server::Test::In),
        Just(server::Test::IsNull),
        Just(server::Test::IsNotNull),
    ]
}

/// What both sides make of a text, in the words that both print.
fn both(text: &str) -> (Result<String, String>, Result<String, String>) {
    let ours = Filter::parse(text).map(|filter| format!("{filter:?}")).map_err(|error| error.problem);
    let theirs = server::Filter::parse(text).map(|filter| format!("{filter:?}")).map_err(|error| error.problem);
    (ours, theirs)
}

proptest! {
    #[test]
    fn filters_read_as_the_server_reads_them(
        conditions in proptest::collection::vec(("[a-z가-힣 ]{1,8}", tests()), 1..6),
    ) {
        let conditions =
            conditions.into_iter().map(|(column, test)| server::Condition { column, test }).collect();
        let text = server::Filter { conditions }.to_string();
        let (ours, theirs) = both(&text);
        prop_assert!(theirs.is_ok(), "{}", text);
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn what_is_no_filter_is_refused_as_the_server_refuses_it(
        text in "(a|\"b|\"|and|in|is|not|null|[<>=!]{1,2}|[(),.']| |-?[0-9]{1,3}|true|나){0,12}",
    ) {
        let (ours, theirs) = both(&text);
        prop_assert_eq!(ours, theirs);
    }
}

#[test]
fn too_much_is_refused() {
    let many = vec!["a = 1"; super::CONDITIONS_MAX + 1].join(" and ");
    assert!(Filter::parse(&many).unwrap_err().problem.contains("32 conditions"));
    assert!(Filter::parse(&format!("a = '{}'", "x".repeat(super::TEXT_MAX))).is_err());
}
