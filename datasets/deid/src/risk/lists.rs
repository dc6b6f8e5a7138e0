//! Lists of numbers behind each other: the numbers of each person, of each fact, of each value.

/// Lists of numbers behind each other.
#[derive(Debug)]
pub(super) struct Lists {
    starts: Vec<usize>,
    numbers: Vec<u32>,
}

impl Lists {
    /// From pairs of a list and a number, which come in the order that they have within each list.
    pub(super) fn new(lists: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_usize; lists + 1];
        for (list, _) in pairs.clone() {
            if let Some(size) = starts.get_mut(index(list) + 1) {
                *size += 1;
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let (mut next, mut numbers) = (starts.clone(), vec![0; total]);
        for (list, number) in pairs {
            let Some(at) = next.get_mut(index(list)) else { continue };
            if let Some(place) = numbers.get_mut(*at) {
                *place = number;
            }
            *at += 1;
        }
        Self { starts, numbers }
    }

    pub(super) fn get(&self, list: u32) -> &[u32] {
        let range = self.starts.get(index(list)).zip(self.starts.get(index(list) + 1));
        range.and_then(|(from, to)| self.numbers.get(*from..*to)).unwrap_or_default()
    }
}

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

pub(super) fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
