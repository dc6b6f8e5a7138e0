//! The flat sheets of the National Cancer Center's library for lung and colorectal cancer: one row for each patient,
//! one column for each category, and codes of their own. Unlike the published sheets, no patient has two T flags.

use super::Cancer5;
use super::model::Cancer;
use super::patient::{Method, Patient, Smoking};
use crate::program::table::{Cell, Layout, Sink, Type, Write};

const NOT_KNOWN: i64 = 99;
/// The colorectal sheet ends after five years.
const COLORECTAL_DAYS_MAX: i32 = 1_825;

const LUNG_HISTOLOGIES: [&str; 3] = ["8140/3", "8012/3", "8070/3"];
const LUNG_STAGES: [&str; 17] =
    ["TX", "T0", "T1", "T1a", "T1b", "T1c", "T2", "T2a", "T2b", "T3", "T4", "N1", "N2", "N3", "M1a", "M1b", "M1c"];
const COLORECTAL_HISTOLOGIES: [&str; 7] = ["8480/3", "8490/3", "8140/3", "8240/3", "8246/3", "8070/3", "8000/3"];
const COLORECTAL_STAGES: [&str; 30] = [
    "Tis", "T1", "T1a", "T1b", "T1c", "T2", "T2a", "T2b", "T2c", "T3", "T3a", "T3b", "T4", "T4a", "T4b", "N1", "N1a",
    "N1b", "N1c", "N2", "N2a", "N2b", "N2c", "N3", "N3a", "N3b", "M1", "M1a", "M1b", "M1c",
];

pub(crate) const TABLES: &[Layout<Cancer5>] = &[
    Layout {
        name: "lung_sheet",
        columns: &[
            ("patient_id", Type::Int64),
            ("no", Type::Int64),
            ("age", Type::Int32),
            ("adenocarcinoma", Type::Int32),
            ("large_cell_carcinoma", Type::Int32),
            ("squamous_cell_carcinoma", Type::Int32),
            ("tx", Type::Int32),
            ("t0", Type::Int32),
            ("t1", Type::Int32),
            ("t1a", Type::Int32),
            ("t1b", Type::Int32),
            ("t1c", Type::Int32),
            ("t2", Type::Int32),
            ("t2a", Type::Int32),
            ("t2b", Type::Int32),
            ("t3", Type::Int32),
            ("t4", Type::Int32),
            ("n1", Type::Int32),
            ("n2", Type::Int32),
            ("n3", Type::Int32),
            ("m1a", Type::Int32),
            ("m1b", Type::Int32),
            ("m1c", Type::Int32),
            ("type_of_drink", Type::Int32),
            ("smoke", Type::Int32),
            ("height", Type::Float64),
            ("weight", Type::Float64),
            ("fev1_fvc_p", Type::Float64),
            ("dlco_va_p", Type::Float64),
            ("egfr_mutation_detection", Type::Int32),
            ("operation", Type::Int32),
            ("chemotherapy", Type::Int32),
            ("radiation_therapy", Type::Int32),
            ("death", Type::Int32),
            ("survival_period", Type::Int32),
        ],
        write: Write::Person(lung),
    },
    Layout {
        name: "colorectal_sheet",
        columns: &[
            ("patient_id", Type::Int64),
            ("no", Type::Int64),
            ("age", Type::Int32),
            ("mucinous", Type::Int32),
            ("signet_ring_cell", Type::Int32),
            ("adenocarcinoma", Type::Int32),
            ("carcinoid_tumor", Type::Int32),
            ("neuroendocrine_carcinoma", Type::Int32),
            ("squamous_cell_carcinoma", Type::Int32),
            ("neoplasm_malignant", Type::Int32),
            ("tis", Type::Int32),
            ("t1", Type::Int32),
            ("t1a", Type::Int32),
            ("t1b", Type::Int32),
            ("t1c", Type::Int32),
            ("t2", Type::Int32),
            ("t2a", Type::Int32),
            ("t2b", Type::Int32),
            ("t2c", Type::Int32),
            ("t3", Type::Int32),
            ("t3a", Type::Int32),
            ("t3b", Type::Int32),
            ("t4", Type::Int32),
            ("t4a", Type::Int32),
            ("t4b", Type::Int32),
            ("n1", Type::Int32),
            ("n1a", Type::Int32),
            ("n1b", Type::Int32),
            ("n1c", Type::Int32),
            ("n2", Type::Int32),
            ("n2a", Type::Int32),
            ("n2b", Type::Int32),
            ("n2c", Type::Int32),
            ("n3", Type::Int32),
            ("n3a", Type::Int32),
            ("n3b", Type::Int32),
            ("m1", Type::Int32),
            ("m1a", Type::Int32),
            ("m1b", Type::Int32),
            ("m1c", Type::Int32),
            ("drink", Type::Int32),
            ("smoke", Type::Int32),
            ("height", Type::Float64),
            ("weight", Type::Float64),
            ("egfr", Type::Int32),
            ("msi", Type::Int32),
            ("krasmutation_exon2", Type::Int32),
            ("krasmutation", Type::Int32),
            ("nrasmutation", Type::Int32),
            ("braf_mutation", Type::Int32),
            ("operation", Type::Int32),
            ("chemotherapy", Type::Int32),
            ("radiation", Type::Int32),
            ("death", Type::Int32),
            ("survival_period", Type::Int32),
        ],
        write: Write::Person(colorectal),
    },
];

