//! What a release may leave out so that fewer of its persons are found again: the fewest things that a greedy search
//! finds, each of them needed.

use super::{Linkage, Linked, PERSONS_DRAWN};

/// Persons on whom it is tried out what to leave out next.
const PERSONS_TRIED: usize = 100;

/// Something that a release may leave out, by its place in [`Linkage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// A column of the person table.
    Column(usize),
    /// The moments of a table of events.
    Moments(usize),
    /// A table of events and one of its columns.
    Value(usize, usize),
    /// A table of events as a whole, the number of its rows too.
    Table(usize),
}

impl Linkage<'_> {
    /// What passes when it is left out, with what is then measured; nothing when not even all of it does.
    pub fn remedy(&self, passes: impl Fn(&Linked) -> bool) -> Option<(Vec<LeftOut>, Linked)> {
        let tell = |shown: &LeftOut| {
            let others: Vec<LeftOut> = self.all().into_iter().filter(|other| !other.covers(*shown)).collect();
            self.tried(&others)
        };
        // Where leaving out one thing changes nothing, the one that tells the most by itself goes first.
        let mut alone: Vec<(LeftOut, f64)> = self.all().into_iter().map(|shown| (shown, tell(&shown))).collect();
        alone.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let all: Vec<LeftOut> = alone.into_iter().map(|(shown, _)| shown).collect();
        let mut left_out = Vec::new();
        loop {
            let further = all.iter().filter(|shown| !left_out.contains(*shown) && self.is_last(**shown, &left_out));
            let trials = further.map(|shown| (self.tried(&with(&left_out, *shown)), *shown));
            let (_, best) = trials.min_by(|(one, _), (other, _)| one.total_cmp(other))?;
            left_out.push(best);
            let linked = self.without(&left_out, PERSONS_DRAWN);
            if passes(&linked) {
                return Some(self.needed(left_out, linked, passes));
            }
        }
    }

    /// Whether something may be left out next: a table as a whole when nothing is left of it but the number of its rows.
    fn is_last(&self, shown: LeftOut, left_out: &[LeftOut]) -> bool {
        let LeftOut::Table(_) = shown else { return true };
        self.all().into_iter().all(|part| part == shown || !shown.covers(part) || left_out.contains(&part))
    }

    /// Takes back what need not be left out.
    fn needed(
        &self,
        mut left_out: Vec<LeftOut>,
        mut linked: Linked,
        passes: impl Fn(&Linked) -> bool,
    ) -> (Vec<LeftOut>, Linked) {
        for shown in left_out.clone() {
            let fewer: Vec<LeftOut> = left_out.iter().copied().filter(|other| *other != shown).collect();
            let found = self.without(&fewer, PERSONS_DRAWN);
            if passes(&found) {
                (left_out, linked) = (fewer, found);
            }
        }
        (left_out, linked)
    }

    fn tried(&self, left_out: &[LeftOut]) -> f64 {
        self.without(left_out, PERSONS_TRIED).events.linked.share
    }

    fn all(&self) -> Vec<LeftOut> {
        let tables = self.sequences.iter().enumerate().flat_map(|(table, sequence)| {
            let values = (0..sequence.columns()).map(move |column| LeftOut::Value(table, column));
            [LeftOut::Moments(table), LeftOut::Table(table)].into_iter().chain(values)
        });
        (0..self.columns.len()).map(LeftOut::Column).chain(tables).collect()
    }
}

impl LeftOut {
    /// Whether the other cannot be shown when this is left out.
    fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Table(table), Self::Moments(of) | Self::Value(of, _)) => table == of,
            _ => self == other,
        }
    }
}

fn with(left_out: &[LeftOut], one: LeftOut) -> Vec<LeftOut> {
    left_out.iter().copied().chain([one]).collect()
}
