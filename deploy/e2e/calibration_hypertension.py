"""What a generated hypertension holds beside the figures, counted by code that knows nothing of the generator.

Run in an environment with pyarrow and pandas: `calibration_hypertension.py VERSION GENERATOR` prints JSON.
"""

import json
import math
import sys
import tomllib
from pathlib import Path

import numpy
import pandas
import pyarrow.parquet

CLASSES = {"arb": "C09CA01", "ccb": "C08CA01", "diuretic": "C03BA04", "beta_blocker": "C07AB07"}
# Korea Hypertension Fact Sheet 2023, in per cent: of adults, of those with hypertension, of the treated.
SURVEY = {"prevalence": 28.0, "awareness": 74.1, "treatment": 70.3, "control": 56.0}
TAKEN = {"arb": 75.1, "ccb": 61.7, "diuretic": 23.4, "beta_blocker": 15.3}
OUTCOMES = {"coronary": "I21.9", "stroke": "I63.9", "heart_failure": "I50.9"}
LOINC = {"bmi": "39156-5", "total": "2093-3", "hdl": "2085-9", "creatinine": "2160-0", "egfr": "98979-8"}


def table(version, name):
    return pyarrow.parquet.ParquetDataset(Path(version) / name).read().to_pandas()


def days(column):
    return pandas.to_datetime(column)


def pressures(measured, visits):
    """The mean of the second and the third reading of each visit, by person."""
    of_visits = measured[measured["visit_occurrence_id"].isin(visits)].sort_values("measurement_id")
    means = {}
    for name, code in (("systolic", "8480-6"), ("diastolic", "8462-4")):
        of_kind = of_visits[of_visits["measurement_source_value"] == code]
        order = of_kind.groupby("visit_occurrence_id").cumcount()
        means[name] = of_kind[order > 0].groupby("person_id")["value_as_number"].mean()
    return pandas.DataFrame(means)


def covering(drugs, dates, codes):
    """Whether a person takes one of the drugs on the date that is the person's."""
    of_codes = drugs[drugs["drug_source_value"].isin(codes)]
    on = of_codes["person_id"].map(dates)
    inside = (days(of_codes["drug_exposure_start_date"]) <= on) & (on <= days(of_codes["drug_exposure_end_date"]))
    return dates.index.isin(of_codes[inside]["person_id"])


def population(version):
    """Everybody on the day of the first check-up."""
    person = table(version, "person").set_index("person_id")
    visits = table(version, "visit_occurrence")
    checkups = visits[visits["visit_source_value"] == "check-up"].sort_values("visit_start_date")
    first = checkups.groupby("person_id").first()
    everyone = person[["gender_source_value"]].join(first[["visit_start_date", "visit_occurrence_id"]])
    date = days(everyone["visit_start_date"])
    parts = {"year": "year_of_birth", "month": "month_of_birth", "day": "day_of_birth"}
    born = pandas.to_datetime(person[list(parts.values())].rename(columns={b: a for a, b in parts.items()}))
    measured, drugs = table(version, "measurement"), table(version, "drug_exposure")
    everyone = everyone.join(pressures(measured, everyone["visit_occurrence_id"]))
    at_checkup = measured[measured["visit_occurrence_id"].isin(everyone["visit_occurrence_id"])]
    for name, code in LOINC.items():
        values = at_checkup[at_checkup["measurement_source_value"] == code].set_index("person_id")["value_as_number"]
        everyone[name] = values
    conditions = table(version, "condition_occurrence")
    before = days(conditions["condition_start_date"]) <= conditions["person_id"].map(date)

    def told(code):
        return everyone.index.isin(conditions[before & (conditions["condition_source_value"] == code)]["person_id"])

    smoking = table(version, "observation").drop_duplicates("person_id").set_index("person_id")["value_as_string"]
    period = table(version, "observation_period").set_index("person_id")["observation_period_end_date"]
    return everyone.assign(
        date=date,
        age=(date - born).dt.days / 365.25,
        aware=told("I10"),
        diabetes=told("E11.9"),
        smokes=smoking.reindex(everyone.index) == "current",
        treated=covering(drugs, date, list(CLASSES.values())),
        statin=covering(drugs, date, ["C10AA05"]),
        end=days(period),
        **{name: covering(drugs, date, [code]) for name, code in CLASSES.items()},
    )


