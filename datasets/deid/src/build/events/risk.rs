//! The risk from known events, before and after, and what the gate says of it.

use super::{Events, Rules};
use crate::definition::{EventRule, Privacy};
use crate::error::{CurateError, Problem};
use crate::report::EventRisk;
use crate::risk::{EventShare, Facts, KNOWN_MAX};
use std::collections::BTreeMap;

impl Events<'_> {
    /// Measures what one to four known events are worth, before and after, to an adversary of those who are released.
    pub(in crate::build) fn risk(
        &self,
        kept: &[bool],
        known: u32,
        privacy: &Privacy,
    ) -> Result<EventRisk, CurateError> {
        let measure = |facts: Facts<'_>| -> Vec<EventShare> {
            (1..=KNOWN_MAX).map(|known| facts.measure(known, 0, privacy.k)).collect()
        };
        let everybody = vec![true; kept.len()];
        let columns = self.tables.iter().flat_map(|table| {
            let name = &table.plan.spec.name;
            table.rule.columns().map(move |column| format!("{name}.{column}")).collect::<Vec<_>>()
        });
        Ok(EventRisk {
            adversary_events: known,
            max_unique_share: privacy.max_unique_share,
            columns: columns.collect(),
            memory: self.tables.iter().filter_map(|table| memory(&table.plan.spec.name, table.rule)).collect(),
            before: measure(self.facts(&everybody, Rules::Raw)?),
            after: measure(self.facts(kept, Rules::Released(&BTreeMap::new()))?),
        })
    }
}

/// What an adversary's memory is coarse to, when it is coarser than what is released.
fn memory(table: &str, rule: &EventRule) -> Option<String> {
    let time = rule.time.as_ref().zip(rule.time_width).map(|(column, width)| format!("{table}.{column}: {width} d"));
    let values = rule.value_widths.iter().map(|(column, width)| format!("{table}.{column}: {width}"));
    let all: Vec<String> = time.into_iter().chain(values).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

impl EventRisk {
    /// Why the release may not go out; nothing when it may. What is not shown to be little enough is refused: the
    /// interval's upper end counts.
    pub(in crate::build) fn refusal(&self) -> Option<Problem> {
        let after = self.after.iter().find(|share| share.known == self.adversary_events)?;
        // Where nobody has so many events, nobody is singled out by them.
        if after.persons == 0 || after.unique.high <= self.max_unique_share {
            return None;
        }
        let (known, allowed) = (self.adversary_events, self.max_unique_share * 100.0);
        let (share, high) = (after.unique.share * 100.0, after.unique.high * 100.0);
        let columns = self.columns.join(", ");
        Some(Problem::new(
            "privacy.adversary_events",
            (
                format!(
                    "한 환자의 사건 {known}개를 알면 {share:.2} %(95 % 상한 {high:.2} %)가 한 사람으로 좁혀집니다. \
                     허용은 {allowed} %입니다."
                ),
                format!(
                    "who knows {known} events of a person singles out {share:.2} % of persons (95 %: up to {high:.2} %); \
                     {allowed} % are allowed."
                ),
            ),
            (
                format!("시점이나 값({columns})을 더 거칠게 하십시오."),
                format!("Release times or values of events ({columns}) more coarsely."),
            ),
        ))
    }
}
