//! The library tables in the five groups of the Korean clinical library of cancer data: patient, diagnosis, tests,
//! treatment, follow-up.

use super::Cancer5;
use super::patient::{Method, Patient};
use crate::program::person::Sex;
use crate::program::table::{Cell, Layout, Sink, Type, Write};

pub(crate) const TABLES: &[Layout<Cancer5>] = &[
    Layout {
        name: "patient",
        columns: &[
            ("patient_id", Type::Int64),
            ("sex", Type::Text),
            ("birth_date", Type::Date),
            ("height_cm", Type::Float64),
            ("weight_kg", Type::Float64),
            ("smoking", Type::Text),
            ("drinking", Type::Text),
        ],
        write: Write::Person(patient),
    },
    Layout {
        name: "diagnosis",
        columns: &[
            ("patient_id", Type::Int64),
            ("cancer", Type::Text),
            ("diagnosis_date", Type::Date),
            ("diagnosis_year", Type::Int32),
            ("age", Type::Int32),
            ("icd10", Type::Text),
            ("site", Type::Text),
            ("site_name", Type::Text),
            ("histology", Type::Text),
            ("histology_name", Type::Text),
            ("grade", Type::Int32),
            ("summary_stage", Type::Text),
            ("t", Type::Text),
            ("n", Type::Text),
            ("m", Type::Text),
            ("ajcc8_group", Type::Text),
            ("tumour_size_mm", Type::Int32),
            ("ecog", Type::Int32),
        ],
        write: Write::Person(diagnosis),
    },
    Layout {
        name: "test",
        columns: &[
            ("patient_id", Type::Int64),
            ("test_date", Type::Date),
            ("test", Type::Text),
            ("value", Type::Float64),
            ("unit", Type::Text),
            ("result", Type::Text),
        ],
        write: Write::Person(tests),
    },
    Layout {
        name: "treatment",
        columns: &[
            ("patient_id", Type::Int64),
            ("number", Type::Int32),
            ("method", Type::Text),
            ("name", Type::Text),
            ("start_date", Type::Date),
            ("end_date", Type::Date),
            ("days_from_diagnosis", Type::Int32),
            ("pathology_date", Type::Date),
        ],
        write: Write::Person(treatments),
    },
    Layout {
        name: "follow_up",
        columns: &[
            ("patient_id", Type::Int64),
            ("response", Type::Text),
            ("response_date", Type::Date),
            ("recurrence", Type::Text),
            ("recurrence_date", Type::Date),
            ("last_date", Type::Date),
            ("survival_days", Type::Int32),
            ("dead", Type::Boolean),
            ("death_date", Type::Date),
            ("cause_of_death", Type::Text),
        ],
        write: Write::Person(follow_up),
    },
];

/// Male or female.
pub(crate) fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "male",
        Sex::Female => "female",
    }
}

fn patient(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    sink.row(&[
        Cell::Integer(patient.id()),
        Cell::Text(sex(patient.person.sex)),
        Cell::Date(patient.person.birth),
        Cell::Number(patient.height_cm),
        Cell::Number(patient.weight_kg),
        Cell::Text(patient.smoking.name()),
        Cell::Text(patient.drinking),
    ]);
}

fn diagnosis(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let (year, _, _) = crate::program::calendar::civil(patient.diagnosis);
    sink.row(&[
        Cell::Integer(patient.id()),
        Cell::Text(patient.cancer().name()),
        Cell::Date(patient.diagnosis),
        Cell::Integer(year.into()),
        Cell::Integer(patient.age.into()),
        Cell::Text(patient.icd10()),
        Cell::Text(&patient.site.code),
        Cell::Text(&patient.site.name),
        Cell::Text(&patient.histology.code),
        Cell::Text(&patient.histology.name),
        Cell::integer(patient.grade),
        Cell::Text(patient.stage.name()),
        Cell::Text(patient.t),
        Cell::Text(patient.n),
        Cell::Text(patient.m),
        Cell::Text(patient.group),
        Cell::integer(patient.size_mm),
        Cell::Integer(patient.ecog.into()),
    ]);
}

fn tests(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    for test in &patient.tests {
        sink.row(&[
            Cell::Integer(patient.id()),
            Cell::Date(test.date),
            Cell::Text(test.code),
            Cell::number(test.number),
            Cell::text(test.unit),
            Cell::text(test.text),
        ]);
    }
}

fn treatments(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    for (number, treatment) in (1..).zip(&patient.treatments) {
        let pathology = patient.pathology.filter(|_| treatment.method == Method::Surgery);
        sink.row(&[
            Cell::Integer(patient.id()),
            Cell::Integer(number),
            Cell::Text(treatment.method.name()),
            Cell::Text(treatment.name),
            Cell::Date(treatment.start),
            Cell::Date(treatment.end),
            Cell::Integer((treatment.start - patient.diagnosis).into()),
            Cell::date(pathology),
        ]);
    }
}

/// How the cancer returned.
pub(crate) fn recurrence(patient: &Patient<'_>) -> &'static str {
    match patient.recurrence {
        None => "none",
        Some(_) if patient.was_free() => "recurrence",
        Some(_) => "progression",
    }
}

fn follow_up(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let cause = patient.death.map(|death| if death.by_cancer { "cancer" } else { "other" });
    sink.row(&[
        Cell::Integer(patient.id()),
        Cell::text(patient.response.map(|(response, _)| response)),
        Cell::date(patient.response.map(|(_, date)| date)),
        Cell::Text(recurrence(patient)),
        Cell::date(patient.recurrence),
        Cell::Date(patient.end),
        Cell::Integer(patient.days().into()),
        Cell::Flag(patient.death.is_some()),
        Cell::date(patient.death.map(|death| death.date)),
        Cell::text(cause),
    ]);
}
