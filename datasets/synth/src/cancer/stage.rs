//! The stage groups of the AJCC manual, eighth edition, as a function of the clinical categories.
//!
//! Simplified in two places: breast has the anatomic groups, not the prognostic ones, and small cell lung cancer and
//! neuroendocrine tumours are grouped like the carcinomas of their organ.

use super::model::Cancer;

/// The group of a patient whose categories are not known.
pub(crate) const UNKNOWN: &str = "unknown";

/// Every group.
pub(crate) const GROUPS: [&str; 18] = [
    UNKNOWN, "I", "IA", "IA1", "IA2", "IA3", "IB", "II", "IIA", "IIB", "IIC", "IIIA", "IIIB", "IIIC", "IV", "IVA",
    "IVB", "IVC",
];

/// What prostate cancer needs beside the categories.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prostate {
    pub(crate) psa: f64,
    pub(crate) grade_group: u32,
}

/// The group; `None` for categories that the manual does not have together.
pub(crate) fn group(
    cancer: Cancer,
    bile_duct: bool,
    tnm: (&str, &str, &str),
    prostate: Prostate,
) -> Option<&'static str> {
    if tnm == ("TX", "NX", "MX") {
        return Some(UNKNOWN);
    }
    match cancer {
        Cancer::Colorectal => colorectal(tnm),
        Cancer::Lung => lung(tnm),
        Cancer::Breast => breast(tnm),
        Cancer::Prostate => self::prostate(tnm, prostate),
        Cancer::Liver if bile_duct => bile_duct_of_liver(tnm),
        Cancer::Liver => liver(tnm),
    }
}

/// The grade group of a Gleason score.
pub(crate) fn grade_group(gleason: &str) -> u32 {
    match gleason {
        "3+3" => 1,
        "3+4" => 2,
        "4+3" => 3,
        "4+4" | "3+5" | "5+3" => 4,
        _ => 5,
    }
}

fn colorectal(tnm: (&str, &str, &str)) -> Option<&'static str> {
    Some(match tnm {
        (_, _, "M1a") => "IVA",
        (_, _, "M1b") => "IVB",
        (_, _, "M1c") => "IVC",
        ("T1" | "T2", "N0", "M0") => "I",
        ("T3", "N0", "M0") => "IIA",
        ("T4a", "N0", "M0") => "IIB",
        ("T4b", "N0", "M0") => "IIC",
        ("T1" | "T2", "N1a" | "N1b" | "N1c", "M0") | ("T1", "N2a", "M0") => "IIIA",
        ("T3" | "T4a", "N1a" | "N1b" | "N1c", "M0") | ("T2" | "T3", "N2a", "M0") | ("T1" | "T2", "N2b", "M0") => "IIIB",
        ("T4a", "N2a", "M0") | ("T3" | "T4a", "N2b", "M0") => "IIIC",
        ("T4b", "N1a" | "N1b" | "N1c" | "N2a" | "N2b", "M0") => "IIIC",
        _ => return None,
    })
}

fn lung(tnm: (&str, &str, &str)) -> Option<&'static str> {
    Some(match tnm {
        (_, _, "M1a" | "M1b") => "IVA",
        (_, _, "M1c") => "IVB",
        ("T1a", "N0", "M0") => "IA1",
        ("T1b", "N0", "M0") => "IA2",
        ("T1c", "N0", "M0") => "IA3",
        ("T2a", "N0", "M0") => "IB",
        ("T2b", "N0", "M0") => "IIA",
        ("T1a" | "T1b" | "T1c" | "T2a" | "T2b", "N1", "M0") | ("T3", "N0", "M0") => "IIB",
        ("T1a" | "T1b" | "T1c" | "T2a" | "T2b", "N2", "M0") | ("T3" | "T4", "N1", "M0") | ("T4", "N0", "M0") => "IIIA",
        ("T1a" | "T1b" | "T1c" | "T2a" | "T2b", "N3", "M0") | ("T3" | "T4", "N2", "M0") => "IIIB",
        ("T3" | "T4", "N3", "M0") => "IIIC",
        _ => return None,
    })
}

