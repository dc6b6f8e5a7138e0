//! What the measuring of the persons leaves: the quasi-identifiers and sensitive columns as codes, and from them the
//! levels that a search chooses, the classes, and what would help a recipe that is refused.

use super::coded::{Coded, names, numbered};
use crate::definition::{
    ClosenessDistance, ColumnPlan, Definition, LDiversity, LDiversityKind, Privacy, TCloseness, TablePlan,
    hierarchy_table,
};
use crate::error::{CurateError, InputError};
use crate::generalise::{
    Classified, Column, Distance, Effort, Hierarchy, Model, Outcome, Proof, Question, Sensitive, classify, search,
};
use crate::key::ProjectKeys;
use crate::output::internal;
use crate::report::{Search, SearchedColumn};
use crate::risk::share;
use crate::transform::{RowContext, Transform, apply};
use arrow::array::{Array, ArrayRef};
use arrow::compute::rank;
use std::collections::HashMap;
use std::num::NonZeroUsize;

/// The columns that classes are made of, and those that models look at.
pub(super) struct Measured<'a> {
    pub(super) definition: &'a Definition,
    pub(super) privacy: &'a Privacy,
    pub(super) table: &'a TablePlan,
    pub(super) quasi: Vec<Quasi<'a>>,
    sensitive: Vec<(&'a ColumnPlan, Coded)>,
    persons: usize,
    keys: &'a ProjectKeys,
}

/// A quasi-identifier that is released.
pub(super) struct Quasi<'a> {
    pub(super) plan: &'a ColumnPlan,
    coded: Coded,
}

/// The levels that were chosen.
pub(super) struct Choice {
    /// What is done to each quasi-identifier, and its level among how many.
    pub(super) levels: Vec<(Transform, usize, usize)>,
    /// What the search found; nothing when there was nothing to choose.
    pub(super) outcome: Option<Outcome>,
    /// The classes.
    pub(super) classified: Classified,
}

impl<'a> Measured<'a> {
    pub(super) fn new(
        definition: &'a Definition,
        privacy: &'a Privacy,
        table: &'a TablePlan,
        keys: &'a ProjectKeys,
    ) -> Self {
        let coded = |plan| Quasi { plan, coded: Coded::default() };
        let quasi = table.quasi().filter(|column| column.transform != Transform::Drop).map(coded).collect();
        let column = |name: &String| table.columns.iter().find(|column| &column.spec.name == name);
        let diverse = privacy.l_diversity.iter().map(|model| &model.column);
        let close = privacy.t_closeness.iter().map(|model| &model.column);
        let sensitive = diverse.chain(close).filter_map(column).map(|column| (column, Coded::default())).collect();
        Self { definition, privacy, table, quasi, sensitive, persons: 0, keys }
    }

    /// Adds a batch: raw values of quasi-identifiers, released ones of sensitive columns.
    pub(super) fn add(
        &mut self,
        value: impl Fn(&ColumnPlan) -> Option<ArrayRef>,
        context: &RowContext<'_>,
    ) -> Result<(), CurateError> {
        let failed = |error: arrow::error::ArrowError| internal(&self.table.spec.name, error);
        let release = |plan: &ColumnPlan, raw: &ArrayRef| apply(&plan.transform, plan.released, raw, context);
        for Quasi { plan, coded } in &mut self.quasi {
            let Some(raw) = value(plan) else { continue };
            // A shift depends on the person, so that the raw value alone does not say what is released.
            let values = if plan.is_shifted() { release(plan, &raw).map_err(failed)? } else { raw };
            coded.add(&values).map_err(failed)?;
        }
        for (plan, coded) in &mut self.sensitive {
            let Some(raw) = value(plan) else { continue };
            coded.add(&release(plan, &raw).map_err(failed)?).map_err(failed)?;
        }
        self.persons += context.persons.len();
        Ok(())
    }

