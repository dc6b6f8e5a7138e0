//! What is asked, checked and brought into the form that the search works on.

use super::GeneraliseError;
use super::group::Scratch;
use super::hierarchy::{Hierarchy, index};
use super::model::{Distance, Judge, Model, float};
use super::node::{COLUMNS_MAX, Node};
use super::table::{Block, Rows, pack};
use std::collections::HashMap;

/// A question: the coarsest nothing that makes every person one of `k`.
#[derive(Debug, Clone)]
pub struct Question {
    /// The quasi-identifiers.
    pub columns: Vec<Column>,
    /// What must hold of sensitive columns besides.
    pub sensitive: Vec<Sensitive>,
    /// Persons that must share each class.
    pub k: u64,
    /// Persons that may be left out.
    pub suppressed_max: u64,
}

/// A quasi-identifier.
#[derive(Debug, Clone)]
pub struct Column {
    /// How it can be coarsened.
    pub hierarchy: Hierarchy,
    /// The value of each person, as a position in the hierarchy.
    pub codes: Vec<u32>,
}

/// A sensitive column and what must hold of it.
#[derive(Debug, Clone)]
pub struct Sensitive {
    /// The value of each person, from zero without gaps; in the order of the values where that counts.
    pub codes: Vec<u32>,
    /// What must hold of its distribution within each class.
    pub model: Model,
}

/// The question, ready to be searched.
pub(super) struct Problem {
    pub(super) hierarchies: Vec<Hierarchy>,
    pub(super) blocks: Vec<Block>,
    pub(super) judges: Vec<(Judge, Vec<u32>)>,
    pub(super) k: u64,
    pub(super) limit: u64,
    pub(super) persons: u64,
    /// For each column and level, how many values are alike, summed over all persons.
    base_loss: Vec<Vec<u64>>,
}

impl Problem {
    pub(super) fn new(question: Question) -> Result<(Self, Rows), GeneraliseError> {
        if question.columns.is_empty() || question.columns.len() > COLUMNS_MAX {
            return Err(GeneraliseError::Columns { columns: question.columns.len() });
        }
        let persons = validate(&question)?;
        let mut used = Vec::new();
        let mut positions = Vec::new();
        let mut base_loss = Vec::new();
        for column in &question.columns {
            let mut counts = vec![0_u64; column.hierarchy.values()];
            for code in &column.codes {
                if let Some(count) = counts.get_mut(index(*code)) {
                    *count += 1;
                }
            }
            let present: Vec<usize> =
                counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(value, _)| value).collect();
            let mut position = vec![0_usize; counts.len()];
            for (at, value) in present.iter().enumerate() {
                if let Some(position) = position.get_mut(*value) {
                    *position = at;
                }
            }
            let loss = |level: usize| {
                counts.iter().enumerate().map(|(value, count)| count * column.hierarchy.alike(level, value)).sum()
            };
            base_loss.push((0..column.hierarchy.levels()).map(loss).collect());
            used.push(present);
            positions.push(position);
        }
        let (judges, sensitive) = judges(&question.sensitive, persons);
        let hierarchies: Vec<Hierarchy> = question.columns.iter().map(|column| column.hierarchy.clone()).collect();
        let blocks = pack(&hierarchies, &used);
        let packed = blocks.iter().map(|block| packed(block, &question.columns, &positions, persons)).collect();
        let persons = u64::try_from(persons).unwrap_or(u64::MAX);
        let (k, limit) = (question.k, question.suppressed_max);
        let problem = Self { hierarchies, blocks, judges, k, limit, persons, base_loss };
        Ok((problem, distinct(packed, sensitive)))
    }

    /// Number of nodes; infinite beyond what counts.
    pub(super) fn nodes(&self) -> u64 {
        let levels = |h: &Hierarchy| u64::try_from(h.levels()).unwrap_or(u64::MAX);
        self.hierarchies.iter().map(levels).fold(1, u64::saturating_mul)
    }

    /// The node in which everything is as coarse as it can be.
    pub(super) fn top(&self) -> Node {
        Node::new(&self.hierarchies.iter().map(|hierarchy| hierarchy.levels() - 1).collect::<Vec<_>>())
    }

    /// The score of a node with what is lost besides its levels: it rises with the loss, and never by rounding alone.
    pub(super) fn score(&self, node: Node, besides: &[u64]) -> f64 {
        let mut score = 1.0;
        for (column, (hierarchy, losses)) in self.hierarchies.iter().zip(&self.base_loss).enumerate() {
            let kept = losses.get(node.level(column)).copied().unwrap_or(0);
            let lost = kept + besides.get(column).copied().unwrap_or(0);
            let domain = u64::try_from(hierarchy.values()).unwrap_or(1);
            if domain > 1 {
                score *= 1.0 + float(lost.saturating_sub(self.persons)) / float(self.persons * (domain - 1));
            }
        }
        score
    }

    /// The loss that a score stands for: the geometric mean over the columns, from 0 to 1.
    pub(super) fn loss(&self, score: f64) -> f64 {
        score.powf(1.0 / float(u64::try_from(self.hierarchies.len()).unwrap_or(1))) - 1.0
    }
}