fn breast(tnm: (&str, &str, &str)) -> Option<&'static str> {
    Some(match tnm {
        (_, _, "M1") => "IV",
        ("T1", "N0", "M0") => "IA",
        ("T1", "N1", "M0") | ("T2", "N0", "M0") => "IIA",
        ("T2", "N1", "M0") | ("T3", "N0", "M0") => "IIB",
        ("T1" | "T2" | "T3", "N2", "M0") | ("T3", "N1", "M0") => "IIIA",
        ("T4", "N0" | "N1" | "N2", "M0") => "IIIB",
        (_, "N3", "M0") => "IIIC",
        _ => return None,
    })
}

fn prostate(tnm: (&str, &str, &str), prostate: Prostate) -> Option<&'static str> {
    let Prostate { psa, grade_group } = prostate;
    Some(match tnm {
        (_, _, "M1a" | "M1b" | "M1c") => "IVB",
        (_, "N1", "M0") => "IVA",
        (_, "N0", "M0") if grade_group == 5 => "IIIC",
        ("T3a" | "T3b" | "T4", "N0", "M0") => "IIIB",
        ("T1c" | "T2a" | "T2b" | "T2c", "N0", "M0") => match (grade_group, psa) {
            (_, psa) if psa >= 20.0 => "IIIA",
            (3 | 4, _) => "IIC",
            (2, _) => "IIB",
            (_, psa) if psa >= 10.0 || matches!(tnm.0, "T2b" | "T2c") => "IIA",
            _ => "I",
        },
        _ => return None,
    })
}

fn liver(tnm: (&str, &str, &str)) -> Option<&'static str> {
    Some(match tnm {
        (_, _, "M1") => "IVB",
        (_, "N1", "M0") => "IVA",
        ("T1a", "N0", "M0") => "IA",
        ("T1b", "N0", "M0") => "IB",
        ("T2", "N0", "M0") => "II",
        ("T3", "N0", "M0") => "IIIA",
        ("T4", "N0", "M0") => "IIIB",
        _ => return None,
    })
}

fn bile_duct_of_liver(tnm: (&str, &str, &str)) -> Option<&'static str> {
    Some(match tnm {
        (_, _, "M1") => "IV",
        (_, "N1", "M0") | ("T4", "N0", "M0") => "IIIB",
        ("T1a", "N0", "M0") => "IA",
        ("T1b", "N0", "M0") => "IB",
        ("T2", "N0", "M0") => "II",
        ("T3", "N0", "M0") => "IIIA",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Prostate, group};
    use crate::cancer::model::Cancer;

    #[test]
    fn groups_are_those_of_the_manual() {
        let of = |cancer, t, n, m| group(cancer, false, (t, n, m), Prostate { psa: 5.0, grade_group: 1 });
        assert_eq!(of(Cancer::Colorectal, "T3", "N2a", "M0"), Some("IIIB"));
        assert_eq!(of(Cancer::Colorectal, "T4b", "N1a", "M0"), Some("IIIC"));
        assert_eq!(of(Cancer::Lung, "T4", "N1", "M0"), Some("IIIA"));
        assert_eq!(of(Cancer::Lung, "T2b", "N3", "M1c"), Some("IVB"));
        assert_eq!(of(Cancer::Breast, "T3", "N1", "M0"), Some("IIIA"));
        assert_eq!(of(Cancer::Liver, "T2", "N1", "M0"), Some("IVA"));
        assert_eq!(group(Cancer::Liver, true, ("T2", "N1", "M0"), Prostate { psa: 0.0, grade_group: 1 }), Some("IIIB"));
        assert_eq!(of(Cancer::Breast, "T5", "N0", "M0"), None);
    }

    #[test]
    fn prostate_cancer_is_grouped_with_psa_and_grade() {
        let of = |t, psa, grade_group| group(Cancer::Prostate, false, (t, "N0", "M0"), Prostate { psa, grade_group });
        let found =
            [("T2a", 5.0, 1), ("T2a", 12.0, 1), ("T2c", 5.0, 1), ("T1c", 5.0, 2), ("T1c", 5.0, 4), ("T1c", 25.0, 2)];
        let found = found.map(|(t, psa, grade_group)| of(t, psa, grade_group).unwrap());
        assert_eq!(found, ["I", "IIA", "IIA", "IIB", "IIC", "IIIA"]);
        assert_eq!((of("T3a", 5.0, 2), of("T3a", 5.0, 5)), (Some("IIIB"), Some("IIIC")));
    }
}
