"""The simulated cancer patients beside the registry's figures, counted by code that knows nothing of the generator."""

import json
import subprocess
import tomllib
from pathlib import Path

import duckdb
import pytest
import sandbox
from environments import Environment

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "datasets/definitions/cancer5"
PAGE = ROOT / "docs/CALIBRATION.md"
PERSONS = 64_000


def synth(out, persons, *more):
    command = [sandbox.BINARY, "synth", "cancer5", "--rows", str(persons), "--out", str(out), *more]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """The dataset as the definition says it is bundled."""
    store = tmp_path_factory.mktemp("cancer")
    synth(store, PERSONS)
    return store / "cancer5/synthetic/1"


@pytest.fixture(scope="module")
def measured(version):
    """What lifelines and the life table make of it."""
    counting = Environment("lifelines==0.30.3", "pyarrow==26.0.1")
    script = (ROOT / "deploy/e2e/calibration.py").read_text()
    return counting.run(script, version, DEFINITION / "registry.json")


def of(version):
    """A database with a view of each table."""
    database = duckdb.connect()
    for table in sorted(path for path in Path(version).iterdir() if path.is_dir()):
        database.sql(f"create view {table.name} as select * from read_parquet('{table}/*.parquet')")
    return database


def test_the_generators_figures_are_the_registrys():
    generator = tomllib.loads((DEFINITION / "generator.toml").read_text())
    registry = json.loads((DEFINITION / "registry.json").read_text())
    for letter, sex in (("M", "male"), ("F", "female")):
        assert generator["background"]["value"][sex] == registry["background"][letter]
    for kind, known in registry["cancers"].items():
        of_type = generator["types"][kind]
        assert of_type["cases"]["value"] == known["incidence"]["M"][-1] + known["incidence"]["F"][-1]
        for letter, sex in (("M", "male"), ("F", "female")):
            assert of_type["incidence"]["value"][sex] == known["incidence"][letter]
            assert of_type["age"]["value"][sex] == known["prevalent_5y_2022_by_age"][letter]
            assert of_type["relative_survival"]["value"].get(sex) == known["relative_survival_2018_2022"][letter]
        for letter, stage in (("L", "localized"), ("R", "regional"), ("D", "distant")):
            published = known["relative_survival_2019_2023_by_stage"].get(letter)
            survival = of_type["stages"][stage]["survival"]
            assert (survival["kind"] == "figure") == (published is not None)
            assert published is None or survival["value"] == published
        share = of_type["stages"]["localized"]["share"]
        assert (share["kind"] == "figure") == (known["localized_share_2023"] is not None)
        assert share["kind"] != "figure" or round(100 * share["value"], 1) == known["localized_share_2023"]


def test_every_figure_is_met(measured):
    assert measured["persons"] == PERSONS and len(measured["figures"]) > 130
    judged = [figure for figure in measured["figures"] if figure["tolerance"] is not None]
    off = [f for f in judged if abs(f["found"][0] - f["target"]) > f["tolerance"]]
    assert off == []
    outside = [f for f in measured["figures"] if not f["found"][1] - 1e-9 <= f["target"] <= f["found"][2] + 1e-9]
    assert outside == []


def test_stage_and_age_tell_who_lives(measured):
    assert measured["concordance"]["stage_age"] >= 0.75, measured["concordance"]
    assert measured["concordance"]["stage_age_cancer"] >= measured["concordance"]["stage_age"]


def test_the_page_is_what_the_script_writes(measured):
    written = sandbox.FOLDER / PAGE.name
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(measured["page"])
    # The part of another dataset follows.
    own = PAGE.read_text().partition("\n# Calibration of hypertension")[0]
    assert own == measured["page"], f"the figures moved: look at {written} and put it in place of its part of {PAGE}"


