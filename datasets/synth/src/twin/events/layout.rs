//! Which questions are put to histories, and which cells one history counts in.

use crate::twin::domain::Bins;
use serde::{Deserialize, Serialize};

/// Numbers of events from which a history is denser: who is seen often is seen soon again.
const DENSITIES: [usize; 3] = [7, 15, 31];

/// What is counted of the histories of all persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question {
    /// Class of the person, code, next code; before the first code stands one that is none.
    Transitions,
    /// How dense the history is, code, next code, time between.
    Gaps,
    /// Class of the person, code, value.
    Values,
    /// Code, its value, its next value.
    Changes,
}

/// The sizes of all that is counted: by the policy, and by codes that are known to everybody.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) codes: Vec<String>,
    pub(crate) flags: usize,
    pub(crate) classes: usize,
    pub(crate) time: Bins,
    pub(crate) gaps: Bins,
    /// The values of each code, if it has any.
    pub(crate) values: Vec<Option<Bins>>,
}

/// An event in codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Event {
    pub(crate) time: f64,
    pub(crate) code: usize,
    /// The bin of its value; after the last one, none.
    pub(crate) value: usize,
}

impl Layout {
    /// How many values a code has, none included; zero where it never has one.
    pub(crate) fn value_count(&self, code: usize) -> usize {
        self.values.get(code).and_then(Option::as_ref).map_or(0, |bins| bins.count() + 1)
    }

    /// Where the values of a code begin among those of all codes.
    pub(crate) fn value_offset(&self, code: usize) -> usize {
        (0..code).map(|code| self.value_count(code)).sum()
    }

    /// Where the pairs of values of a code begin.
    pub(crate) fn change_offset(&self, code: usize) -> usize {
        (0..code).map(|code| self.value_count(code).pow(2)).sum()
    }

    /// The row of times between two codes in a history of so many events.
    pub(crate) fn gap_row(&self, events: usize, before: usize, next: usize) -> usize {
        let density = DENSITIES.iter().filter(|from| events >= **from).count();
        (density * self.codes.len() + before) * self.codes.len() + next
    }

    pub(crate) fn value_total(&self) -> usize {
        self.value_offset(self.codes.len())
    }

    /// The questions that make sense.
    pub(crate) fn questions(&self) -> &'static [Question] {
        let with_values = &[Question::Transitions, Question::Gaps, Question::Values, Question::Changes];
        if self.value_total() > 0 { with_values } else { &[Question::Transitions, Question::Gaps] }
    }
}

impl Question {
    /// How many cells there are.
    pub(crate) fn cells(self, layout: &Layout) -> usize {
        let codes = layout.codes.len();
        match self {
            Self::Transitions => layout.classes * (codes + 1) * codes,
            Self::Gaps => (DENSITIES.len() + 1) * codes * codes * layout.gaps.count(),
            Self::Values => layout.classes * layout.value_total(),
            Self::Changes => layout.change_offset(codes),
        }
    }

    /// The cells in which a history counts, as often as it does.
    pub(crate) fn answer(self, layout: &Layout, class: usize, events: &[Event]) -> Vec<usize> {
        let codes = layout.codes.len();
        let pairs = || events.iter().zip(events.iter().skip(1));
        match self {
            Self::Transitions => {
                let before = [codes].into_iter().chain(events.iter().map(|event| event.code));
                let cell = |(before, event): (usize, &Event)| (class * (codes + 1) + before) * codes + event.code;
                before.zip(events).map(cell).collect()
            }
            Self::Gaps => {
                let gap = |one: &Event, next: &Event| layout.gaps.place(next.time - one.time).0;
                let row = |one: &Event, next: &Event| layout.gap_row(events.len(), one.code, next.code);
                pairs().map(|(one, next)| row(one, next) * layout.gaps.count() + gap(one, next)).collect()
            }
            Self::Values => {
                let valued = events.iter().filter(|event| layout.value_count(event.code) > 0);
                let cell = |event: &Event| layout.value_offset(event.code) + event.value;
                valued.map(|event| class * layout.value_total() + cell(event)).collect()
            }
            Self::Changes => {
                let mut last = vec![None; codes];
                let mut cells = Vec::new();
                for event in events.iter().filter(|event| layout.value_count(event.code) > 0) {
                    let Some(last) = last.get_mut(event.code) else { continue };
                    if let Some(before) = last.replace(event.value) {
                        let values = layout.value_count(event.code);
                        cells.push(layout.change_offset(event.code) + before * values + event.value);
                    }
                }
                cells
            }
        }
    }
}
