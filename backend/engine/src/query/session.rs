//! Parsing and planning a query in a session that holds only what its caller may see.

use super::Opener;
use super::problem::bad_query;
use super::table::VisibleRows;
use crate::query::STACK_BYTES;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider};
use datafusion::catalog::{CatalogProviderList, SchemaProvider};
use datafusion::common::TableReference;
use datafusion::common::config::ConfigOptions;
use datafusion::common::config::Dialect;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as PlanResult;
use datafusion::execution::TaskContext;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use mudeung_core::reader::{QueryRequest, ReadError, TableAddress, VisibleTable};
use std::sync::Arc;

/// The longest query, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The most words and signs of a query that could nest it deeper; commas, brackets and values do not count.
const WORDS_MAX: usize = 2_000;
/// Functions whose result can be far larger than what they are given, in one short call.
const UNBOUNDED_FUNCTIONS: [&str; 3] = ["repeat", "lpad", "rpad"];

/// Finds the tables that a query names, in the order of their names.
pub(crate) fn referenced_tables(request: &QueryRequest) -> Result<Vec<TableAddress>, ReadError> {
    // The caller's thread may have a small stack, and parsing recurses.
    std::thread::scope(|scope| {
        let find = || {
            let state = state(0)?;
            let (_, tables) = parse(&state, request)?;
            Ok(tables.into_iter().map(|table| table.table.clone()).collect())
        };
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, find);
        let thread = thread.map_err(|problem| ReadError::Busy(format!("no thread to read the query: {problem}")))?;
        thread.join().unwrap_or_else(|_| Err(ReadError::BadQuery("the query cannot be read".to_owned())))
    })
}

/// What a query asks for.
pub(super) enum Planned {
    /// Rows.
    Rows(Arc<dyn ExecutionPlan>, Arc<TaskContext>),
    /// How it would be run, a line a step. No row is read, and nothing is said that only the values could tell.
    Explanation(String),
}

/// Plans a query. Tables that it does not name are not opened.
pub(super) async fn plan(request: &QueryRequest, open: &Opener, memory_bytes: usize) -> Result<Planned, ReadError> {
    let state = state(memory_bytes)?;
    let (statement, tables) = parse(&state, request)?;
    let (statement, explain) = explained(statement);
    for table in tables {
        register(&state, table, open).map_err(|problem| bad_query(problem, memory_bytes))?;
    }
    let planned = async {
        let plan = state.statement_to_plan(statement).await?;
        // The statement was checked; this holds against plans that do more than their statement seems to.
        let only_reads = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        only_reads.verify_plan(&plan)?;
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let plan = LogicalPlanBuilder::from(plan).limit(0, Some(limit))?.build()?;
        if explain {
            // The logical plan alone: a physical one tells of files and of how many rows are in them.
            return Ok(Planned::Explanation(state.optimize(&plan)?.display_indent().to_string()));
        }
        Ok(Planned::Rows(state.create_physical_plan(&plan).await?, state.task_ctx()))
    };
    planned.await.map_err(|problem| bad_query(problem, memory_bytes))
}

/// The query inside of an `EXPLAIN`, and whether there was one.
fn explained(statement: Statement) -> (Statement, bool) {
    match statement {
        Statement::Explain(explain) => (*explain.statement, true),
        other => (other, false),
    }
}

/// Whether a statement is a query, or asks how a query would be run.
fn is_query(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(inner) => matches!(**inner, SqlStatement::Query(_)),
        Statement::Explain(explain) => {
            !explain.options.analyze
                && !explain.options.verbose
                && matches!(*explain.statement, Statement::Statement(_))
                && is_query(&explain.statement)
        }
        _ => false,
    }
}

/// A session without tables, files, table functions or settings.
fn state(memory_bytes: usize) -> Result<SessionState, ReadError> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory_bytes)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(|problem| bad_query(problem, memory_bytes))?;
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false)
        .with_batch_size(crate::scan::BATCH_ROWS);
    config.options_mut().execution.enable_recursive_ctes = false;
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    let mut builder = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
        .with_table_function_list(Vec::new())
        .with_table_factories(std::collections::HashMap::new())
        .with_file_formats(Vec::new())
        .with_physical_optimizer_rule(Arc::new(PauseJoins));
    if let Some(functions) = builder.scalar_functions() {
        functions.retain(|function| !UNBOUNDED_FUNCTIONS.contains(&function.name()));
    }
    if let Some(functions) = builder.table_functions() {
        functions.clear();
    }
    Ok(builder.build())
}