fn lung(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    if patient.cancer() != Cancer::Lung {
        return;
    }
    let mut cells = beginning(patient, &LUNG_HISTOLOGIES, &LUNG_STAGES);
    let measured = |code| patient.test(code).and_then(|test| test.number);
    cells.extend(habits(patient));
    cells.extend([Cell::number(measured("FEV1_FVC")), Cell::number(measured("DLCO_VA"))]);
    cells.push(Cell::Integer(match patient.test("EGFR").and_then(|test| test.text) {
        Some("mutated") => 1,
        Some(_) => 0,
        None => NOT_KNOWN,
    }));
    cells.extend(ending(patient, i32::MAX));
    sink.row(&cells);
}

fn colorectal(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    if patient.cancer() != Cancer::Colorectal {
        return;
    }
    let mut cells = beginning(patient, &COLORECTAL_HISTOLOGIES, &COLORECTAL_STAGES);
    cells.extend(habits(patient));
    // EGFR is tested in lung cancer alone.
    cells.push(Cell::Integer(NOT_KNOWN));
    cells.push(found(patient, "MSI", &["MSI-high"]));
    cells.push(found(patient, "KRAS", &["mutated in exon 2"]));
    cells.push(found(patient, "KRAS", &["mutated in exon 2", "mutated elsewhere"]));
    cells.push(found(patient, "NRAS", &["mutated"]));
    cells.push(found(patient, "BRAF", &["mutated"]));
    cells.extend(ending(patient, COLORECTAL_DAYS_MAX));
    sink.row(&cells);
}

/// Number, age and the flags of histology and stage.
fn beginning<'a>(patient: &Patient<'_>, histologies: &[&str], stages: &[&str]) -> Vec<Cell<'a>> {
    let flag = |is_set: bool| Cell::Integer(is_set.into());
    let mut cells = vec![Cell::Integer(patient.id()), Cell::Integer(patient.id()), Cell::Integer(patient.age.into())];
    cells.extend(histologies.iter().map(|code| flag(*code == patient.histology.code)));
    cells.extend(stages.iter().map(|code| flag([patient.t, patient.n, patient.m].contains(code))));
    cells
}

fn habits<'a>(patient: &Patient<'_>) -> [Cell<'a>; 4] {
    let drink = match patient.drinking {
        "beer" => 1,
        "soju" => 2,
        "spirits" => 3,
        _ => NOT_KNOWN,
    };
    let smoke = match patient.smoking {
        Smoking::Never => 0,
        Smoking::Current => 1,
        Smoking::Past => 2,
    };
    [Cell::Integer(drink), Cell::Integer(smoke), Cell::Number(patient.height_cm), Cell::Number(patient.weight_kg)]
}

/// 2 when a marker has one of some results, 1 when it has another, 99 when it was not tested.
fn found<'a>(patient: &Patient<'_>, marker: &str, results: &[&str]) -> Cell<'a> {
    Cell::Integer(match patient.test(marker).and_then(|test| test.text) {
        Some(result) if results.contains(&result) => 2,
        Some(_) => 1,
        None => NOT_KNOWN,
    })
}

/// Treatments, death within the sheet's days, and how many days that were.
fn ending<'a>(patient: &Patient<'_>, days_max: i32) -> [Cell<'a>; 5] {
    let is_treated = |method| patient.treated(method);
    let drugs = is_treated(Method::Chemotherapy) || is_treated(Method::Targeted);
    let dead = patient.death.is_some() && patient.days() <= days_max;
    [
        Cell::Integer(is_treated(Method::Surgery).into()),
        Cell::Integer(drugs.into()),
        Cell::Integer(is_treated(Method::Radiation).into()),
        Cell::Integer(dead.into()),
        Cell::Integer(patient.days().min(days_max).into()),
    ]
}
