"""The privacy of releases, measured by pyCANON, which knows nothing of ours."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import sandbox
from environments import Environment

DEFINITIONS = Path(__file__).resolve().parents[2] / "datasets/definitions"
BUNDLED = sorted(path.parent.name for path in DEFINITIONS.glob("*/data") if path.is_dir())

MEASURE = """
import json, sys
import pyarrow.parquet
from pycanon import anonymity

table = pyarrow.parquet.ParquetDataset(sys.argv[1]).read().to_pandas()
quasi, sensitive = sys.argv[2].split(","), sys.argv[3]
# A missing value is a value of its own.
def told(value):
    return "missing" if value is None or value != value else str(value)

columns = {name: table[name].map(told) for name in quasi}
table = table.assign(**columns)[[*quasi, sensitive]]
print(json.dumps({
    "persons": len(table),
    "k": int(anonymity.k_anonymity(table, quasi)),
    "l": int(anonymity.l_diversity(table, quasi, [sensitive])),
    "t": float(anonymity.t_closeness(table, quasi, [sensitive])),
}))
"""

ALONE = """
import json, sys
import pyarrow.parquet
from suda import suda

table = pyarrow.parquet.ParquetDataset(sys.argv[1]).read().to_pandas()
def told(value):
    return "missing" if value is None or value != value else str(value)

table = table[sys.argv[2].split(",")].apply(lambda column: column.map(told))
largest = int(sys.argv[3])
fewest = suda(table, max_msu=largest)["msu"]
print(json.dumps([int((fewest == columns).sum()) for columns in range(1, largest + 1)]))
"""

LINK = """
import json, sys
import pandas

ours, theirs = (pandas.read_parquet(folder) for folder in sys.argv[1:3])
dates = ["recurrence_date", "death_date"]

def told(table):
    # What the coarser of the two releases shows of each patient, and the days between the dates.
    days = [(pandas.to_datetime(table[date]) - pandas.to_datetime(table["diagnosis_date"])).dt.days for date in dates]
    lows = [float(label.strip("[(").split(",")[0]) for label in table["age"]]
    classes = [(low >= 50) + (low >= 70) for low in lows]
    rest = table.drop(columns=["patient_id", "age", "diagnosis_date", *dates])
    rest = rest.assign(tumor_size=rest["tumor_size"].clip(upper=30), age=classes)
    return [tuple(map(str, row)) for row in zip(*days, *(rest[name] for name in sorted(rest.columns)))]