def share(part, whole):
    """A share in per cent with Wilson's interval."""
    z, p = 1.96, float(part) / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    wide = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return [100 * p, 100 * (middle - wide), 100 * (middle + wide)]


def surveyed(everyone):
    high = (everyone["systolic"] >= 140) | (everyone["diastolic"] >= 90)
    have = everyone[high | everyone["treated"]]
    controlled = (have["treated"] & ~high[have.index]).sum()
    found = {
        "prevalence": share(len(have), len(everyone)),
        "awareness": share(have["aware"].sum(), len(have)),
        "treatment": share(have["treated"].sum(), len(have)),
        "control": share(controlled, len(have)),
    }
    rows = [("Survey", name, SURVEY[name], 1.5, found[name]) for name in SURVEY]
    treated = everyone[everyone["treated"]]
    rows += [("Drugs of the treated", n, TAKEN[n], 2.0, share(treated[n].sum(), len(treated))) for n in TAKEN]
    return [dict(zip(("section", "name", "target", "tolerance", "found"), row)) for row in rows]


def prevent(people, betas):
    """Ten-year risk by PREVENT's base model, written anew from the equation."""
    age = (people["age"].clip(30, 79) - 55) / 10
    non_hdl, hdl = (people["total"] - people["hdl"]) * 0.02586 - 3.5, (people["hdl"] * 0.02586 - 1.3) / 0.3
    low, high = (people["systolic"].clip(upper=110) - 110) / 20, (people["systolic"].clip(lower=110) - 130) / 20
    stout, poor = (people["bmi"].clip(lower=30) - 30) / 5, (people["egfr"].clip(upper=60) - 60) / -15
    lean, good = (people["bmi"].clip(upper=30) - 25) / 5, (people["egfr"].clip(lower=60) - 90) / -15
    treated, statin, diabetes, smokes = (people[n].astype(float) for n in ("treated", "statin", "diabetes", "smokes"))
    terms = [age, non_hdl, hdl, low, high, diabetes, smokes, lean, stout, poor, good, treated, statin]
    terms += [treated * high, statin * non_hdl]
    terms += [age * term for term in (non_hdl, hdl, high, diabetes, smokes, stout, poor)]
    total = betas[-1] + sum(beta * term for beta, term in zip(betas, terms, strict=False))
    return 1 / (1 + numpy.exp(-total))


def outcomes(version, everyone, generator):
    """Events beside the sum of everybody's hazard until the first event or the end."""
    conditions = table(version, "condition_occurrence")
    rows = []
    for name, code in OUTCOMES.items():
        of_kind = generator["outcomes"][name]
        events = conditions[conditions["condition_source_value"] == code].set_index("person_id")
        until = days(events["condition_start_date"]).reindex(everyone.index).fillna(everyone["end"])
        years = (until - everyone["date"]).dt.days / 365.25
        risk = pandas.Series(0.0, everyone.index)
        for letter, sex in (("M", "male"), ("F", "female")):
            people = everyone[everyone["gender_source_value"] == letter]
            risk[people.index] = prevent(people, of_kind["prevent"]["value"][sex])
        expected = float((-numpy.log(1 - risk) / 10 * years).sum() * of_kind["korea"]["value"])
        rows.append({"name": name, "expected": expected, "seen": len(events), "years": float(years.sum())})
    return rows


def filtration(everyone):
    """CKD-EPI 2021 from the creatinine in the tables: how far the recorded filtration is from it at most."""
    women = everyone["gender_source_value"] == "F"
    kappa, alpha = numpy.where(women, 0.7, 0.9), numpy.where(women, -0.241, -0.302)
    ratio = everyone["creatinine"] / kappa
    found = 142 * numpy.minimum(ratio, 1) ** alpha * numpy.maximum(ratio, 1) ** -1.2 * 0.9938 ** everyone["age"]
    return float((found * numpy.where(women, 1.012, 1) - everyone["egfr"]).abs().max())