/// Reads a query and finds the visible tables it names.
fn parse<'r>(state: &SessionState, request: &'r QueryRequest) -> Result<(Statement, Vec<&'r VisibleTable>), ReadError> {
    check_size(&request.sql)?;
    let statement = state.sql_to_statement(&request.sql, &Dialect::Generic).map_err(|problem| {
        let hint = hyphen_hint(request);
        match bad_query(problem, 0) {
            ReadError::BadQuery(text) if text.contains("single SQL statement") => {
                ReadError::BadQuery("one statement at a time, please".to_owned())
            }
            ReadError::BadQuery(text) => ReadError::BadQuery(format!("{text}{hint}")),
            other => other,
        }
    })?;
    if !is_query(&statement) {
        return Err(ReadError::BadQuery("only a SELECT, or EXPLAIN with a SELECT, can be run here".to_owned()));
    }
    let references = state.resolve_table_references(&statement).map_err(|problem| bad_query(problem, 0))?;
    let mut tables: Vec<&VisibleTable> = Vec::new();
    for reference in references {
        let table = request.tables.iter().find(|table| is_named(&table.table, &reference));
        let table = table.ok_or_else(|| no_table(request, &reference))?;
        if !tables.iter().any(|known| known.table == table.table) {
            tables.push(table);
        }
    }
    Ok((statement, tables))
}

fn check_size(sql: &str) -> Result<(), ReadError> {
    if sql.len() > TEXT_BYTES_MAX {
        return Err(ReadError::BadQuery(format!("the query is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize();
    let tokens = tokens.map_err(|problem| ReadError::BadQuery(problem.to_string()))?;
    let counts = |token: &&Token| {
        !matches!(
            token,
            Token::Whitespace(_)
                | Token::Comma
                | Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::LParen
                | Token::RParen
        )
    };
    if tokens.iter().filter(counts).count() > WORDS_MAX {
        return Err(ReadError::BadQuery(format!("the query has more than {WORDS_MAX} words and signs")));
    }
    Ok(())
}

fn is_named(address: &TableAddress, reference: &TableReference) -> bool {
    let TableReference::Full { catalog, schema, table } = reference else { return false };
    (address.dataset.as_str(), address.tier.as_str(), address.table.as_str()) == (catalog, schema, table)
}

fn no_table(request: &QueryRequest, reference: &TableReference) -> ReadError {
    const LISTED_MAX: usize = 10;
    let mut names: Vec<String> = request.tables.iter().map(|table| written(&table.table)).collect();
    names.sort();
    let more = if names.len() > LISTED_MAX { ", …" } else { "" };
    names.truncate(LISTED_MAX);
    let known = if names.is_empty() {
        "no table is visible to you".to_owned()
    } else {
        format!("tables are named dataset.tier.table; visible to you: {}{more}", names.join(", "))
    };
    ReadError::BadQuery(format!("there is no table {reference}; {known}"))
}

/// A table's name as it stands in a query.
fn written(address: &TableAddress) -> String {
    let part = |name: &str| {
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.contains('-');
        if plain { name.to_owned() } else { format!("\"{name}\"") }
    };
    format!("{}.{}.{}", part(address.dataset.as_str()), address.tier, part(address.table.as_str()))
}

fn hyphen_hint(request: &QueryRequest) -> String {
    let bare = |table: &&VisibleTable| {
        let dataset = table.table.dataset.as_str();
        dataset.contains('-') && request.sql.contains(dataset) && !request.sql.contains(&format!("\"{dataset}\""))
    };
    let hint = |table: &VisibleTable| format!("; names with a hyphen are quoted: {}", written(&table.table));
    request.tables.iter().find(bare).map(hint).unwrap_or_default()
}

fn register(state: &SessionState, table: &VisibleTable, open: &Opener) -> PlanResult<()> {
    let external = |problem: ReadError| datafusion::error::DataFusionError::External(Box::new(problem));
    let opened = |name: &String| open(&table.table, name);
    let files = table.files.iter().map(opened).collect::<Result<Vec<_>, _>>().map_err(external)?;
    let rows = VisibleRows::new(files, &table.columns, table.rows.clone()).map_err(external)?;
    let address = &table.table;
    let catalogs: &Arc<dyn CatalogProviderList> = state.catalog_list();
    let catalog = catalogs.catalog(address.dataset.as_str()).unwrap_or_else(|| {
        let new: Arc<dyn CatalogProvider> = Arc::new(MemoryCatalogProvider::new());
        catalogs.register_catalog(address.dataset.to_string(), new.clone());
        new
    });
    let schema = match catalog.schema(address.tier.as_str()) {
        Some(schema) => schema,
        None => {
            let new: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
            catalog.register_schema(address.tier.as_str(), new.clone())?;
            new
        }
    };
    schema.register_table(address.table.to_string(), Arc::new(rows))?;
    Ok(())
}

/// Makes joins pause now and then, so that a query that produces without end can be stopped.
#[derive(Debug)]
struct PauseJoins;

impl PhysicalOptimizerRule for PauseJoins {
    fn name(&self) -> &'static str {
        "pause_joins"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let wrap = |node: Arc<dyn ExecutionPlan>| {
            let joins = node.children().len() > 1 && node.name().contains("Join");
            Ok(if joins { Transformed::yes(wrapped(node)) } else { Transformed::no(node) })
        };
        plan.transform_up(wrap).map(|transformed| transformed.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn wrapped(node: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    Arc::new(CooperativeExec::new(node))
}