    /// Finds the levels and the classes. When nothing is safe, the coarsest levels show by how much.
    pub(super) fn choose(&self) -> Result<Choice, CurateError> {
        let levels: Vec<Vec<Transform>> = self.quasi.iter().map(|quasi| quasi.plan.levels()).collect();
        let question = self.question(&levels)?;
        let outcome = match levels.iter().any(|levels| levels.len() > 1) {
            true => Some(self.search(question.clone())?),
            false => None,
        };
        let coarsest = || levels.iter().map(|levels| levels.len() - 1).collect();
        let best = outcome.as_ref().and_then(|outcome| outcome.best.as_ref());
        let chosen: Vec<usize> = best.map_or_else(coarsest, |best| best.levels.clone());
        // A constant column stands in when there are no quasi-identifiers.
        let at = if chosen.is_empty() { vec![0] } else { chosen.clone() };
        let classified = classify(&question, &at).map_err(|error| internal(&self.table.spec.name, error))?;
        let pick = |(levels, at): (&Vec<Transform>, usize)| {
            (levels.get(at).cloned().unwrap_or(Transform::Suppress), at, levels.len())
        };
        Ok(Choice { levels: levels.iter().zip(chosen).map(pick).collect(), outcome, classified })
    }

    pub(super) fn search(&self, question: Question) -> Result<Outcome, CurateError> {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        search(question, Effort::new(threads)).map_err(|error| internal(&self.table.spec.name, error))
    }

    /// The question that a search answers, with the levels of each quasi-identifier.
    pub(super) fn question(&self, levels: &[Vec<Transform>]) -> Result<Question, CurateError> {
        let columns = self.quasi.iter().zip(levels).map(|(quasi, levels)| self.column(quasi, levels));
        let mut columns = columns.collect::<Result<Vec<Column>, _>>()?;
        if columns.is_empty() {
            let hierarchy = Hierarchy::new(&[vec![0]]).map_err(|error| internal(&self.table.spec.name, error))?;
            columns.push(Column { hierarchy, codes: vec![0; self.persons] });
        }
        let models = [self.privacy.l_diversity.as_ref().map(diversity), self.closeness()?];
        let mut sensitive = Vec::new();
        for ((_, coded), (model, order)) in self.sensitive.iter().zip(models.into_iter().flatten()) {
            let place = |code: &u32| usize::try_from(*code).ok().and_then(|code| order.get(code)).copied();
            let codes = coded.codes.iter().map(|code| place(code).unwrap_or(*code)).collect();
            sensitive.push(Sensitive { codes, model });
        }
        let suppressed_max = most_within(self.privacy.max_suppressed, u64::try_from(self.persons).unwrap_or(u64::MAX));
        Ok(Question { columns, sensitive, k: self.privacy.k, suppressed_max })
    }

    /// A quasi-identifier's hierarchy is made by its transforms themselves, on each value that occurs.
    fn column(&self, quasi: &Quasi<'_>, levels: &[Transform]) -> Result<Column, CurateError> {
        let name = &self.table.spec.name;
        let failed = |error: arrow::error::ArrowError| internal(name, error);
        let values = quasi.coded.values().map_err(failed)?;
        let mut groups = Vec::with_capacity(levels.len());
        for level in levels {
            let released = level.released(quasi.plan.kind).unwrap_or(quasi.plan.released);
            let rows = RowContext { keys: self.keys, persons: &[] };
            let coarse = if quasi.plan.is_shifted() && *level != Transform::Suppress {
                values.clone()
            } else {
                apply(level, released, &values, &rows).map_err(failed)?
            };
            let unknown = coarse.null_count().saturating_sub(values.null_count());
            let from_table = matches!((&quasi.plan.transform, level), (Transform::Levels(_), Transform::Map { .. }));
            if from_table && unknown > 0 {
                return Err(self.not_in_table(quasi.plan, unknown));
            }
            groups.push(numbered(&coarse).map_err(failed)?);
        }
        let hierarchy = Hierarchy::new(&groups).map_err(|error| internal(name, error))?;
        Ok(Column { hierarchy, codes: quasi.coded.codes.clone() })
    }