def bands(everyone):
    """Prevalence by sex and age, which has no figure here to be held against."""
    have = (everyone["systolic"] >= 140) | (everyone["diastolic"] >= 90) | everyone["treated"]
    rows = []
    for letter, sex in (("M", "men"), ("F", "women")):
        for low in range(20, 80, 10):
            high = 200 if low == 70 else low + 10
            name = f"{sex}, {low}+" if low == 70 else f"{sex}, {low}-{low + 9}"
            inside = (everyone["gender_source_value"] == letter) & (everyone["age"] >= low) & (everyone["age"] < high)
            rows.append({"name": name, "persons": int(inside.sum()), "found": share(have[inside].sum(), inside.sum())})
    return rows


def recalled(version):
    """Of those who were called again because they were high: those whom home readings find normal."""
    visits, measured = table(version, "visit_occurrence"), table(version, "measurement")
    again = visits[visits["visit_source_value"] == "second visit"]["visit_occurrence_id"]
    means = measured[measured["visit_occurrence_id"].isin(again)].pivot_table(
        index="visit_occurrence_id", columns="measurement_source_value", values="value_as_number", aggfunc="mean"
    )
    means = means[means["home systolic"].notna()]
    normal = (means["home systolic"] < 135) & (means["home diastolic"] < 85)
    return share(normal.sum(), len(means))


HEAD = """# Calibration of hypertension

What the {persons:,} simulated persons of [hypertension](../datasets/definitions/hypertension) hold beside the figures.
`deploy/e2e/calibration_hypertension.py` writes this part from the tables alone, and
`cargo xtask test --only hypertension` checks that it is what it writes.

Figures are per cent: those of the Korea Hypertension Fact Sheet 2023 for adults of 2021. An examination is the mean of
the second and the third reading of the first check-up; hypertension is 140/90 mmHg or more, or a drug that is taken on
that day. Intervals are Wilson's (95 %).
"""


def interval(found):
    return f"{found[0]:.1f} | {found[1]:.1f} to {found[2]:.1f}"


def page(found):
    """This dataset's part of docs/CALIBRATION.md."""
    lines = [HEAD.format(persons=found["persons"])]
    for section in dict.fromkeys(figure["section"] for figure in found["figures"]):
        lines += [f"## {section}\n", "| | fact sheet | generated | 95 % interval | difference | may differ by |"]
        lines.append("|---|---|---|---|---|---|")
        for row in (figure for figure in found["figures"] if figure["section"] == section):
            # Adding zero turns -0 into 0.
            difference = round(row["found"][0] - row["target"], 2) + 0.0
            name = row["name"].replace("_", " ")
            said = [name, f"{row['target']:.1f}", interval(row["found"]), f"{difference:+.2f}"]
            lines.append(f"| {' | '.join(said)} | {row['tolerance']:.1f} |")
        lines.append("")
    lines += [
        "## Outcomes\n",
        "Events beside those that PREVENT expects, computed anew from the tables; the ratio to America is assumed.\n",
        "| | expected | seen | per 1,000 person-years |",
        "|---|---|---|---|",
    ]
    for row in found["outcomes"]:
        rate = 1000 * row["seen"] / row["years"]
        lines.append(f"| {row['name'].replace('_', ' ')} | {row['expected']:.1f} | {row['seen']} | {rate:.2f} |")
    lines += [
        "",
        "## Prevalence by sex and age\n",
        "Not solved for and not judged: it follows from the assumed slopes of pressure.\n",
        "| | persons | generated | 95 % interval |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row['name']} | {row['persons']:,} | {interval(row['found'])} |" for row in found["bands"]]
    normal = found["recalled"]
    lines += [
        "",
        "## Home\n",
        f"{found['readings']:,} readings. Of those who were called again after a high check-up, home readings find",
        f"{normal[0]:.1f} % normal ({normal[1]:.1f} to {normal[2]:.1f}): white-coat hypertension, and a high day at the check-up.",
    ]
    return "\n".join(lines) + "\n"


def main(version, generator):
    generator = tomllib.loads(Path(generator).read_text())
    everyone = population(version)
    found = {
        "persons": len(everyone),
        "figures": surveyed(everyone),
        "outcomes": outcomes(version, everyone, generator),
        "bands": bands(everyone),
        "recalled": recalled(version),
        "readings": pyarrow.parquet.ParquetDataset(Path(version) / "home_reading").read(columns=["day"]).num_rows,
        "filtration": filtration(everyone),
    }
    print(json.dumps({**found, "page": page(found)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
