//! Every person's class on given levels, and which classes are left out.

use super::GeneraliseError;
use super::check::{judge, sums};
use super::group::Scratch;
use super::hierarchy::index;
use super::problem::{Question, judges, validate};
use super::table::Rows;

/// The persons of a question on given levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// The class of each person.
    pub class_of: Vec<u32>,
    /// Persons of each class.
    pub sizes: Vec<u64>,
    /// Which classes are too small, or have sensitive values that a model does not allow.
    pub left_out: Vec<bool>,
}

/// Puts the persons of a question into the classes of given levels. Any number of columns will do.
pub fn classify(question: &Question, levels: &[usize]) -> Result<Classified, GeneraliseError> {
    let persons = validate(question)?;
    let mut scratch = Scratch::default();
    scratch.classes = vec![0; persons];
    let mut classes = 1;
    for (column, level) in question.columns.iter().zip(levels) {
        let Some(level) = column.hierarchy.level(*level) else { return Err(GeneraliseError::Codes { persons }) };
        let group = |code: &u32| level.groups.get(index(*code)).copied().unwrap_or(0);
        let groups: Vec<u32> = column.codes.iter().map(group).collect();
        classes = scratch.number_with(&groups).len();
    }
    let (judges, sensitive) = judges(&question.sensitive, persons);
    let rows = Rows { blocks: Vec::new(), counts: vec![1; persons], sensitive };
    let sizes = sums(&scratch.classes, &rows.counts, classes);
    let left_out = if judges.is_empty() {
        sizes.iter().map(|size| *size < question.k).collect()
    } else {
        let verdicts = judge(&judges, question.k, &rows, &scratch.classes, &sizes);
        verdicts.iter().map(|(suppressed, _)| *suppressed > 0).collect()
    };
    Ok(Classified { class_of: scratch.classes, sizes, left_out })
}
