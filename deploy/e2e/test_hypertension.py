"""The simulated population beside the fact sheet's figures, counted by code that knows nothing of the generator."""

import json
import subprocess
from pathlib import Path

import duckdb
import pytest
import sandbox
from environments import Environment
from test_cancer import ALIKE, COLUMNS, of

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "datasets/definitions/hypertension"
PAGE = ROOT / "docs/CALIBRATION.md"
PERSONS = 20_000


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """Twice as many persons as the definition says, so that shares are told apart."""
    store = tmp_path_factory.mktemp("hypertension")
    command = [sandbox.BINARY, "synth", "hypertension", "--rows", str(PERSONS), "--out", str(store)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return store / "hypertension/synthetic/1"


@pytest.fixture(scope="module")
def measured(version):
    counting = Environment("pandas==3.1.1", "pyarrow==26.0.1")
    script = (ROOT / "deploy/e2e/calibration_hypertension.py").read_text()
    return counting.run(script, version, DEFINITION / "generator.toml")


def test_every_figure_is_met(measured):
    assert measured["persons"] == PERSONS and len(measured["figures"]) == 8
    off = [f for f in measured["figures"] if abs(f["found"][0] - f["target"]) > f["tolerance"]]
    assert off == []


def test_outcomes_are_as_many_as_prevent_expects(measured):
    assert [row["name"] for row in measured["outcomes"]] == ["coronary", "stroke", "heart_failure"]
    for row in measured["outcomes"]:
        assert abs(row["seen"] - row["expected"]) < 3.5 * row["expected"] ** 0.5, row


def test_recorded_filtration_is_that_of_the_recorded_creatinine(measured):
    # Filtration is written with one decimal.
    assert measured["filtration"] <= 0.051


def test_the_page_is_what_the_script_writes(measured):
    written = sandbox.FOLDER / "CALIBRATION-hypertension.md"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(measured["page"])
    _, mark, own = PAGE.read_text().partition("# Calibration of hypertension")
    own = own.partition("\n# Calibration of chronic")[0]
    assert mark + own == measured["page"], f"the figures moved: look at {written} and put it in its place in {PAGE}"


# Each query finds rows that must not be.
VIOLATIONS = {
    "two periods of observation": "from observation_period group by person_id having count(*) <> 1",
    "an event outside of the observation": """from (
        select person_id, visit_start_date as day from visit_occurrence
        union all select person_id, visit_end_date from visit_occurrence
        union all select person_id, condition_start_date from condition_occurrence
        union all select person_id, drug_exposure_start_date from drug_exposure
        union all select person_id, drug_exposure_end_date from drug_exposure
        union all select person_id, measurement_date from measurement
        union all select person_id, observation_date from observation
        union all select person_id, death_date from death) join observation_period using (person_id)
        where day not between observation_period_start_date and observation_period_end_date""",
    "death that is not the end": """from death join observation_period using (person_id)
        where death_date <> observation_period_end_date""",
    "one drug twice at a time": """from drug_exposure one join drug_exposure other
        using (person_id, drug_concept_id) where one.drug_exposure_id <> other.drug_exposure_id
        and one.drug_exposure_start_date <= other.drug_exposure_start_date
        and other.drug_exposure_start_date <= one.drug_exposure_end_date""",
    "drugs against hypertension before it is known": """from drug_exposure left join (select person_id,
        condition_start_date from condition_occurrence where condition_source_value = 'I10') using (person_id)
        where drug_source_value <> 'C10AA05'
        and (condition_start_date is null or condition_start_date > drug_exposure_start_date)""",
    "a prescription without its visit": """from drug_exposure left join visit_occurrence
        using (visit_occurrence_id) where drug_source_value <> 'C10AA05'
        and visit_start_date is distinct from drug_exposure_start_date""",
    "a measurement on another day than its visit": """from measurement join visit_occurrence
        using (visit_occurrence_id) where measurement_date <> visit_start_date""",
    "a disease that is diagnosed twice": """from condition_occurrence group by person_id, condition_concept_id
        having count(*) > 1""",
    "home readings outside of the week before their visit": """from home_reading join visit_occurrence
        using (visit_occurrence_id) where cast(measured_at at time zone 'Asia/Seoul' as date)
        not between visit_start_date - 7 and visit_start_date - 1""",
    "home readings of somebody else": """from home_reading join visit_occurrence using (visit_occurrence_id)
        where home_reading.person_id <> visit_occurrence.person_id""",
    "a mean of a week that is not that of its readings": """from (select visit_occurrence_id, avg(systolic) as mean
        from home_reading group by all) join measurement using (visit_occurrence_id)
        where measurement_source_value = 'home systolic' and abs(mean - value_as_number) > 0.051""",
    "a diastolic pressure above the systolic": "from home_reading where diastolic >= systolic",
    "a child": "from person where year_of_birth > 2001",
}


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_no_row_breaks_a_rule(version, rule):
    assert of(version).sql(f"select 1 {VIOLATIONS[rule]}").fetchall() == []


def test_every_number_of_a_concept_is_in_the_list(version):
    database = of(version)
    known = {row[0] for row in database.sql("select concept_id from concept").fetchall()}
    asked = "select table_name, column_name from information_schema.columns where column_name like '%_concept_id'"
    for table, column in database.sql(asked).fetchall():
        used = {row[0] for row in database.sql(f"select distinct {column} from {table}").fetchall()}
        assert used - {None} <= known, (table, column)


def test_the_omop_tables_are_those_of_the_standard(version):
    standard = Environment("omop-cdm==0.7.0").run(COLUMNS)
    kinds = {"int64": "integer", "float64": "numeric", "date": "date", "timestamp": "timestamp", "text": "varchar"}
    manifest = json.loads((version / "manifest.json").read_text())
    ours = {table["name"]: table["columns"] for table in manifest["tables"]}
    compared = sorted(set(standard) & set(ours))
    assert len(compared) == 9 and set(ours) - set(standard) == {"home_reading"}
    for table in compared:
        theirs = {name: kind for name, kind, _ in standard[table]}
        assert {column["name"] for column in ours[table]} == set(theirs), table
        for column in ours[table]:
            both = (kinds[column["type"]], theirs[column["name"]].split("(")[0])
            assert both[0] == both[1] or both in ALIKE, (table, column["name"], both)


def test_achilles_runs_on_the_omop_tables(version, tmp_path):
    duckcdm = Environment("duckcdm==0.4.7", "duckdb==1.5.5").program("duckcdm")
    database = str(tmp_path / "cdm.duckdb")
    for command in (["views", str(version), database], ["achilles", database]):
        result = subprocess.run([duckcdm, *command], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
    assert "110 analyses, 0 failed" in result.stdout
    counted = duckdb.connect(database).sql("select count_value from results.achilles_results where analysis_id = 1")
    assert counted.fetchone()[0] == PERSONS
