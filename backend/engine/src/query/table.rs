//! A table as one caller may see it, for the query planner: visible columns only, the row filter always beneath.

mod pushdown;

use crate::predicate::Predicate;
use crate::scan::{Part, Scan, Wanted};
use crate::stored::StoredFile;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Statistics, internal_err};
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, PlanProperties};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, StatisticsArgs,
};
use mudeung_core::filter::Filter;
use mudeung_core::reader::{ColumnView, ReadError};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// The rows and columns of a table that exist for a caller.
pub(super) struct VisibleRows {
    files: Vec<Arc<StoredFile>>,
    schema: SchemaRef,
    filter: Option<Filter>,
}

impl VisibleRows {
    /// Cuts a table to what is visible. A filter that does not fit the table makes it unreadable, not unfiltered.
    pub(super) fn new(
        files: Vec<Arc<StoredFile>>,
        columns: &ColumnView,
        filter: Option<Filter>,
    ) -> Result<Self, ReadError> {
        let first = files.first().ok_or_else(|| ReadError::Damaged("the table has no files".to_owned()))?;
        let stored = first.metadata()?.schema();
        if let Some(filter) = &filter {
            Predicate::compile(filter, stored)
                .map_err(|problem| ReadError::Damaged(format!("a row filter does not fit its table: {problem}")))?;
        }
        let visible = |name: &str| match columns {
            ColumnView::All => true,
            ColumnView::Only(names) => names.iter().any(|visible| visible == name),
        };
        let fields: Vec<_> = stored.fields().iter().filter(|field| visible(field.name())).cloned().collect();
        Ok(Self { schema: Arc::new(Schema::new(fields)), files, filter })
    }

    /// The row groups of all files in as many even parts as there are threads.
    fn parts(&self, threads: usize) -> Result<Vec<Vec<Part>>, ReadError> {
        let mut groups = VecDeque::new();
        for file in &self.files {
            let count = file.metadata()?.metadata().num_row_groups();
            groups.extend((0..count).map(|group| Part { file: file.clone(), groups: group..group + 1 }));
        }
        let size = groups.len().div_ceil(threads.max(1)).max(1);
        let mut parts = Vec::new();
        while !groups.is_empty() {
            let rest = groups.split_off(size.min(groups.len()));
            parts.push(Vec::from(std::mem::replace(&mut groups, rest)));
        }
        Ok(if parts.is_empty() { vec![Vec::new()] } else { parts })
    }

    /// How many rows there are, when the footers say so.
    fn row_count(&self) -> Option<usize> {
        let rows =
            |file: &Arc<StoredFile>| usize::try_from(file.metadata().ok()?.metadata().file_metadata().num_rows()).ok();
        self.files.iter().map(rows).sum()
    }
}

#[async_trait]
impl TableProvider for VisibleRows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(positions) => Arc::new(self.schema.project(positions)?),
            None => self.schema.clone(),
        };
        let mut conditions = self.filter.as_ref().map(|filter| filter.conditions.clone()).unwrap_or_default();
        conditions.extend(filters.iter().filter_map(|filter| pushdown::condition(filter, &self.schema)));
        let wanted = Wanted {
            columns: schema.fields().iter().map(|field| field.name().clone()).collect(),
            filter: (!conditions.is_empty()).then_some(Filter { conditions }),
            limit: limit.and_then(|limit| u64::try_from(limit).ok()).unwrap_or(u64::MAX),
        };
        let parts = self.parts(state.config().target_partitions()).map_err(external)?;
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let rows = self.row_count().filter(|_| wanted.filter.is_none() && limit.is_none());
        Ok(Arc::new(ScanRows { parts, schema, wanted, rows, properties: Arc::new(properties) }))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> PlanResult<Vec<TableProviderFilterPushDown>> {
        // Inexact: the planner tests again, so its own meaning of a comparison always decides.
        let support = |filter: &&Expr| match pushdown::condition(filter, &self.schema) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }
}

/// The reading end of a plan.
struct ScanRows {
    parts: Vec<Vec<Part>>,
    schema: SchemaRef,
    wanted: Wanted,
    /// The exact number of rows, when nothing is left out.
    rows: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl ExecutionPlan for ScanRows {
    fn name(&self) -> &'static str {
        "ScanRows"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> PlanResult<TreeNodeRecursion>,
    ) -> PlanResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> PlanResult<SendableRecordBatchStream> {
        let Some(parts) = self.parts.get(partition) else {
            return internal_err!("there is no partition {partition}");
        };
        let scan = Scan::over(parts.clone(), self.schema.clone(), self.wanted.clone());
        let batches = futures_util::stream::iter(scan.map(|batch| batch.map_err(external)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches)))
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> PlanResult<Arc<Statistics>> {
        let unknown = Statistics::new_unknown(&self.schema);
        Ok(Arc::new(match self.rows {
            Some(rows) if args.partition().is_none() => unknown.with_num_rows(Precision::Exact(rows)),
            _ => unknown,
        }))
    }
}

impl DisplayAs for ScanRows {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScanRows")
    }
}

// Neither says what it hides: plans and tables end up in messages.
impl fmt::Debug for ScanRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScanRows")
    }
}

impl fmt::Debug for VisibleRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisibleRows")
    }
}

fn external(problem: ReadError) -> DataFusionError {
    DataFusionError::External(Box::new(problem))
}
