//! A patient as a FHIR R4 bundle in the profiles of mCODE 4.0.0.
//!
//! Codes of mCODE's profiles are those of its implementation guide (CC0); categories are given as AJCC names them,
//! drugs and operations as text, tests by their name. What needs licensed codes beyond these has text alone.

use super::patient::{Method, Patient, Test, Treatment};
use super::stage::grade_group;
use crate::program::calendar::iso;
use crate::program::person::Sex;
use serde_json::{Value, json};

const BASE: &str = "http://mudeung.example/fhir";
const MCODE: &str = "http://hl7.org/fhir/us/mcode/StructureDefinition";
const SNOMED: &str = "http://snomed.info/sct";
const LOINC: &str = "http://loinc.org";
const NCIT: &str = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl";
const AJCC: &str = "http://cancerstaging.org";
const TERMINOLOGY: &str = "http://terminology.hl7.org/CodeSystem";
const ICD_O_3: &str = "http://terminology.hl7.org/CodeSystem/icd-o-3";
const ICD_10: &str = "http://hl7.org/fhir/sid/icd-10";
const UNITS: &str = "http://unitsofmeasure.org";
/// The staging manual's eighth edition.
const METHOD: (&str, &str) = ("897275008", "AJCC Cancer Staging Manual, 8th edition neoplasm staging system");

/// The markers that are findings in genes.
const GENES: [&str; 6] = ["EGFR", "KRAS", "NRAS", "BRAF", "BRCA1", "BRCA2"];

/// The bundle of a patient.
pub(crate) fn bundle(patient: &Patient<'_>) -> Value {
    let mut resources = vec![person(patient), condition(patient)];
    resources.extend(metastasis(patient));
    resources.extend(staging(patient));
    resources.extend(findings(patient));
    resources.extend(patient.size_mm.map(|mm| size(patient, mm)));
    resources.extend(patient.size_mm.map(|_| tumour(patient)));
    resources.extend(tests(patient));
    resources.extend(genomics(patient));
    resources.extend((1..).zip(&patient.treatments).map(|(number, treatment)| treated(patient, number, treatment)));
    resources.extend(statuses(patient));
    let entries: Vec<Value> = resources.into_iter().map(entry).collect();
    json!({
        "resourceType": "Bundle",
        "id": id(patient, "bundle"),
        "meta": { "profile": [profile("mcode-patient-bundle")], "tag": [simulated()] },
        "type": "collection",
        "entry": entries,
    })
}

fn entry(resource: Value) -> Value {
    let part = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    json!({ "fullUrl": format!("{BASE}/{}/{}", part("resourceType"), part("id")), "resource": resource })
}

fn profile(name: &str) -> String {
    format!("{MCODE}/{name}")
}

/// Marks what is no record of a real patient.
fn simulated() -> Value {
    json!({ "system": format!("{TERMINOLOGY}/v3-ActReason"), "code": "HTEST", "display": "test health data" })
}

fn meta(profile_name: &str) -> Value {
    json!({ "profile": [profile(profile_name)], "tag": [simulated()] })
}

fn id(patient: &Patient<'_>, part: &str) -> String {
    format!("c5-{}-{part}", patient.id())
}

fn subject(patient: &Patient<'_>) -> Value {
    json!({ "reference": format!("Patient/{}", id(patient, "patient")) })
}

fn primary(patient: &Patient<'_>) -> Value {
    json!({ "reference": format!("Condition/{}", id(patient, "cancer")) })
}

fn coded(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code, "display": display }], "text": display })
}

fn category(code: &str) -> Value {
    json!([{ "coding": [{ "system": format!("{TERMINOLOGY}/observation-category"), "code": code }] }])
}

fn person(patient: &Patient<'_>) -> Value {
    let gender = if patient.person.sex == Sex::Male { "male" } else { "female" };
    let mut person = json!({
        "resourceType": "Patient",
        "id": id(patient, "patient"),
        "meta": meta("mcode-cancer-patient"),
        "identifier": [{ "system": format!("{BASE}/cancer5"), "value": patient.id().to_string() }],
        "name": [{ "use": "anonymous", "text": "simulated patient" }],
        "gender": gender,
        "birthDate": iso(patient.person.birth),
    });
    let deceased = match patient.death {
        Some(death) => ("deceasedDateTime", json!(iso(death.date))),
        None => ("deceasedBoolean", json!(false)),
    };
    insert(&mut person, deceased);
    person
}

