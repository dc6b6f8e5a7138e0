//! The junction tree: cliques that hold every measured set, joined so that each column's cliques hang together.

use super::Set;

/// Cliques, each but the first with one before it that it hangs from.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
}

/// A clique and how it hangs from its parent.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) clique: Set,
    pub(crate) cells: usize,
    /// The parent, always an earlier node.
    pub(crate) parent: Option<usize>,
    /// The columns that it shares with its parent.
    pub(crate) separator: Set,
    /// How many cells the separator has.
    pub(crate) groups: usize,
    /// The cell of the separator for each cell of the clique.
    pub(crate) own: Vec<usize>,
    /// The cell of the separator for each cell of the parent's clique.
    pub(crate) parents: Vec<usize>,
}

impl Tree {
    /// The tree for sets of columns; every column is in it.
    pub(crate) fn new(sizes: &[usize], sets: &[Set]) -> Self {
        let mut left = cliques(sizes, sets);
        let mut nodes: Vec<Node> = Vec::with_capacity(left.len());
        // Prim's algorithm: the clique that shares most with one that is in the tree comes next.
        while !left.is_empty() {
            let mut best: Option<(u32, usize, Option<usize>)> = None;
            for (place, clique) in left.iter().enumerate() {
                let shared = |(at, node): (usize, &Node)| (node.clique.within(*clique).len(), Some(at));
                let (share, parent) = nodes.iter().enumerate().map(shared).max().unwrap_or((0, None));
                if best.is_none_or(|(most, _, _)| share > most) {
                    best = Some((share, place, parent));
                }
            }
            let Some((_, place, parent)) = best else { break };
            let clique = left.swap_remove(place);
            let above = parent.and_then(|parent| nodes.get(parent)).map_or(Set::default(), |node| node.clique);
            let separator = clique.within(above);
            nodes.push(Node {
                clique,
                cells: clique.cells(sizes),
                parent,
                separator,
                groups: separator.cells(sizes),
                own: clique.projection(separator, sizes),
                parents: if parent.is_some() { above.projection(separator, sizes) } else { Vec::new() },
            });
        }
        Self { nodes }
    }

    /// The smallest clique that holds a set.
    pub(crate) fn holder(&self, set: Set) -> Option<usize> {
        let holders = self.nodes.iter().enumerate().filter(|(_, node)| set.is_within(node.clique));
        holders.min_by_key(|(_, node)| node.cells).map(|(place, _)| place)
    }
}

/// How many cells the cliques of the tree for these sets have together; the largest number if it is more than that.
pub(crate) fn model_cells(sizes: &[usize], sets: &[Set]) -> usize {
    cliques(sizes, sets).iter().fold(0, |cells: usize, clique| cells.saturating_add(clique.cells(sizes)))
}

/// The maximal cliques of the graph of these sets, made chordal by taking out the column with the smallest clique
/// first.
fn cliques(sizes: &[usize], sets: &[Set]) -> Vec<Set> {
    let alone = |column: usize| Set::of(&[column]);
    let mut neighbours: Vec<Set> = (0..sizes.len()).map(alone).collect();
    for set in sets {
        for (column, near) in neighbours.iter_mut().enumerate() {
            if set.contains(column) {
                *near = near.with(*set);
            }
        }
    }
    let mut left: Vec<usize> = (0..sizes.len()).collect();
    let mut found: Vec<Set> = Vec::new();
    while !left.is_empty() {
        let near = |column: usize| neighbours.get(column).copied().unwrap_or_default();
        let weight = |(_, column): &(usize, &usize)| near(**column).cells(sizes);
        let Some((place, column)) = left.iter().enumerate().min_by_key(weight).map(|(place, column)| (place, *column))
        else {
            break;
        };
        let clique = near(column);
        left.remove(place);
        if !found.iter().any(|other| clique.is_within(*other)) {
            found.push(clique);
        }
        for (other, near) in neighbours.iter_mut().enumerate() {
            if clique.contains(other) {
                *near = near.with(clique).without(alone(column));
            }
        }
    }
    found
}
