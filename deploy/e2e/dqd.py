"""The 27 kinds of checks of the OHDSI DataQualityDashboard, on a DuckDB database of OMOP 5.4 tables.

A site makes all tables by the DDL of the model, fills those that it has, builds the eras, and then checks: so does `load`.
"""

import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import duckdb

HERE = Path(__file__).resolve().parent / "omop"
TYPES = {"integer": "BIGINT", "date": "DATE", "datetime": "TIMESTAMP", "float": "DOUBLE"}
# The last day that a date may be on: a version is made of data of the past.
LATEST = "date '2026-12-31'"
# Days that a record may be after death: DataQualityDashboard's 60.
AFTER_DEATH = 60


class Field(NamedTuple):
    table: str
    name: str
    type: str
    required: bool
    key: bool
    refers_to: str | None


class Finding(NamedTuple):
    """Records that fail a check at a place, of how many, and which share may."""

    check: str
    place: str
    failed: int
    of: int
    allowed: float

    @property
    def passes(self):
        return self.failed == 0 or 100 * self.failed <= self.allowed * self.of


def read(name):
    with (HERE / name).open() as file:
        return list(csv.DictReader(file))


FIELDS = [
    Field(
        row["table"],
        row["field"],
        row["datatype"].lower(),
        row["required"] == "Yes",
        row["pk"] == "Yes",
        row["fk_table"].lower() if row["fk"] == "Yes" else None,
    )
    for row in read("fields.csv")
]
NAMES = [row["checkName"] for row in read("checks.csv")]
TABLES = sorted({field.table for field in FIELDS})
BY_TABLE = {table: [field for field in FIELDS if field.table == table] for table in TABLES}