fn insert(resource: &mut Value, (name, value): (&str, Value)) {
    if let Some(fields) = resource.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn clinical(code: &str) -> Value {
    coded(&format!("{TERMINOLOGY}/condition-clinical"), code, code)
}

fn problem() -> Value {
    coded(&format!("{TERMINOLOGY}/condition-category"), "problem-list-item", "Problem List Item")
}

fn condition(patient: &Patient<'_>) -> Value {
    let (site, histology) = (patient.site, patient.histology);
    let staged = json!([{
        "summary": coded(AJCC, patient.group, patient.group),
        "assessment": [{ "reference": format!("Observation/{}", id(patient, "group")) }],
        "type": coded(SNOMED, METHOD.0, METHOD.1),
    }]);
    json!({
        "resourceType": "Condition",
        "id": id(patient, "cancer"),
        "meta": meta("mcode-primary-cancer-condition"),
        "extension": [{
            "url": profile("mcode-histology-morphology-behavior"),
            "valueCodeableConcept": coded(ICD_O_3, &histology.code, &histology.name),
        }],
        "clinicalStatus": clinical("active"),
        "verificationStatus": coded(&format!("{TERMINOLOGY}/condition-ver-status"), "confirmed", "confirmed"),
        "category": [problem()],
        "code": coded(ICD_10, patient.icd10(), &patient.kind.title.en),
        "bodySite": [coded(ICD_O_3, &site.code, &site.name)],
        "subject": subject(patient),
        "onsetDateTime": iso(patient.diagnosis),
        "recordedDate": iso(patient.diagnosis),
        "stage": staged,
    })
}

fn metastasis(patient: &Patient<'_>) -> Option<Value> {
    patient.m.starts_with("M1").then(|| {
        json!({
            "resourceType": "Condition",
            "id": id(patient, "metastasis"),
            "meta": meta("mcode-secondary-cancer-condition"),
            "extension": [{ "url": profile("mcode-related-condition"), "valueReference": primary(patient) }],
            "clinicalStatus": clinical("active"),
            "category": [problem()],
            "code": { "text": "Secondary malignant neoplasm" },
            "subject": subject(patient),
            "onsetDateTime": iso(patient.diagnosis),
        })
    })
}

/// An observation of the patient that points to the cancer.
fn observation(patient: &Patient<'_>, part: &str, of: &str, code: Value, date: i32, value: (&str, Value)) -> Value {
    let mut observation = json!({
        "resourceType": "Observation",
        "id": id(patient, part),
        "meta": meta(of),
        "status": "final",
        "category": category("laboratory"),
        "code": code,
        "subject": subject(patient),
        "focus": [primary(patient)],
        "effectiveDateTime": iso(date),
    });
    insert(&mut observation, value);
    observation
}

/// T, N and M, and the group that they make.
fn staging(patient: &Patient<'_>) -> Vec<Value> {
    let of = |part: &str, of: &str, code: (&str, &str), value: &str| {
        let value = ("valueCodeableConcept", coded(AJCC, value, value));
        let mut staged = observation(patient, part, of, coded(SNOMED, code.0, code.1), patient.diagnosis, value);
        insert(&mut staged, ("category", category("exam")));
        insert(&mut staged, ("method", coded(SNOMED, METHOD.0, METHOD.1)));
        staged
    };
    let member = |part| json!({ "reference": format!("Observation/{}", id(patient, part)) });
    let mut group = of("group", "mcode-tnm-stage-group", ("399537006", "Clinical TNM stage grouping"), patient.group);
    insert(&mut group, ("hasMember", json!([member("t"), member("n"), member("m")])));
    let summary = ("valueCodeableConcept", json!({ "text": patient.stage.name() }));
    let code = json!({ "text": "Summary stage" });
    vec![
        of("t", "mcode-tnm-primary-tumor-category", ("399504009", "cT category"), patient.t),
        of("n", "mcode-tnm-regional-nodes-category", ("399534004", "cN category"), patient.n),
        of("m", "mcode-tnm-distant-metastases-category", ("399387003", "cM category"), patient.m),
        group,
        observation(patient, "summary", "mcode-cancer-stage", code, patient.diagnosis, summary),
    ]
}

fn findings(patient: &Patient<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    let mut add = |part, of, code, value| all.push(observation(patient, part, of, code, patient.diagnosis, value));
    add(
        "ecog",
        "mcode-ecog-performance-status",
        coded(LOINC, "89247-1", "ECOG Performance Status score"),
        ("valueInteger", json!(patient.ecog)),
    );
    if let Some(grade) = patient.grade {
        let value = ("valueCodeableConcept", json!({ "text": format!("grade {grade}") }));
        add("grade", "mcode-histologic-grade", coded(NCIT, "C18000", "Histologic Grade"), value);
    }
    if let Some(gleason) = patient.test("GLEASON").and_then(|test| test.text) {
        let group = format!("grade group {} (Gleason score {gleason})", grade_group(gleason));
        let code = coded(SNOMED, "385377005", "Gleason grade finding for prostatic cancer");
        let value = ("valueCodeableConcept", json!({ "text": group }));
        add("gleason", "mcode-prostate-gleason-grade-group", code, value);
    }
    all
}

fn quantity(value: f64, unit: &str) -> Value {
    json!({ "value": value, "unit": unit, "system": UNITS, "code": unit })
}

/// A size is that of a tumour, not of a disease.
fn size(patient: &Patient<'_>, mm: i32) -> Value {
    let longest = coded(LOINC, "33728-7", "Size.maximum dimension in Tumor");
    let component = json!([{ "code": longest, "valueQuantity": quantity(f64::from(mm), "mm") }]);
    let (code, value) = (coded(LOINC, "21889-1", "Size Tumor"), ("component", component));
    let mut size = observation(patient, "size", "mcode-tumor-size", code, patient.diagnosis, value);
    let tumour = json!([{ "reference": format!("BodyStructure/{}", id(patient, "tumour")) }]);
    insert(&mut size, ("focus", tumour));
    size
}

/// The tumour that was measured.
fn tumour(patient: &Patient<'_>) -> Value {
    let kind = json!({ "coding": [{ "system": "http://hl7.org/fhir/resource-types", "code": "BodyStructure" }] });
    json!({
        "resourceType": "BodyStructure",
        "id": id(patient, "tumour"),
        "meta": meta("mcode-tumor"),
        "extension": [{ "url": profile("mcode-related-condition"), "valueReference": primary(patient) }],
        "identifier": [{ "use": "usual", "type": kind, "value": id(patient, "tumour") }],
        "location": coded(ICD_O_3, &patient.site.code, &patient.site.name),
        "patient": subject(patient),
    })
}

/// The name of a test in identifiers.
fn part(test: &Test<'_>) -> String {
    test.code.to_lowercase().replace('_', "-")
}

fn tests(patient: &Patient<'_>) -> Vec<Value> {
    let tests = patient.tests.iter().filter(|test| test.code != "GLEASON");
    tests.map(|test| if GENES.contains(&test.code) { variant(patient, test) } else { marker(patient, test) }).collect()
}

fn marker(patient: &Patient<'_>, test: &Test<'_>) -> Value {
    let value = match (test.number, test.text) {
        (Some(number), _) => ("valueQuantity", quantity(number, test.unit.unwrap_or("1"))),
        (None, text) => ("valueCodeableConcept", json!({ "text": text.unwrap_or("unknown") })),
    };
    let code = json!({ "text": test.code });
    observation(patient, &part(test), "mcode-tumor-marker-test", code, test.date, value)
}

/// Whether a gene has a variant.
fn variant(patient: &Patient<'_>, test: &Test<'_>) -> Value {
    let result = test.text.unwrap_or("unknown");
    let (code, display) = if result == "wild type" { ("LA9634-2", "Absent") } else { ("LA9633-4", "Present") };
    let value = json!({ "coding": [{ "system": LOINC, "code": code, "display": display }], "text": result });
    let assessed = coded(LOINC, "69548-6", "Genetic variant assessment");
    let value = ("valueCodeableConcept", value);
    let mut variant = observation(patient, &part(test), "mcode-genomic-variant", assessed, test.date, value);
    let gene = coded(LOINC, "48018-6", "Gene studied [ID]");
    let studied = json!([{ "code": gene, "valueCodeableConcept": { "text": test.code } }]);
    insert(&mut variant, ("component", studied));
    variant
}

/// The report on all genes that were looked at.
fn genomics(patient: &Patient<'_>) -> Option<Value> {
    let genes: Vec<&Test<'_>> = patient.tests.iter().filter(|test| GENES.contains(&test.code)).collect();
    let reported = genes.iter().map(|test| test.date).max()?;
    let result = |test: &&Test<'_>| json!({ "reference": format!("Observation/{}", id(patient, &part(test))) });
    let genetics = json!({ "system": format!("{TERMINOLOGY}/v2-0074"), "code": "GE", "display": "Genetics" });
    Some(json!({
        "resourceType": "DiagnosticReport",
        "id": id(patient, "genomics"),
        "meta": meta("mcode-genomics-report"),
        "status": "final",
        "category": [{ "coding": [genetics] }],
        "code": coded(LOINC, "51969-4", "Genetic analysis report"),
        "subject": subject(patient),
        "effectiveDateTime": iso(reported),
        "result": genes.iter().map(result).collect::<Vec<Value>>(),
    }))
}

fn treated(patient: &Patient<'_>, number: u32, treatment: &Treatment<'_>) -> Value {
    let period = json!({ "start": iso(treatment.start), "end": iso(treatment.end) });
    let id = id(patient, &format!("treatment-{number}"));
    let reason = json!([primary(patient)]);
    let procedure = |of: &str, code: Value, performed: (&str, Value)| {
        let mut procedure = json!({
            "resourceType": "Procedure",
            "id": id,
            "meta": meta(of),
            "status": "completed",
            "code": code,
            "subject": subject(patient),
            "reasonReference": reason,
        });
        insert(&mut procedure, performed);
        procedure
    };
    match treatment.method {
        Method::Surgery => procedure(
            "mcode-cancer-related-surgical-procedure",
            json!({ "text": treatment.name }),
            ("performedDateTime", json!(iso(treatment.start))),
        ),
        Method::Radiation => procedure(
            "mcode-radiotherapy-course-summary",
            coded(SNOMED, "1217123003", "Radiotherapy course of treatment"),
            ("performedPeriod", period),
        ),
        Method::Chemotherapy | Method::Hormone | Method::Targeted => json!({
            "resourceType": "MedicationAdministration",
            "id": id,
            "meta": meta("mcode-cancer-related-medication-administration"),
            "status": "completed",
            "category": { "text": treatment.method.name() },
            "medicationCodeableConcept": { "text": treatment.name },
            "subject": subject(patient),
            "effectivePeriod": period,
            "reasonReference": reason,
        }),
    }
}

/// Response and recurrence as the status of the disease.
fn statuses(patient: &Patient<'_>) -> Vec<Value> {
    let code = || coded(LOINC, "97509-4", "Cancer Disease Progression");
    let status = |part, date, value| observation(patient, part, "mcode-cancer-disease-status", code(), date, value);
    let response = patient.response.map(|(response, date)| {
        let value = match response {
            "CR" | "PR" => json!({ "coding": [improved()], "text": response }),
            "SD" => json!({ "coding": [stable()], "text": response }),
            _ => json!({ "text": response }),
        };
        status("response", date, ("valueCodeableConcept", value))
    });
    let returned = patient.recurrence.map(|date| {
        let text = super::library::recurrence(patient);
        status("recurrence", date, ("valueCodeableConcept", json!({ "text": text })))
    });
    response.into_iter().chain(returned).collect()
}

fn improved() -> Value {
    json!({ "system": SNOMED, "code": "268910001", "display": "Patient's condition improved" })
}

fn stable() -> Value {
    json!({ "system": SNOMED, "code": "359746009", "display": "Patient's condition stable" })
}
