//! What no patient may be: counted over random seeds and ranges, and always zero.

use super::{model, patients};
use crate::cancer::model::Cancer;
use crate::cancer::patient::{Method, Patient, Stage};
use crate::program::person::Sex;

/// The markers that each cancer may have.
fn markers(cancer: Cancer) -> &'static [&'static str] {
    match cancer {
        Cancer::Colorectal => &["MSI", "KRAS", "NRAS", "BRAF", "CEA"],
        Cancer::Lung => &["EGFR", "FEV1_FVC", "DLCO_VA", "CEA"],
        Cancer::Breast => &["ER", "PR", "HER2", "BRCA1", "BRCA2"],
        Cancer::Prostate => &["PSA", "GLEASON"],
        Cancer::Liver => &["AFP"],
    }
}

/// ICD-O-3 morphologies that each site may have, without the behaviour.
fn histologies(cancer: Cancer) -> &'static [&'static str] {
    match cancer {
        Cancer::Colorectal => &["8140", "8480", "8490", "8240", "8246", "8070", "8000"],
        Cancer::Lung => &["8140", "8070", "8012", "8041", "8046"],
        Cancer::Breast => &["8500", "8520", "8480", "8510", "8010"],
        Cancer::Prostate => &["8140", "8500", "8041", "8010"],
        Cancer::Liver => &["8170", "8160"],
    }
}

fn violations(patient: &Patient<'_>) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut must = |holds: bool, rule| {
        if !holds {
            found.push(rule);
        }
    };
    let cancer = patient.cancer();
    let dates = patient.treatments.iter().flat_map(|treatment| [treatment.start, treatment.end]);
    let dates = dates.chain(patient.tests.iter().map(|test| test.date)).chain(patient.pathology);
    let dates = dates.chain(patient.response.map(|(_, date)| date)).chain(patient.recurrence);
    for date in dates {
        must((patient.diagnosis..=patient.end).contains(&date), "everything lies between diagnosis and end");
    }
    must(patient.person.birth < patient.diagnosis && patient.diagnosis < patient.end, "birth, diagnosis, end");
    must(patient.death.is_none_or(|death| death.date == patient.end), "follow-up ends with death");
    must(cancer != Cancer::Prostate || patient.person.sex == Sex::Male, "prostate cancer only in men");
    must((20..=92).contains(&patient.age), "age");
    let of_m = match patient.stage {
        Stage::Localized | Stage::Regional => patient.m == "M0",
        Stage::Distant => patient.m.starts_with("M1"),
        Stage::Unknown => (patient.t, patient.n, patient.m, patient.group) == ("TX", "NX", "MX", "unknown"),
    };
    must(of_m, "M follows the summary stage");
    must(patient.stage != Stage::Localized || patient.n == "N0", "localized cancer has no node");
    must((patient.group == "unknown") == (patient.stage == Stage::Unknown), "a group where the stage is known");
    must(patient.group.starts_with("IV") || patient.stage != Stage::Distant, "distant cancer is stage IV");
    let morphology = patient.histology.code.split('/').next().unwrap();
    must(histologies(cancer).contains(&morphology), "histology of the site");
    must(patient.histology.code != "8170/3" || patient.site.code == "C22.0", "liver cells in the liver");
    must(patient.histology.code != "8160/3" || patient.site.code == "C22.1", "bile duct cells in the bile duct");
    for test in &patient.tests {
        must(markers(cancer).contains(&test.code), "markers of the cancer");
        must(test.number.is_some() != test.text.is_some(), "a number or a word");
        must(test.code != "EGFR" || !["8070/3", "8041/3"].contains(&morphology), "EGFR of adenocarcinoma");
    }
    let operated = patient.treatments.iter().find(|treatment| treatment.method == Method::Surgery);
    let reported = patient.pathology.is_none_or(|date| operated.is_some_and(|surgery| surgery.start < date));
    must(reported, "pathology after surgery");
    must(patient.response.is_none() || patient.treatments.iter().any(|t| t.method.is_drug()), "drugs before response");
    must(patient.treatments.is_sorted_by_key(|treatment| treatment.start), "treatments in order");
    must(
        patient.treatments.iter().all(|treatment| treatment.start <= treatment.end),
        "a treatment ends after its start",
    );
    must(cancer == Cancer::Prostate || patient.grade.is_some(), "grade");
    found
}

#[test]
fn no_patient_contradicts_himself() {
    let model = model();
    for (seed, first) in [(1, 0), (2, 17_000), (u64::MAX, 1 << 33), (20_260_105, 60_000)] {
        for patient in patients(&model, first..first + 2_000, seed) {
            assert_eq!(violations(&patient), [""; 0], "{patient:?}");
        }
    }
}

#[test]
fn breast_cancer_is_rare_in_men_and_known_in_them() {
    let model = model();
    let breast: Vec<Patient<'_>> =
        patients(&model, 0..16_000, 9).into_iter().filter(|patient| patient.cancer() == Cancer::Breast).collect();
    let men = breast.iter().filter(|patient| patient.person.sex == Sex::Male).count();
    assert!((3_600..3_632).contains(&breast.len()) && (10..22).contains(&men), "{men} of {}", breast.len());
}
