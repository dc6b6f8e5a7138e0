//! How one quasi-identifier can be coarsened: level by level, which group each of its values falls into.

use super::GeneraliseError;

/// The ways to coarsen one column, from the finest level to the coarsest. Groups of a level never split a group of the
/// level below, so the levels form a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    values: usize,
    levels: Vec<Level>,
}

/// One level of a hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Level {
    /// The group of each value.
    pub(super) groups: Vec<u32>,
    /// How many values each group has.
    pub(super) sizes: Vec<u64>,
}

/// Most levels of one column.
pub const LEVELS_MAX: usize = 64;

impl Hierarchy {
    /// A hierarchy from the group of each value on each level; groups of a level are named by any numbers.
    pub fn new(levels: &[Vec<u32>]) -> Result<Self, GeneraliseError> {
        let values = levels.first().map_or(0, Vec::len);
        if values == 0 || levels.len() > LEVELS_MAX || levels.iter().any(|level| level.len() != values) {
            return Err(GeneraliseError::Hierarchy { levels: levels.len(), values });
        }
        let levels: Vec<Level> = levels.iter().map(|names| Level::new(names)).collect();
        for (below, pair) in levels.windows(2).enumerate() {
            if let [fine, coarse] = pair
                && !fine.is_within(coarse)
            {
                return Err(GeneraliseError::NotATree { level: below + 1 });
            }
        }
        Ok(Self { values, levels })
    }

    /// A hierarchy in which the groups of a level are named by texts, as in a table with one row per value.
    pub fn from_names(levels: &[Vec<String>]) -> Result<Self, GeneraliseError> {
        let numbers = |names: &Vec<String>| {
            let mut known = std::collections::HashMap::new();
            let mut number = |name: &String| {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *known.entry(name.clone()).or_insert(next)
            };
            names.iter().map(&mut number).collect::<Vec<u32>>()
        };
        Self::new(&levels.iter().map(numbers).collect::<Vec<_>>())
    }

    /// Numbers in bands: one level for each list of breakpoints, and one in which all are alike when `suppress`.
    /// A value is in the band of the last breakpoint that is not above it.
    pub fn from_breaks(values: &[f64], levels: &[Vec<f64>], suppress: bool) -> Result<Self, GeneraliseError> {
        let band = |value: f64, breaks: &[f64]| {
            u32::try_from(breaks.partition_point(|start| *start <= value)).unwrap_or(u32::MAX)
        };
        let mut groups: Vec<Vec<u32>> =
            levels.iter().map(|breaks| values.iter().map(|value| band(*value, breaks)).collect()).collect();
        if suppress {
            groups.push(vec![0; values.len()]);
        }
        Self::new(&groups)
    }

    /// Number of levels.
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// Number of values.
    pub fn values(&self) -> usize {
        self.values
    }

    pub(super) fn level(&self, level: usize) -> Option<&Level> {
        self.levels.get(level)
    }

    /// How many values share the group of a value on a level.
    pub(super) fn alike(&self, level: usize, value: usize) -> u64 {
        let level = self.levels.get(level);
        let group = level.and_then(|level| level.groups.get(value)).copied().map(index).unwrap_or(usize::MAX);
        level.and_then(|level| level.sizes.get(group)).copied().unwrap_or(0)
    }
}

impl Level {
    fn new(names: &[u32]) -> Self {
        let mut numbers = std::collections::HashMap::new();
        let mut sizes: Vec<u64> = Vec::new();
        let mut groups = Vec::with_capacity(names.len());
        for name in names {
            let next = sizes.len();
            let group = *numbers.entry(*name).or_insert(next);
            match sizes.get_mut(group) {
                Some(size) => *size += 1,
                None => sizes.push(1),
            }
            groups.push(u32::try_from(group).unwrap_or(u32::MAX));
        }
        Self { groups, sizes }
    }

    /// Whether no group of this level is split by a coarser one.
    fn is_within(&self, coarse: &Self) -> bool {
        let mut parent: Vec<Option<u32>> = vec![None; self.sizes.len()];
        self.groups.iter().zip(&coarse.groups).all(|(group, above)| match parent.get_mut(index(*group)) {
            Some(known) => *known.get_or_insert(*above) == *above,
            None => false,
        })
    }
}

/// A code as a position.
pub(super) fn index(code: u32) -> usize {
    usize::try_from(code).unwrap_or(usize::MAX)
}