# AJCC 8 as rows of categories, written from the manual: the first row that fits gives the group.
T1_2, COLON_N1 = "T1 T2", "N1a N1b N1c"
LUNG_T1_2 = "T1a T1b T1c T2a T2b"
GROUPS = {
    "colorectal": [
        ("*", "*", "M1a", "IVA"), ("*", "*", "M1b", "IVB"), ("*", "*", "M1c", "IVC"),
        (T1_2, "N0", "M0", "I"), ("T3", "N0", "M0", "IIA"), ("T4a", "N0", "M0", "IIB"), ("T4b", "N0", "M0", "IIC"),
        (T1_2, COLON_N1, "M0", "IIIA"), ("T1", "N2a", "M0", "IIIA"), ("T3 T4a", COLON_N1, "M0", "IIIB"),
        ("T2 T3", "N2a", "M0", "IIIB"), (T1_2, "N2b", "M0", "IIIB"), ("T4a", "N2a", "M0", "IIIC"),
        ("T3 T4a", "N2b", "M0", "IIIC"), ("T4b", COLON_N1 + " N2a N2b", "M0", "IIIC"),
    ],
    "lung": [
        ("*", "*", "M1a M1b", "IVA"), ("*", "*", "M1c", "IVB"), ("T1a", "N0", "M0", "IA1"), ("T1b", "N0", "M0", "IA2"),
        ("T1c", "N0", "M0", "IA3"), ("T2a", "N0", "M0", "IB"), ("T2b", "N0", "M0", "IIA"),
        (LUNG_T1_2, "N1", "M0", "IIB"), ("T3", "N0", "M0", "IIB"), ("T4", "N0", "M0", "IIIA"),
        ("T3 T4", "N1", "M0", "IIIA"), (LUNG_T1_2, "N2", "M0", "IIIA"), (LUNG_T1_2, "N3", "M0", "IIIB"),
        ("T3 T4", "N2", "M0", "IIIB"), ("T3 T4", "N3", "M0", "IIIC"),
    ],
    "breast": [
        ("*", "*", "M1", "IV"), ("*", "N3", "M0", "IIIC"), ("T4", "N0 N1 N2", "M0", "IIIB"), ("T1", "N0", "M0", "IA"),
        ("T1", "N1", "M0", "IIA"), ("T2", "N0", "M0", "IIA"), ("T2", "N1", "M0", "IIB"), ("T3", "N0", "M0", "IIB"),
        ("T1 T2 T3", "N2", "M0", "IIIA"), ("T3", "N1", "M0", "IIIA"),
    ],
    "liver": [
        ("*", "*", "M1", "IVB"), ("*", "N1", "M0", "IVA"), ("T1a", "N0", "M0", "IA"), ("T1b", "N0", "M0", "IB"),
        ("T2", "N0", "M0", "II"), ("T3", "N0", "M0", "IIIA"), ("T4", "N0", "M0", "IIIB"),
    ],
}  # fmt: skip


def group_of(kind, bile_duct, t, n, m, psa, gleason):
    if (t, n, m) == ("TX", "NX", "MX"):
        return "unknown"
    if kind == "prostate":
        grade = {"3+3": 1, "3+4": 2, "4+3": 3, "4+4": 4}.get(gleason, 5)
        if m != "M0":
            return "IVB"
        if n != "N0":
            return "IVA"
        if grade == 5:
            return "IIIC"
        if t[1] in "34":
            return "IIIB"
        if psa >= 20:
            return "IIIA"
        if grade >= 3:
            return "IIC"
        if grade == 2:
            return "IIB"
        return "IIA" if psa >= 10 or t in ("T2b", "T2c") else "I"

    def fits(known, wanted):
        return wanted == "*" or known in wanted.split()

    found = next(row[3] for row in GROUPS[kind] if all(fits(*pair) for pair in zip((t, n, m), row)))
    if bile_duct:
        found = {"IVA": "IIIB", "IVB": "IV"}.get(found, found)
    return found


def test_the_stage_group_is_that_of_the_categories(version):
    staged = """
        with psa as (select patient_id, value from test where test = 'PSA'),
            gleason as (select patient_id, result from test where test = 'GLEASON')
        select cancer, site = 'C22.1', t, n, m, value, result, ajcc8_group, count(*)
        from diagnosis left join psa using (patient_id) left join gleason using (patient_id) group by all
    """
    rows = of(version).sql(staged).fetchall()
    assert sum(row[-1] for row in rows) == PERSONS
    assert [row for row in rows if group_of(*row[:7]) != row[7]] == []


