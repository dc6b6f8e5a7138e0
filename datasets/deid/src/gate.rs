//! The release gate: whether the measured risk is within what the recipe allows, and what to do when it is not.

use crate::definition::Privacy;
use crate::error::Problem;
use crate::risk::share;
use mudeung_wire::manifest::RiskFigures;

/// Every reason against the release; none when it may go out.
pub(crate) fn refusals(figures: &RiskFigures, privacy: &Privacy) -> Vec<Problem> {
    let mut refusals = Vec::new();
    let total = figures.persons + figures.suppressed_persons;
    let suppressed = share(figures.suppressed_persons, total);
    let quasi = figures.quasi_identifiers.join(", ");
    let mend = || {
        (
            format!("준식별자({quasi})의 구간을 넓히거나 하나를 제외하십시오."),
            format!("Use wider classes for the quasi-identifiers ({quasi}) or drop one of them."),
        )
    };
    if figures.persons == 0 {
        let reason = (
            format!("k = {}를 만족하는 환자가 없습니다({total}명 모두 제외).", figures.required_k),
            format!("no person is left at k = {}: all {total} are in smaller classes.", figures.required_k),
        );
        return vec![Problem::new("privacy.k", reason, mend())];
    }
    if suppressed > privacy.max_suppressed {
        let (percent, allowed) = (suppressed * 100.0, privacy.max_suppressed * 100.0);
        let (left_out, k) = (figures.suppressed_persons, figures.required_k);
        let reason = (
            format!(
                "k = {k}를 위해 {total}명 중 {left_out}명({percent:.2} %)을 제외해야 합니다. 허용은 {allowed} %입니다."
            ),
            format!("k = {k} leaves out {left_out} of {total} persons ({percent:.2} %); {allowed} % are allowed."),
        );
        refusals.push(Problem::new("privacy.max_suppressed", reason, mend()));
    }
    if figures.unique_share > privacy.max_unique_share {
        let (percent, allowed) = (figures.unique_share * 100.0, privacy.max_unique_share * 100.0);
        let reason = (
            format!("환자의 {percent:.2} %가 유일합니다. 허용은 {allowed} %입니다."),
            format!("{percent:.2} % of persons are alone in their class; {allowed} % are allowed."),
        );
        refusals.push(Problem::new("privacy.max_unique_share", reason, mend()));
    }
    refusals
}