/// Refuses what cannot be searched; gives the number of persons.
pub(super) fn validate(question: &Question) -> Result<usize, GeneraliseError> {
    let persons = question.columns.first().map_or(0, |column| column.codes.len());
    let fine = |column: &Column| {
        column.codes.len() == persons && column.codes.iter().all(|code| index(*code) < column.hierarchy.values())
    };
    let lengths = question.sensitive.iter().all(|sensitive| sensitive.codes.len() == persons);
    if persons == 0 || persons > PERSONS_MAX || !question.columns.iter().all(fine) || !lengths {
        return Err(GeneraliseError::Codes { persons });
    }
    for sensitive in &question.sensitive {
        sensitive.check()?;
    }
    Ok(persons)
}

/// Most persons of one search.
const PERSONS_MAX: usize = 200_000_000;

impl Sensitive {
    fn values(&self) -> usize {
        self.codes.iter().copied().max().map_or(0, |last| index(last) + 1)
    }

    fn check(&self) -> Result<(), GeneraliseError> {
        let fine = match &self.model {
            Model::DistinctDiversity { l } => *l >= 1,
            Model::EntropyDiversity { l } => *l >= 1.0,
            Model::RecursiveDiversity { c, l } => *c > 0.0 && *l >= 1,
            Model::Closeness { t, distance } => {
                let tree = match distance {
                    Distance::Hierarchical(tree) => {
                        tree.values() >= self.values()
                            && tree.level(0).is_some_and(|level| level.sizes.len() == tree.values())
                            && tree.level(tree.levels() - 1).is_some_and(|level| level.sizes.len() == 1)
                    }
                    Distance::Equal | Distance::Ordered => true,
                };
                (0.0..=1.0).contains(t) && tree
            }
        };
        if fine { Ok(()) } else { Err(GeneraliseError::Model) }
    }
}

/// The models with their columns, and one code for all sensitive values of a person together.
pub(super) fn judges(sensitive: &[Sensitive], persons: usize) -> (Vec<(Judge, Vec<u32>)>, Vec<u32>) {
    if sensitive.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let mut numbers: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut together = Vec::with_capacity(persons);
    let mut columns: Vec<Vec<u32>> = vec![Vec::new(); sensitive.len()];
    let mut own = Vec::with_capacity(sensitive.len());
    for person in 0..persons {
        own.clear();
        own.extend(sensitive.iter().map(|column| column.codes.get(person).copied().unwrap_or(0)));
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        match numbers.get(&own) {
            Some(number) => together.push(*number),
            None => {
                numbers.insert(own.clone(), next);
                together.push(next);
                columns.iter_mut().zip(&own).for_each(|(column, code)| column.push(*code));
            }
        }
    }
    let judge = |(sensitive, column): (&Sensitive, Vec<u32>)| {
        let values = match &sensitive.model {
            Model::Closeness { distance: Distance::Hierarchical(tree), .. } => tree.values(),
            Model::Closeness { .. }
            | Model::DistinctDiversity { .. }
            | Model::EntropyDiversity { .. }
            | Model::RecursiveDiversity { .. } => sensitive.values(),
        };
        let mut counts = vec![0_u64; values];
        for code in &sensitive.codes {
            if let Some(count) = counts.get_mut(index(*code)) {
                *count += 1;
            }
        }
        (Judge::new(sensitive.model.clone(), &counts), column)
    };
    (sensitive.iter().zip(columns).map(judge).collect(), together)
}

/// One block's value for each person.
fn packed(block: &Block, columns: &[Column], positions: &[Vec<usize>], persons: usize) -> Vec<u32> {
    let digit = |person: usize| {
        move |column: usize| {
            let code = columns.get(column).and_then(|column| column.codes.get(person)).copied().map_or(0, index);
            positions.get(column).and_then(|position| position.get(code)).copied().unwrap_or(0)
        }
    };
    (0..persons).map(|person| block.packed(digit(person))).collect()
}

/// Persons that are equal in everything become one row. Rows with close keys stand close, so that counting stays in the
/// processor's cache.
fn distinct(blocks: Vec<Vec<u32>>, sensitive: Vec<u32>) -> Rows {
    let persons = blocks.first().map_or(0, Vec::len);
    let mut scratch = Scratch::default();
    scratch.classes = vec![0; persons];
    let mut firsts = Vec::new();
    for codes in blocks.iter().chain(std::iter::once(&sensitive).filter(|codes| !codes.is_empty())) {
        firsts = scratch.number_with(codes);
    }
    let all = Rows { blocks, counts: vec![1; persons], sensitive };
    let rows = all.merged(&firsts, &scratch.classes);
    let value = |values: &Vec<u32>, row: usize| u64::from(values.get(row).copied().unwrap_or(0));
    // The two last blocks: they count the most in a key.
    let key = |row: usize| rows.blocks.iter().rev().take(2).fold(0, |key, values| key << 32 | value(values, row));
    let mut order: Vec<(u64, usize)> = (0..rows.len()).map(|row| (key(row), row)).collect();
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, row)| row).collect();
    rows.picked(&order)
}