# Each query finds rows that must not be.
VIOLATIONS = {
    "one diagnosis and one of T, N and M": """from diagnosis group by patient_id
        having count(*) <> 1 or count(t) + count(n) + count(m) <> 3""",
    "one T, N and M in OMOP": """from measurement where measurement_source_value in ('t', 'n', 'm')
        group by person_id having count(*) <> 3 or count(distinct measurement_source_value) <> 3""",
    "one flag of T in the lung sheet": """from lung_sheet
        where tx + t0 + t1 + t1a + t1b + t1c + t2 + t2a + t2b + t3 + t4 <> 1""",
    "at most one flag of N and M": "from lung_sheet where n1 + n2 + n3 > 1 or m1a + m1b + m1c > 1",
    "at most one flag of T in the colorectal sheet": """from colorectal_sheet
        where tis + t1 + t1a + t1b + t1c + t2 + t2a + t2b + t2c + t3 + t3a + t3b + t4 + t4a + t4b > 1""",
    "prostate cancer in women": """from diagnosis join patient using (patient_id)
        where cancer = 'prostate' and sex <> 'male'""",
    "distant without M1": "from diagnosis where (summary_stage = 'distant') <> (m like 'M1%')",
    "nodes in localized cancer": "from diagnosis where summary_stage = 'localized' and n <> 'N0'",
    "a marker of another cancer": """from test join diagnosis using (patient_id) where cancer <> case test
        when 'EGFR' then 'lung' when 'FEV1_FVC' then 'lung' when 'DLCO_VA' then 'lung' when 'MSI' then 'colorectal'
        when 'KRAS' then 'colorectal' when 'NRAS' then 'colorectal' when 'BRAF' then 'colorectal'
        when 'ER' then 'breast' when 'PR' then 'breast' when 'HER2' then 'breast' when 'BRCA1' then 'breast'
        when 'BRCA2' then 'breast'
        when 'PSA' then 'prostate' when 'GLEASON' then 'prostate' when 'AFP' then 'liver' else cancer end""",
    "treatment before diagnosis": """from treatment join diagnosis using (patient_id)
        where start_date < diagnosis_date""",
    "treatment after the end": """from treatment join follow_up using (patient_id)
        where end_date > last_date""",
    "pathology without or before surgery": """from treatment
        where pathology_date is not null and (method <> 'surgery' or pathology_date <= start_date)""",
    "death that is not the end": """from follow_up
        where dead <> (death_date is not null) or (dead and death_date <> last_date)""",
    "recurrence outside of follow-up": """from follow_up join diagnosis using (patient_id)
        where recurrence_date <= diagnosis_date or recurrence_date >= last_date""",
    "another death in OMOP": """from follow_up full join death on person_id = patient_id
        where follow_up.death_date is distinct from death.death_date""",
    "another T, N, M, group or histology in OMOP": """from diagnosis join measurement on person_id = patient_id
        where value_source_value <> case measurement_source_value when 't' then t when 'n' then n when 'm' then m
        when 'group' then ajcc8_group when 'summary' then summary_stage when 'histology' then histology end""",
    "events outside of the observation period": """from measurement join observation_period using (person_id)
        where measurement_date not between observation_period_start_date and observation_period_end_date""",
    "a histology of another site": """from diagnosis where histology not in (select unnest(case cancer
        when 'colorectal' then ['8140/3', '8480/3', '8490/3', '8240/3', '8246/3', '8070/3', '8000/3']
        when 'lung' then ['8140/3', '8070/3', '8012/3', '8041/3', '8046/3']
        when 'breast' then ['8500/3', '8520/3', '8480/3', '8510/3', '8010/3']
        when 'prostate' then ['8140/3', '8500/3', '8041/3', '8010/3'] else ['8170/3', '8160/3'] end))""",
}


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_no_row_breaks_a_rule(version, rule):
    assert of(version).sql(f"select 1 {VIOLATIONS[rule]}").fetchall() == []


COLUMNS = """
import json
from omop_cdm.regular import cdm54
tables = cdm54.Base.metadata.tables.values()
print(json.dumps({t.name: [[c.name, str(c.type).lower(), c.nullable] for c in t.columns] for t in tables}))
"""


def test_the_omop_tables_are_those_of_the_standard(version):
    standard = Environment("omop-cdm==0.7.0").run(COLUMNS)
    kinds = {"int64": "integer", "float64": "numeric", "date": "date", "timestamp": "timestamp", "text": "varchar"}
    manifest = json.loads((version / "manifest.json").read_text())
    ours = {table["name"]: table["columns"] for table in manifest["tables"]}
    compared = sorted(set(standard) & set(ours))
    assert len(compared) == 12
    for table in compared:
        theirs = {name: kind for name, kind, _ in standard[table]}
        assert [column["name"] for column in ours[table]] and {c["name"] for c in ours[table]} == set(theirs), table
        for column in ours[table]:
            kind, wanted = theirs[column["name"]], kinds[column["type"]]
            both = (wanted, kind.split("(")[0])
            assert both[0] == both[1] or both in ALIKE, (table, column["name"], both)


# What SQLAlchemy calls the types of the standard.
ALIKE = {
    ("varchar", "text"),
    ("timestamp", "datetime"),
    ("integer", "bigint"),
    ("numeric", "float"),
}


def test_fhir_bundles_are_the_same_patients(tmp_path):
    synth(tmp_path, 500)
    synth(tmp_path, 500, "--format", "fhir")
    bundles = [json.loads(line) for line in (tmp_path / "cancer5.fhir.ndjson").read_text().splitlines()]
    asked = """
        select t, n, m, ajcc8_group, histology, cast(death_date as varchar), cast(birth_date as varchar)
        from diagnosis join follow_up using (patient_id) join patient using (patient_id) order by patient_id
    """
    rows = of(tmp_path / "cancer5/synthetic/1").sql(asked).fetchall()
    told = []
    for bundle in bundles:
        resources = {entry["resource"]["id"].split("-", 2)[2]: entry["resource"] for entry in bundle["entry"]}
        staged = [resources[part]["valueCodeableConcept"]["coding"][0]["code"] for part in ("t", "n", "m", "group")]
        histology = resources["cancer"]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"]
        person = resources["patient"]
        told.append((*staged, histology, person.get("deceasedDateTime"), person["birthDate"]))
        references = json.dumps(bundle).split('"reference": "')[1:]
        known = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]}
        assert {reference.split('"')[0] for reference in references} <= known
    assert told == rows


def test_achilles_runs_on_the_omop_tables(version, tmp_path):
    duckcdm = Environment("duckcdm==0.4.7", "duckdb==1.5.5").program("duckcdm")
    database = str(tmp_path / "cdm.duckdb")
    for command in (["views", str(version), database], ["achilles", database]):
        result = subprocess.run([duckcdm, *command], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
    assert "110 analyses, 0 failed" in result.stdout
    counted = duckdb.connect(database).sql("select count_value from results.achilles_results where analysis_id = 1")
    assert counted.fetchone()[0] == PERSONS
