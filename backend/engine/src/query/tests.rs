//! Tests of SQL: what it answers, and everything that it must not.

use crate::fixture::{FILE, Stored, collect, folder, path};
use crate::{Engine, EngineOptions};
use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use mudeung_core::filter::Filter;
use mudeung_core::reader::{ColumnView, DatasetReader, Format, QueryRequest, ReadError, TableAddress, VisibleTable};
use std::path::Path;
use std::sync::Arc;

const SECRET: &str = "hidden-canary";

/// Twenty people; those of ward B and the column `secret` are hidden in most tests.
fn people() -> RecordBatch {
    let n = || 0..20_i64;
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(Int64Array::from_iter_values(n()))),
        ("ward", Arc::new(StringArray::from_iter_values(n().map(|n| if n % 2 == 0 { "A" } else { "B" })))),
        ("age", Arc::new(Int64Array::from_iter(n().map(|n| (n != 4).then_some(40 + n))))),
        ("score", Arc::new(Float64Array::from_iter_values((0..20).map(|n| f64::from(n) / 2.0)))),
        ("day", Arc::new(Date32Array::from_iter_values(n().map(|n| 18_000 + i32::try_from(n).unwrap())))),
        ("secret", Arc::new(StringArray::from_iter_values(n().map(|n| format!("{SECRET}-{n}"))))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn store(root: &Path) {
    let table = Stored {
        columns: Vec::new(),
        rows: 20,
        seed: 0,
        group_rows: 6,
        page_rows: 2,
        codec: 1,
        dictionary: true,
        plain: true,
        version2: false,
        page_index: true,
        bloom_filters: false,
    };
    table.write(&path(root, FILE), &people());
}

fn visible(columns: &[&str], rows: Option<&str>) -> VisibleTable {
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    VisibleTable {
        table: crate::fixture::address(),
        files: vec![FILE.to_owned()],
        columns: ColumnView::Only(columns.into()),
        rows: rows.map(|text| Filter::parse(text).unwrap()),
    }
}

const COLUMNS: [&str; 5] = ["id", "ward", "age", "score", "day"];

fn request(sql: &str, table: VisibleTable) -> QueryRequest {
    QueryRequest { sql: sql.to_owned(), tables: vec![table], limit: 1_000, format: Format::Csv, in_background: false }
}

fn engine(root: &Path, options: EngineOptions) -> Engine {
    store(root);
    Engine::open(folder(root), options).unwrap()
}

async fn answer(engine: &Engine, request: QueryRequest) -> Result<String, ReadError> {
    let (bytes, _) = collect(engine.query(request).await?).await?;
    Ok(String::from_utf8(bytes).unwrap())
}

/// Asks as someone who may see ward A without the secret. `people` stands for the table.
async fn ask(sql: &str) -> Result<String, ReadError> {
    let root = tempfile::tempdir().unwrap();
    // The limit of time has tests of its own; these must not meet it on a busy machine.
    let engine = engine(root.path(), EngineOptions { query_seconds: 600, ..EngineOptions::default() });
    let sql = sql.replace("people", "small.deidentified.people");
    answer(&engine, request(&sql, visible(&COLUMNS, Some("ward = 'A'")))).await
}

async fn refused(sql: &str) -> String {
    match ask(sql).await {
        Err(ReadError::BadQuery(text)) => text,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn sql_answers_about_what_is_visible() {
    for (sql, expected) in [
        ("select count(*) as n from people", "n\n10\n"),
        ("select id, age from people where age >= 50 order by id limit 2", "id,age\n10,50\n12,52\n"),
        ("select id from people where age is null", "id\n4\n"),
        ("select id from people where day in (date '2019-04-14', '2019-04-16') order by 1", "id\n0\n2\n"),
        ("select round(avg(score), 2) as mean, max(ward) as w from people", "mean,w\n4.5,A\n"),
        ("with old as (select * from people where id > 15) select count(*) as n from old", "n\n2\n"),
        ("select a.id from people a join people b on a.id = b.id + 16 order by 1", "id\n16\n18\n"),
        ("select upper(ward) as w from people group by ward", "w\nA\n"),
        ("select id from people where score > 8.4 order by id", "id\n18\n"),
    ] {
        assert_eq!(ask(sql).await.as_deref(), Ok(expected), "{sql}");
    }
}

#[tokio::test]
async fn star_is_the_visible_columns_in_file_order() {
    let answer = ask("select * from people order by id limit 1").await.unwrap();
    assert_eq!(answer, "id,ward,age,score,day\n0,A,40,0.0,2019-04-14\n");
}

#[tokio::test]
async fn a_hidden_column_does_not_exist_wherever_it_is_named() {
    for sql in [
        "select secret from people",
        "select \"secret\" from people",
        "select p.secret from people p",
        "select id from people where secret like '%1%'",
        "select id from people where secret is not null",
        "select id from people order by secret",
        "select count(*) from people group by secret",
        "select max(secret) from people",
        "select id from people where id in (select secret from people)",
        "select (select max(secret) from people)",
        "select x from (select secret as x from people) t",
        "with t as (select secret as x from people) select x from t",
        "select row_number() over (order by secret) from people",
        "select id from people having max(secret) > ''",
        "select a.id from people a join people b on a.secret = b.secret",
    ] {
        let text = refused(sql).await;
        assert!(!text.contains(SECRET), "{sql}: {text}");
        assert!(text.to_lowercase().contains("secret"), "{sql}: {text}");
        let valid = text.to_lowercase().replace("no field named", "");
        assert!(!valid.contains("did you mean 'secret'") && !valid.contains("valid fields are secret"), "{text}");
    }
}

#[tokio::test]
async fn a_row_filter_holds_under_every_wording() {
    for (sql, expected) in [
        ("select count(*) as n from people where ward = 'B'", "n\n0\n"),
        ("select count(*) as n from people where ward = 'A' or ward = 'B' or true", "n\n10\n"),
        ("select count(*) as n from people where not (ward = 'A')", "n\n0\n"),
        ("select count(*) as n from people a cross join people b", "n\n100\n"),
        ("select count(*) as n from (select * from people union all select * from people) t", "n\n20\n"),
        ("select min(id) as a, max(id) as b from people", "a,b\n0,18\n"),
        ("select count(distinct ward) as n from people", "n\n1\n"),
        ("select count(*) as n from people a full join people b on a.id + 1 = b.id where b.id is not null", "n\n10\n"),
        ("select id from people where exists (select 1 from people b where b.ward = 'B')", "id\n"),
    ] {
        assert_eq!(ask(sql).await.as_deref(), Ok(expected), "{sql}");
    }
}

#[tokio::test]
async fn a_row_filter_on_a_hidden_column_still_holds() {
    let root = tempfile::tempdir().unwrap();
    let engine = engine(root.path(), EngineOptions::default());
    let table = || visible(&["id"], Some("ward = 'A' and age >= 55"));
    let sql = "select id from small.deidentified.people where id < 18 order by id";
    assert_eq!(answer(&engine, request(sql, table())).await.as_deref(), Ok("id\n16\n"));
    let sql = "select id from small.deidentified.people where age > 0";
    assert!(matches!(answer(&engine, request(sql, table())).await, Err(ReadError::BadQuery(_))));
}

#[tokio::test]
async fn a_row_filter_that_does_not_fit_opens_nothing() {
    let root = tempfile::tempdir().unwrap();
    let engine = engine(root.path(), EngineOptions::default());
    let sql = "select id from small.deidentified.people";
    for filter in ["age = 'x'", "gone = 1"] {
        let found = answer(&engine, request(sql, visible(&["id"], Some(filter)))).await;
        assert!(matches!(found, Err(ReadError::Damaged(_))), "{found:?}");
    }
}

#[tokio::test]
async fn only_one_select_is_run() {
    for sql in [
        "create table t as select * from people",
        "create view v as select * from people",
        "create external table t stored as csv location '/etc/passwd'",
        "insert into people select * from people",
        "update people set id = 1",
        "delete from people",
        "drop table people",
        "copy people to '/tmp/x.csv'",
        "copy (select * from people) to '/tmp/x.parquet'",
        "set datafusion.execution.batch_size = 1",
        "show tables",
        "describe people",
        "explain analyze select * from people",
        "prepare p as select 1",
        "select * into t from people",
        "select 1; select 2",
        "select * from people; drop table people",
        "",
        "   ",
        "-- nothing",
        "selec 1",
        "select",
        "load 'x'",
        "begin",
        "truncate table people",
    ] {
        let text = refused(sql).await;
        assert!(!text.contains(SECRET), "{sql}: {text}");
    }
}

#[tokio::test]
async fn nothing_but_the_visible_tables_exists() {
    for sql in [
        "select * from '/etc/passwd'",
        "select * from \"/etc/passwd\"",
        "select * from '/tmp/x.parquet'",
        "select * from information_schema.tables",
        "select * from information_schema.columns",
        "select * from other.deidentified.patients",
        "select * from small.synthetic.persons",
        "select * from read_parquet('/x')",
        "select * from generate_series(1, 1000000000)",
        "select * from range(1, 10)",
        "select * from persons",
        "select * from deidentified.persons",
        "table persons",
        "with recursive t as (select 1 as n union all select n + 1 from t) select count(*) from t",
        "select repeat('x', 2000000000)",
        "select lpad('x', 2000000000)",
    ] {
        refused(sql).await;
    }
    let text = refused("select * from persons").await;
    assert!(text.contains("persons") && text.contains("dataset.tier.table"), "{text}");
    assert!(text.contains("small.deidentified."), "{text}");
}

#[tokio::test]
async fn mistakes_are_explained_without_naming_what_is_hidden() {
    for (sql, part) in [
        ("select agee from people", "did you mean `age`?"),
        ("select id, id from people", "aliasing"),
        ("select a.id, b.id from people a join people b on a.id = b.id", "rename one with `as`"),
        ("select 1 / 0", "ivide by zero"),
        ("select cast(ward as bigint) from people", "'A'"),
        ("select id from people group by ward", "group"),
        ("select nofunction(id) from people", "nofunction"),
    ] {
        let text = refused(sql).await.replace("small.deidentified.people", "people");
        let text = text.replace("\"people.", "\"").replace("small.deidentified.", "");
        assert!(
            text.to_lowercase().contains(&part.to_lowercase().replace("people.", "")) || text.contains(part),
            "{sql}: {text}"
        );
        assert!(!text.contains("secret") && !text.contains("ScanRows"), "{sql}: {text}");
    }
}

#[tokio::test]
async fn tables_are_found_without_running_the_query() {
    let root = tempfile::tempdir().unwrap();
    let engine = engine(root.path(), EngineOptions::default());
    let other = VisibleTable {
        table: TableAddress { dataset: "two-parts".parse_name(), ..crate::fixture::address() },
        ..visible(&COLUMNS, None)
    };
    let both = |sql: &str| QueryRequest {
        tables: vec![visible(&COLUMNS, None), other.clone()],
        ..request(sql, visible(&COLUMNS, None))
    };
    let named = |sql: &str| {
        engine
            .referenced_tables(&both(sql))
            .map(|tables| tables.iter().map(|table| table.dataset.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(named("select 1"), Ok(vec![]));
    assert_eq!(
        named("select * from SMALL.deidentified.people a, small.Deidentified.people b"),
        Ok(vec!["small".to_owned()])
    );
    let nested = "with t as (select * from \"two-parts\".deidentified.people) \
                  select * from t where id in (select id from small.deidentified.people)";
    assert_eq!(named(nested).map(|names| names.len()), Ok(2));
    let Err(ReadError::BadQuery(text)) = named("select * from two-parts.deidentified.people") else { panic!("found") };
    assert!(text.contains("\"two-parts\".deidentified.people"), "{text}");
}

trait ParseName {
    fn parse_name(&self) -> mudeung_core::name::Name;
}

impl ParseName for str {
    fn parse_name(&self) -> mudeung_core::name::Name {
        mudeung_core::name::Name::parse(self).unwrap()
    }
}

#[tokio::test]
async fn the_answer_ends_at_its_limit_of_rows_in_every_format() {
    let root = tempfile::tempdir().unwrap();
    let engine = engine(root.path(), EngineOptions::default());
    for format in [Format::Json, Format::JsonLines, Format::Csv, Format::ArrowStream, Format::Parquet] {
        let sql = "select * from small.deidentified.people";
        let request = QueryRequest { limit: 7, format, ..request(sql, visible(&COLUMNS, None)) };
        let (bytes, rows) = collect(engine.query(request).await.unwrap()).await.unwrap();
        assert_eq!(rows, 7, "{format:?}");
        assert!(!bytes.is_empty());
    }
}

const ENDLESS: &str = "select count(*) from people a, people b, people c, people d, people e, people f, people g, people h \
                       where a.score + b.score + c.score + d.score + e.score + f.score + g.score + h.score < -1";

#[tokio::test]
async fn a_query_without_end_is_stopped_and_makes_room() {
    let root = tempfile::tempdir().unwrap();
    let options = EngineOptions { query_seconds: 1, concurrent_queries: 1, ..EngineOptions::default() };
    let engine = engine(root.path(), options);
    let ask = |sql: &str| {
        let sql = sql.replace("people", "small.deidentified.people");
        answer(&engine, request(&sql, visible(&COLUMNS, None)))
    };
    let found = ask(ENDLESS).await;
    assert!(matches!(&found, Err(ReadError::LimitReached(text)) if text.contains("1 seconds")), "{found:?}");
    assert_eq!(ask("select count(*) as n from people").await.as_deref(), Ok("n\n20\n"));
}

#[tokio::test]
async fn a_second_query_is_told_to_wait_and_dropping_the_first_makes_room() {
    let root = tempfile::tempdir().unwrap();
    let engine =
        engine(root.path(), EngineOptions { concurrent_queries: 1, turn_seconds: 1, ..EngineOptions::default() });
    let ask = |sql: &str| request(&sql.replace("people", "small.deidentified.people"), visible(&COLUMNS, None));
    let running = tokio::spawn({
        let (engine, request) = (engine.clone(), ask(ENDLESS));
        async move { drop(engine.query(request).await) }
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(matches!(answer(&engine, ask("select 1 as x")).await, Err(ReadError::Busy(_))));
    running.abort();
    assert_eq!(answer(&engine, ask("select 1 as x")).await.as_deref(), Ok("x\n1\n"));
}

#[tokio::test]
async fn queries_that_nobody_waits_for_take_turns_of_their_own_and_have_longer() {
    let root = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        concurrent_queries: 1,
        background_queries: 1,
        query_seconds: 1,
        background_query_seconds: 3,
        ..EngineOptions::default()
    };
    let engine = engine(root.path(), options);
    let ask = |sql: &str, in_background| QueryRequest {
        in_background,
        ..request(&sql.replace("people", "small.deidentified.people"), visible(&COLUMNS, None))
    };
    let long = tokio::spawn({
        let (engine, request) = (engine.clone(), ask(ENDLESS, true));
        async move { answer(&engine, request).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    // It is not in the way of those who wait, and others of its kind wait longer than a second for it.
    assert_eq!(answer(&engine, ask("select 1 as x", false)).await.as_deref(), Ok("x\n1\n"));
    assert_eq!(answer(&engine, ask("select 2 as x", true)).await.as_deref(), Ok("x\n2\n"));
    let found = long.await.unwrap();
    assert!(matches!(&found, Err(ReadError::LimitReached(text)) if text.contains("3 seconds")), "{found:?}");
}

#[tokio::test]
async fn a_query_that_needs_too_much_memory_is_told_so() {
    let root = tempfile::tempdir().unwrap();
    let options = EngineOptions { query_memory_bytes: 256 * 1024, concurrent_queries: 1, ..EngineOptions::default() };
    let engine = engine(root.path(), options);
    let sql = "select a.id * 8000 + b.id * 400 + c.id * 20 + d.id as x from small.deidentified.people a, \
               small.deidentified.people b, small.deidentified.people c, small.deidentified.people d order by x desc";
    let request = QueryRequest { limit: 200_000, ..request(sql, visible(&COLUMNS, None)) };
    let found = answer(&engine, request).await;
    assert!(matches!(&found, Err(ReadError::LimitReached(text)) if text.contains("memory")), "{found:?}");
}

#[tokio::test]
async fn deep_and_long_queries_are_refused_or_answered_but_never_fatal() {
    let sums = format!("select 1{} as x", " + 1".repeat(900));
    assert_eq!(ask(&sums).await.as_deref(), Ok("x\n901\n"));
    let ors = format!("select count(*) as n from people where id = 0{}", " or id = 2".repeat(600));
    assert_eq!(ask(&ors).await.as_deref(), Ok("n\n2\n"));
    let unions = format!("select count(*) as n from (select 1 as x{}) t", " union all select 1".repeat(300));
    assert_eq!(ask(&unions).await.as_deref(), Ok("n\n301\n"));
    let list = format!("select count(*) as n from people where id in (0{})", ", 2".repeat(5_000));
    assert_eq!(ask(&list).await.as_deref(), Ok("n\n2\n"));
    for sql in [
        format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("select {}true", "not ".repeat(1_900)),
        format!("select {}1", "- ".repeat(1_900)),
        format!("select 1{}", " + 1".repeat(3_000)),
        format!("select '{}'", "x".repeat(70_000)),
        format!("{}select 1{}", "select * from (".repeat(500), ") t".repeat(500)),
        "select 'open".to_owned(),
        "\u{0}\u{feff}select".to_owned(),
    ] {
        refused(&sql).await;
    }
}

#[tokio::test]
async fn a_damaged_file_ends_a_query_as_damage() {
    let root = tempfile::tempdir().unwrap();
    let engine = engine(root.path(), EngineOptions::default());
    std::fs::write(path(root.path(), FILE), b"PAR1 is all that is left of it PAR1").unwrap();
    let found = answer(&engine, request("select id from small.deidentified.people", visible(&COLUMNS, None))).await;
    assert!(matches!(found, Err(ReadError::Damaged(_))), "{found:?}");
}

#[tokio::test]
async fn an_explanation_shows_the_plan_and_nothing_of_the_data() {
    let text = ask("explain select count(*), max(age) from people where age > 50").await.unwrap();
    assert!(text.starts_with("plan\n") && text.contains("Aggregate") && text.contains("TableScan"), "{text}");
    for told in [SECRET, "secret", "ward", "score", "'A'", "parquet", "20"] {
        assert!(!text.contains(told), "{told}: {text}");
    }
    for sql in [
        "explain analyze select * from people",
        "explain verbose select * from people",
        "explain explain select * from people",
        "explain create table x as select * from people",
        "explain select * from nothing.synthetic.there",
        "explain select secret from people",
    ] {
        refused(sql).await;
    }
}

#[tokio::test]
async fn a_mistyped_column_is_guessed_among_those_that_exist_for_the_caller() {
    let text = refused("select wrad from people").await;
    assert!(text.contains("there is no column `wrad`; did you mean `ward`? Columns here: age, day, id"), "{text}");
    assert!(refused("select agee from people").await.contains("did you mean `age`?"));
    let far = refused("select something_else from people").await;
    assert!(far.starts_with("there is no column `something_else`. Columns here: "), "{far}");
    for sql in ["select secret from people", "select secrets from people", "select t.secret from people t"] {
        let text = refused(sql).await;
        assert!(text.contains("there is no column `secret") && !text.contains("mean `secret"), "{text}");
        assert!(!text.split("Columns here").nth(1).unwrap().contains("secret"), "{text}");
    }
}