    /// The model of closeness, and each value's place in the order or the tree that it needs.
    fn closeness(&self) -> Result<Option<(Model, Vec<u32>)>, CurateError> {
        let Some(closeness) = &self.privacy.t_closeness else { return Ok(None) };
        let Some((plan, coded)) = self.sensitive.last() else { return Ok(None) };
        let failed = |error: arrow::error::ArrowError| internal(&self.table.spec.name, error);
        let values = coded.values().map_err(failed)?;
        let (distance, places) = match closeness.distance {
            ClosenessDistance::Equal => (Distance::Equal, Vec::new()),
            ClosenessDistance::Ordered => {
                let ranks = rank(values.as_ref(), None).map_err(failed)?;
                (Distance::Ordered, ranks.into_iter().map(|rank| rank.saturating_sub(1)).collect())
            }
            ClosenessDistance::Hierarchical => self.tree(closeness, plan, &names(&values).map_err(failed)?)?,
        };
        Ok(Some((Model::Closeness { t: closeness.t, distance }, places)))
    }

    /// The tree of a table, and the row of each value.
    fn tree(
        &self,
        closeness: &TCloseness,
        plan: &ColumnPlan,
        values: &[Option<String>],
    ) -> Result<(Distance, Vec<u32>), CurateError> {
        let failed = |error: &dyn std::fmt::Display| internal(&self.table.spec.name, error);
        let file = closeness.hierarchy.as_deref().unwrap_or_default();
        let mut columns = hierarchy_table(self.definition, file).unwrap_or_default();
        let rows = columns.first().cloned().unwrap_or_default();
        // Whatever is alike nowhere in the table is alike above it.
        columns.push(vec![String::new(); rows.len()]);
        let tree = Hierarchy::from_names(&columns).map_err(|error| failed(&error))?;
        let known: HashMap<&String, u32> = rows.iter().zip(0..).collect();
        let places: Vec<u32> =
            values.iter().filter_map(|value| value.as_ref().and_then(|value| known.get(value)).copied()).collect();
        match values.len() - places.len() {
            0 => Ok((Distance::Hierarchical(tree), places)),
            unknown => Err(self.not_in_table(plan, unknown)),
        }
    }

    fn not_in_table(&self, plan: &ColumnPlan, values: usize) -> CurateError {
        InputError::NotInHierarchy {
            file: self.table.spec.file.clone().unwrap_or_default(),
            column: plan.spec.raw_name().to_owned(),
            values,
        }
        .into()
    }
}

impl Choice {
    /// What is told of the search.
    pub(super) fn report(&self, measured: &Measured<'_>) -> Option<Search> {
        let outcome = self.outcome.as_ref()?;
        let at_least = match outcome.proof {
            Proof::Optimal => None,
            Proof::Within { at_least } => Some(at_least),
        };
        let searched = measured.quasi.iter().zip(&self.levels).filter(|(_, (_, _, levels))| *levels > 1);
        let column = |(quasi, (transform, level, levels)): (&Quasi<'_>, &(Transform, usize, usize))| SearchedColumn {
            name: format!("{}.{}", measured.table.spec.name, quasi.plan.spec.name),
            level: level + 1,
            levels: *levels,
            done: transform.note(),
        };
        Some(Search {
            found: outcome.best.is_some(),
            optimal: at_least.is_none(),
            loss: outcome.best.as_ref().map(|best| best.loss),
            at_least,
            combinations: outcome.nodes,
            counted: outcome.checks,
            columns: searched.map(column).collect(),
        })
    }
}

/// The model of diversity; it needs no order of values.
fn diversity(diversity: &LDiversity) -> (Model, Vec<u32>) {
    let l = diversity.l;
    let whole = (1..=1_000_u64).find(|whole| crate::risk::float(*whole) >= l).unwrap_or(1_000);
    let model = match diversity.kind {
        LDiversityKind::Distinct => Model::DistinctDiversity { l: whole },
        LDiversityKind::Entropy => Model::EntropyDiversity { l },
        LDiversityKind::Recursive => Model::RecursiveDiversity { c: diversity.c.unwrap_or(1.0), l: whole },
    };
    (model, Vec::new())
}

/// The largest number of persons that is no larger share than the one that is allowed.
fn most_within(allowed: f64, persons: u64) -> u64 {
    let (mut low, mut high) = (0, persons);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if share(middle, persons) <= allowed { low = middle } else { high = middle - 1 }
    }
    low
}
