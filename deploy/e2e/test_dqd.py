"""The OMOP tables that are generated pass the checks of the OHDSI DataQualityDashboard, and each check catches a fault."""

import subprocess

import dqd
import pytest
import sandbox

PERSONS = 3_000
# Patients with the tables that they have, and a population with all tables and a vocabulary of its own.
DATASETS = ("cancer5", "cdm")
# A fault for each check, made in good tables.
FAULTS = {
    "cdmTable": "drop table payer_plan_period",
    "measurePersonCompleteness": "delete from observation_period where person_id = 7",
    "measureConditionEraCompleteness": "delete from condition_era where person_id = 7",
    "measureObservationPeriodOverlap": """
        insert into observation_period select 900000000, person_id, observation_period_end_date,
        observation_period_end_date + 9, period_type_concept_id from observation_period where person_id = 7""",
    "cdmField": "alter table care_site drop column place_of_service_source_value",
    "isRequired": "update visit_occurrence set visit_end_date = null where person_id = 7",
    "cdmDatatype": "alter table measurement alter value_as_concept_id type varchar",
    "isPrimaryKey": "insert into person select * from person where person_id = 7",
    "isForeignKey": "update measurement set visit_occurrence_id = -1 where person_id = 7",
    "fkDomain": "update condition_occurrence set condition_concept_id = 8507 where person_id = 7",
    "fkClass": """
        insert into drug_era select 1, person_id, drug_concept_id, drug_exposure_start_date,
        drug_exposure_start_date, 1, 0 from drug_exposure limit 1""",
    "isStandardValidConcept": "update concept set invalid_reason = 'D' where concept_id = 8507",
    "measureValueCompleteness": "update death set person_id = null where person_id = (select min(person_id) from death)",
    "standardConceptRecordCompleteness": "update condition_occurrence set condition_concept_id = 0 where person_id % 9 = 0",
    "sourceConceptRecordCompleteness": "update measurement set measurement_source_concept_id = 0 where person_id % 5 = 0",
    "sourceValueCompleteness": """
        update observation set observation_concept_id = 0, observation_source_value = 'unknown ' || observation_id
        where person_id % 2 = 0""",
    "plausibleValueLow": "update person set month_of_birth = 0 where person_id = 7",
    "plausibleValueHigh": "update visit_occurrence set visit_end_date = date '2999-01-01' where person_id = 7",
    "plausibleTemporalAfter": "update condition_occurrence set condition_end_date = condition_start_date - 1 where person_id = 7",
    "plausibleDuringLife": "update death set death_date = death_date - 9999",
    "withinVisitDates": """
        update measurement m set measurement_date = measurement_date + 30
        where measurement_id = (select min(measurement_id) from measurement where visit_occurrence_id is not null)""",
    "plausibleAfterBirth": "update measurement set measurement_date = date '1901-01-01' where person_id = 7",
    "plausibleBeforeDeath": """
        update visit_occurrence set visit_end_date = (select max(death_date) + 61 from death)
        where person_id = (select min(person_id) from death)""",
    "plausibleStartBeforeEnd": """
        update observation_period set observation_period_end_date = observation_period_start_date - 1
        where person_id = 7""",
    "plausibleGender": "update person set gender_concept_id = 8532",
    "plausibleGenderUseDescendants": """
        insert into concept_ancestor select (select min(concept_id) from concept where concept_name ilike '%prostate%'),
        condition_concept_id, 1, 1 from condition_occurrence join person using (person_id)
        where gender_concept_id = 8532 limit 1""",
    "plausibleUnitConceptIds": """
        update measurement set unit_concept_id = (select max(unit_concept_id) from measurement)
        where measurement_id in (select min(measurement_id) from measurement where unit_concept_id <>
        (select max(unit_concept_id) from measurement))""",
}


@pytest.fixture(scope="module", params=DATASETS)
def database(request, tmp_path_factory):
    store = tmp_path_factory.mktemp("dqd")
    command = [sandbox.BINARY, "synth", request.param, "--rows", str(PERSONS), "--out", str(store)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return dqd.load(store / request.param / "synthetic/1")


def failures(database, check):
    return [found for found in dqd.Checker(database).run(check) if not found.passes]


def test_there_are_27_kinds_of_checks_each_with_a_fault():
    assert len(dqd.NAMES) == 27 and set(FAULTS) == set(dqd.NAMES)
    assert len(dqd.TABLES) == 39


@pytest.mark.parametrize("check", dqd.NAMES)
def test_good_tables_pass_and_a_fault_is_caught(database, check):
    found = dqd.Checker(database).run(check)
    assert found and all(each.passes for each in found), [each for each in found if not each.passes]
    database.begin()
    try:
        database.execute(FAULTS[check])
        assert failures(database, check), f"{check} does not see: {FAULTS[check]}"
    finally:
        database.rollback()
    assert not failures(database, check), "the fault is gone again"