# The tables of events, with the field of their concept, their first date, their last date if they have one.
EVENTS = {
    "visit_occurrence": ("visit_concept_id", "visit_start_date", "visit_end_date"),
    "condition_occurrence": ("condition_concept_id", "condition_start_date", "condition_end_date"),
    "drug_exposure": ("drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date"),
    "procedure_occurrence": ("procedure_concept_id", "procedure_date", None),
    "measurement": ("measurement_concept_id", "measurement_date", None),
    "observation": ("observation_concept_id", "observation_date", None),
    "device_exposure": ("device_concept_id", "device_exposure_start_date", "device_exposure_end_date"),
    "specimen": ("specimen_concept_id", "specimen_date", None),
    "episode": ("episode_concept_id", "episode_start_date", "episode_end_date"),
}
DOMAINS = {
    ("person", "gender_concept_id"): "Gender",
    ("person", "race_concept_id"): "Race",
    ("person", "ethnicity_concept_id"): "Ethnicity",
    ("visit_occurrence", "visit_concept_id"): "Visit",
    ("condition_occurrence", "condition_concept_id"): "Condition",
    ("drug_exposure", "drug_concept_id"): "Drug",
    ("procedure_occurrence", "procedure_concept_id"): "Procedure",
    ("measurement", "measurement_concept_id"): "Measurement",
    ("observation", "observation_concept_id"): "Observation",
    ("measurement", "unit_concept_id"): "Unit",
    ("observation", "unit_concept_id"): "Unit",
    ("condition_era", "condition_concept_id"): "Condition",
    ("episode", "episode_concept_id"): "Episode",
    ("death", "cause_concept_id"): "Condition",
} | {
    (table, field.name): "Type Concept"
    for table in TABLES
    for field in BY_TABLE[table]
    if field.name.endswith("_type_concept_id") and table != "cost"
}
CLASSES = {("drug_era", "drug_concept_id"): "Ingredient", ("dose_era", "drug_concept_id"): "Ingredient"}
# Share in percent of persons that may have no record.
PERSONS_WITHOUT = {"observation_period": 0} | dict.fromkeys(
    ("visit_occurrence", "condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "observation"), 95
)
# Smallest and largest plausible values, as SQL.
RANGES = {
    ("person", "year_of_birth"): ("1850", f"year({LATEST})"),
    ("person", "month_of_birth"): ("1", "12"),
    ("person", "day_of_birth"): ("1", "31"),
    ("drug_exposure", "quantity"): ("0.0000001", "1095"),
    ("drug_exposure", "days_supply"): ("1", "365"),
    ("drug_exposure", "refills"): ("0", "24"),
} | {
    (field.table, field.name): ("date '1900-01-01'", LATEST)
    for field in FIELDS
    if field.type == "date" and (field.table in EVENTS or field.table in ("observation_period", "death"))
}
# A concept, by its name, and the sex that a person with it has.
OF_ONE_SEX = {"prostate": 8507}


def load(folder, database=None):
    """A database with all tables of the model, filled from the folders of Parquet that are there."""
    database = database or duckdb.connect()
    for table in TABLES:
        columns = ", ".join(f'"{field.name}" {TYPES.get(field.type, "VARCHAR")}' for field in BY_TABLE[table])
        database.sql(f"create table {table} ({columns})")
        if (Path(folder) / table).is_dir():
            database.sql(f"insert into {table} by name select * from read_parquet('{folder}/{table}/*.parquet')")
    # A small vocabulary comes as one table of concepts; what they name is what there is of the lists beside it.
    for table, named in (("domain", "domain_id"), ("vocabulary", "vocabulary_id"), ("concept_class", "concept_class_id")):
        database.sql(f"""
            insert into {table} by name
            select distinct {named}, {named} {table}_name, 0 {table}_concept_id from concept
            where {named} is not null and not exists (from {table})""")
    # Every concept is a descendant of itself in the standard vocabularies.
    database.sql("""
        insert into concept_ancestor by name
        select concept_id ancestor_concept_id, concept_id descendant_concept_id,
               0 min_levels_of_separation, 0 max_levels_of_separation from concept
        where not exists (from concept_ancestor)""")
    # Eras by the rule of the model, where there are none: occurrences of one condition with at most 30 days between them are one.
    database.sql("""
        insert into condition_era by name
        with ends as (
            select person_id, condition_concept_id, condition_start_date begun,
                   coalesce(condition_end_date, condition_start_date + 1) ended from condition_occurrence),
        marked as (
            select *, begun > 30 + max(ended) over (
                partition by person_id, condition_concept_id order by begun, ended
                rows between unbounded preceding and 1 preceding) is not false fresh from ends),
        numbered as (
            select *, sum(fresh::int) over (
                partition by person_id, condition_concept_id order by begun, ended) era from marked)
        select row_number() over () condition_era_id, person_id, condition_concept_id,
               min(begun) condition_era_start_date, max(ended) condition_era_end_date,
               count(*) condition_occurrence_count
        from numbered where not exists (from condition_era) group by person_id, condition_concept_id, era""")
    return database


class Checker:
    """Runs checks by name: each gives what it found at each place it looks at."""

    def __init__(self, database):
        self.database = database
        self.columns = defaultdict(dict)
        rows = database.sql("select table_name, column_name, data_type from duckdb_columns()").fetchall()
        for table, column, kind in rows:
            self.columns[table][column] = kind

    def run(self, check):
        return list(getattr(self, check)())

    def there(self, fields):
        return [field for field in fields if field.name in self.columns[field.table]]

    def count(self, check, place, failing, among, allowed=0.0):
        """Rows of a from-clause, and those of them for which a condition holds."""
        failed, of = self.database.sql(f"select count(*) filter ({failing}), count(*) from {among}").fetchone()
        return Finding(check, place, failed, of, allowed)

    def cdmTable(self):
        for table in TABLES:
            yield Finding("cdmTable", table, int(table not in self.columns), 1, 0.0)

    def measurePersonCompleteness(self):
        for table, allowed in PERSONS_WITHOUT.items():
            failing = f"not exists (from {table} t where t.person_id = p.person_id)"
            yield self.count("measurePersonCompleteness", table, failing, "person p", allowed)

    def measureConditionEraCompleteness(self):
        failing = "not exists (from condition_era e where e.person_id = c.person_id)"
        among = "(select distinct person_id from condition_occurrence) c"
        yield self.count("measureConditionEraCompleteness", "condition_era", failing, among)

    def measureObservationPeriodOverlap(self):
        failing = """exists (from observation_period o where o.person_id = p.person_id
            and o.observation_period_id <> p.observation_period_id
            and o.observation_period_start_date <= p.observation_period_end_date + 1
            and p.observation_period_start_date <= o.observation_period_end_date + 1)"""
        yield self.count("measureObservationPeriodOverlap", "observation_period", failing, "observation_period p")

    def cdmField(self):
        for field in FIELDS:
            missing = field.name not in self.columns[field.table]
            yield Finding("cdmField", f"{field.table}.{field.name}", int(missing), 1, 0.0)

    def cdmDatatype(self):
        for field in self.there(FIELDS):
            if field.type == "integer":
                wrong = self.columns[field.table][field.name] not in ("BIGINT", "INTEGER", "SMALLINT")
                yield Finding("cdmDatatype", f"{field.table}.{field.name}", int(wrong), 1, 0.0)

    def isRequired(self):
        for field in self.there(FIELDS):
            if field.required:
                place = f"{field.table}.{field.name}"
                yield self.count("isRequired", place, f'"{field.name}" is null', field.table)

    def measureValueCompleteness(self):
        for field in self.there(FIELDS):
            place, allowed = f"{field.table}.{field.name}", 0.0 if field.required else 100.0
            yield self.count("measureValueCompleteness", place, f'"{field.name}" is null', field.table, allowed)

    def isPrimaryKey(self):
        for field in self.there(FIELDS):
            if field.key:
                among = f"(select count(*) over (partition by {field.name}) n from {field.table})"
                yield self.count("isPrimaryKey", f"{field.table}.{field.name}", "n > 1", among)

    def isForeignKey(self):
        for field in self.there(FIELDS):
            target = next((f.name for f in BY_TABLE.get(field.refers_to, ()) if f.key), None)
            if target:
                known = f"(from {field.refers_to} k where k.{target} = t.{field.name})"
                failing = f"t.{field.name} is not null and not exists {known}"
                yield self.count("isForeignKey", f"{field.table}.{field.name}", failing, f"{field.table} t")

    def concepts(self, check, fields, failing, allowed=0.0):
        for table, field in fields:
            if field in self.columns[table]:
                among = f"{table} t join concept c on c.concept_id = t.{field} where t.{field} <> 0"
                yield self.count(check, f"{table}.{field}", failing(table, field), among, allowed)

    def fkDomain(self):
        return self.concepts("fkDomain", DOMAINS, lambda *at: f"c.domain_id <> '{DOMAINS[at]}'")

    def fkClass(self):
        return self.concepts("fkClass", CLASSES, lambda *at: f"c.concept_class_id <> '{CLASSES[at]}'")

    def isStandardValidConcept(self):
        failing = "c.standard_concept is distinct from 'S' or c.invalid_reason is not null"
        return self.concepts("isStandardValidConcept", DOMAINS, lambda *_: failing)

    def standardConceptRecordCompleteness(self):
        for table, (field, *_) in EVENTS.items():
            check, place = "standardConceptRecordCompleteness", f"{table}.{field}"
            yield self.count(check, place, f"{field} = 0", table, 5.0)

    def sourceConceptRecordCompleteness(self):
        for table, (field, *_) in EVENTS.items():
            source = field.replace("_concept_id", "_source_concept_id")
            if source in self.columns[table]:
                check, place = "sourceConceptRecordCompleteness", f"{table}.{source}"
                yield self.count(check, place, f"{source} = 0", table, 10.0)

    def sourceValueCompleteness(self):
        for table, (field, *_) in EVENTS.items():
            source = field.replace("_concept_id", "_source_value")
            if source in self.columns[table]:
                among = f"(select {source}, min({field}) as mapped from {table} where {source} is not null group by all)"
                yield self.count("sourceValueCompleteness", f"{table}.{source}", "mapped = 0", among, 10.0)

    def plausibleValueLow(self):
        for (table, field), (low, _) in RANGES.items():
            yield self.count("plausibleValueLow", f"{table}.{field}", f"{field} < {low}", table)

    def plausibleValueHigh(self):
        for (table, field), (_, high) in RANGES.items():
            yield self.count("plausibleValueHigh", f"{table}.{field}", f"{field} > {high}", table)

    def ordered(self, check):
        pairs = [(table, first, last) for table, (_, first, last) in EVENTS.items() if last]
        pairs.append(("observation_period", "observation_period_start_date", "observation_period_end_date"))
        pairs.append(("condition_era", "condition_era_start_date", "condition_era_end_date"))
        for table, first, last in pairs:
            yield self.count(check, f"{table}.{first}", f"{first} > {last}", table)

    def plausibleStartBeforeEnd(self):
        return self.ordered("plausibleStartBeforeEnd")

    def plausibleTemporalAfter(self):
        yield from self.ordered("plausibleTemporalAfter")
        yield from self.after_birth("plausibleTemporalAfter")

    def after_birth(self, check):
        born = "make_date(p.year_of_birth, coalesce(p.month_of_birth, 1), coalesce(p.day_of_birth, 1))"
        dated = [(table, first) for table, (_, first, _) in EVENTS.items()]
        for table, field in [*dated, ("death", "death_date"), ("observation_period", "observation_period_end_date")]:
            yield self.count(check, f"{table}.{field}", f"t.{field} < {born}", f"{table} t join person p using (person_id)")

    def plausibleAfterBirth(self):
        return self.after_birth("plausibleAfterBirth")

    def before_death(self, check, dated):
        for table, field in dated:
            failing = f"t.{field} > d.death_date + {AFTER_DEATH}"
            yield self.count(check, f"{table}.{field}", failing, f"{table} t join death d using (person_id)")

    def plausibleDuringLife(self):
        return self.before_death("plausibleDuringLife", [(table, first) for table, (_, first, _) in EVENTS.items()])

    def plausibleBeforeDeath(self):
        dated = [(table, field) for table, (_, *fields) in EVENTS.items() for field in fields if field]
        return self.before_death("plausibleBeforeDeath", dated)

    def withinVisitDates(self):
        for table, (_, first, _) in EVENTS.items():
            if "visit_occurrence_id" in self.columns[table] and table != "visit_occurrence":
                failing = f"t.{first} < v.visit_start_date - 7 or t.{first} > v.visit_end_date + 7"
                among = f"{table} t join visit_occurrence v using (visit_occurrence_id)"
                yield self.count("withinVisitDates", f"{table}.{first}", failing, among)

    def of_one_sex(self, check, also):
        for word, sex in OF_ONE_SEX.items():
            for table in ("condition_occurrence", "procedure_occurrence", "measurement"):
                field = EVENTS[table][0]
                among = f"""{table} t join person p using (person_id) join concept_ancestor a
                    on a.descendant_concept_id = t.{field} join concept c on c.concept_id = a.ancestor_concept_id
                    where c.concept_name ilike '%{word}%' {also}"""
                yield self.count(check, f"{table}: {word}", f"p.gender_concept_id <> {sex}", among)

    def plausibleGender(self):
        return self.of_one_sex("plausibleGender", "and a.min_levels_of_separation = 0")

    def plausibleGenderUseDescendants(self):
        return self.of_one_sex("plausibleGenderUseDescendants", "")

    def plausibleUnitConceptIds(self):
        # What is measured in one unit by nearly everybody is in no other.
        among = """(
            select measurement_concept_id m, unit_concept_id u, mode(unit_concept_id) over (
                partition by measurement_concept_id) usual from measurement where unit_concept_id is not null)"""
        yield self.count("plausibleUnitConceptIds", "measurement.unit_concept_id", "u <> usual", among)