here, there = told(ours), told(theirs)
counts = pandas.Series(there).value_counts()
candidates = [int(counts[row]) for row in here]
found, alone = sum(1 / count for count in candidates), candidates.count(1)
print(json.dumps({"found": found / len(here), "alone": alone / len(here)}))
"""

# A sensitive column of each dataset, how far its classes may be from all, and the quasi-identifiers as levels.
SEARCHED = {
    "lymph_node": (
        "hormone_therapy",
        0.3,
        {
            "age": 'do = "search", widths = [1, 5, 10, 20]',
            "menopause": 'do = "search"',
        },
    ),
    "support2": (
        "cancer",
        0.4,
        {
            "age": 'do = "search", widths = [5, 10, 20, 40]',
            "sex": 'do = "search"',
            "race": 'do = "search"',
            "disease_group": 'do = "search"',
        },
    ),
}


def built(definition, folder):
    """A release of a definition, by its manifest."""
    arguments = ["--input", str(definition / "data"), "--store", str(folder / "store"), "--key", str(folder / "key")]
    command = [sandbox.BINARY, "curate", "build", str(definition), *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    (manifest,) = (folder / "store").glob("*/deidentified/*/manifest.json")
    return result.stdout, manifest.parent, json.loads(manifest.read_text())["risk"]


def measured(version, risk, sensitive):
    """What pyCANON makes of a release."""
    tables, quasi = zip(*(name.split(".") for name in risk["quasi_identifiers"]))
    canon = Environment("pycanon==1.3.5", "pyarrow==26.0.1")
    return canon.run(MEASURE, version / tables[0], ",".join(quasi), sensitive)


def searched(definition, folder):
    """A copy of a definition whose levels are searched, and of which every class is diverse and close."""
    sensitive, t, rules = SEARCHED[definition.name]
    copy = folder / definition.name
    shutil.copytree(definition, copy)
    lines = []
    # A column whose level is searched has no twin.
    for line in (copy / "recipe.toml").read_text().split("\n[twin.")[0].splitlines():
        column = line.split("=")[0].strip()
        lines.append(f'{column} = {{ role = "quasi", {rules[column]} }}' if column in rules else line)
    recipe = "\n".join(lines).replace("max_suppressed = 0.05", "max_suppressed = 0.0")
    models = f'l_diversity = {{ column = "{sensitive}", l = 2 }}\nt_closeness = {{ column = "{sensitive}", t = {t} }}'
    (copy / "recipe.toml").write_text(f"{recipe}\n{models}\n")
    (copy / "generator.toml").unlink()
    dataset = (copy / "dataset.toml").read_text()
    kept = [line for line in dataset.splitlines() if not line.startswith(("tiers", "synthetic"))]
    (copy / "dataset.toml").write_text("\n".join([*kept, 'tiers = ["deidentified"]', ""]))
    return copy


def test_some_raw_data_is_bundled():
    assert BUNDLED == sorted(SEARCHED)


@pytest.mark.parametrize("dataset", BUNDLED)
def test_the_k_of_a_release_is_that_which_another_measures(dataset, tmp_path):
    _, version, risk = built(DEFINITIONS / dataset, tmp_path)
    found = measured(version, risk, SEARCHED[dataset][0])
    assert (found["k"], found["persons"]) == (risk["k"], risk["persons"])


@pytest.mark.parametrize("dataset", BUNDLED)
def test_a_searched_release_is_as_diverse_and_close_as_was_asked(dataset, tmp_path):
    sensitive, t, _ = SEARCHED[dataset]
    told, version, risk = built(searched(DEFINITIONS / dataset, tmp_path), tmp_path)
    assert "the least loss of all" in told
    found = measured(version, risk, sensitive)
    assert found["k"] == risk["k"] >= 5
    assert found["persons"] == risk["persons"] and risk["suppressed_persons"] == 0
    assert found["l"] >= 2
    assert found["t"] <= t + 1e-9


# The other holds every set of columns in memory: of the wider table, pairs are as many as it can.
@pytest.mark.parametrize(("dataset", "largest"), [("lymph_node", 3), ("support2", 2)])
def test_as_many_persons_are_alone_on_few_columns_as_another_finds(dataset, largest, tmp_path):
    _, version, _ = built(DEFINITIONS / dataset, tmp_path)
    uniques = json.loads((version / "report.json").read_text())["uniques"]
    tables, columns = zip(*(name.split(".") for name in uniques["columns"]))
    environment = Environment("suda==0.2.2", "pandas==3.1.1", "pyarrow==26.0.1")
    found = environment.run(ALONE, version / tables[0], ",".join(columns), largest)
    assert sum(found) > 0, "somebody is alone on columns that are no quasi-identifiers"
    assert uniques["after"]["alone_on"][:largest] == found


def test_two_releases_of_the_same_patients_link_as_an_attack_on_their_files_finds(tmp_path):
    """The build says how many are found again; pandas finds them, knowing the files alone."""
    definition = tmp_path / "lymph_node"
    shutil.copytree(DEFINITIONS / "lymph_node", definition)
    recipe = (definition / "recipe.toml").read_text()
    changes = {
        'recipient = "sandbox"': 'recipient = "somebody else"',
        "weeks = 26": "weeks = 9",
        "breaks = [40, 50, 60, 70]": "breaks = [50, 70]",
        "top = 80 }": "top = 30 }",
    }
    other = recipe
    for before, after in changes.items():
        assert before in other
        other = other.replace(before, after)
    (definition / "other.toml").write_text(other)
    (definition / "recipe.toml").write_text(f'{recipe}\n[linkage]\nrecipes = ["other.toml"]\nmax_share = 1.0\n')
    told, ours, _ = built(definition, tmp_path)
    assert "Found again in (다시 찾음) lymph-node-open-sandbox → somebody else, other.toml" in told
    (linkage,) = json.loads((ours / "report.json").read_text())["linkage"]
    (definition / "recipe.toml").write_text(other)
    _, theirs, _ = built(definition, tmp_path / "two")
    attack = Environment("pandas==3.1.1", "pyarrow==26.0.1").run(LINK, ours / "patient", theirs / "patient")
    measured = linkage["linked"]["columns"]
    assert attack["found"] > 0.9, "real patients are found again by what two rich tables show"
    assert measured["linked"]["share"] == pytest.approx(attack["found"], abs=1e-9)
    assert measured["unique"]["share"] == pytest.approx(attack["alone"], abs=1e-9)


def test_every_bundled_recipe_is_one_to_the_schema_and_a_misspelt_one_is_not():
    shown = subprocess.run([sandbox.BINARY, "curate", "schema"], capture_output=True, text=True, check=True)
    recipes = {path.parent.name: tomllib.loads(path.read_text()) for path in DEFINITIONS.glob("*/recipe.toml")}
    assert len(recipes) >= 3
    recipes["misspelt"] = json.loads(json.dumps(recipes["lymph_node"], default=str))
    recipes["misspelt"]["privacy"]["kay"] = recipes["misspelt"]["privacy"].pop("k")
    validate = """
import json, sys
import jsonschema

schema, recipes = json.loads(sys.argv[1]), json.loads(sys.argv[2])
validator = jsonschema.Draft202012Validator(schema)
validator.check_schema(schema)
print(json.dumps([name for name, recipe in sorted(recipes.items()) if not validator.is_valid(recipe)]))
"""
    environment = Environment("jsonschema==4.26.0")
    assert environment.run(validate, shown.stdout, json.dumps(recipes, default=str)) == ["misspelt"]
