"""What a generated cancer5 holds beside the registry's figures, counted by code that knows nothing of the generator.

Run in an environment with pyarrow, pandas and lifelines: `calibration.py VERSION REGISTRY` prints JSON.
"""

import json
import math
import sys
from pathlib import Path

import lifelines
import numpy
import pandas
import pyarrow.parquet

TYPES = ["colorectal", "lung", "breast", "prostate", "liver"]
STAGES = {"L": "localized", "D": "distant"}
MONTH = 365.25 / 12
SEXES = {"M": "male", "F": "female"}


def table(version, name):
    return pyarrow.parquet.ParquetDataset(Path(version) / name).read().to_pandas()


def patients(version):
    """One row for each patient, with what survival needs."""
    joined = table(version, "patient").merge(table(version, "diagnosis"), on="patient_id")
    joined = joined.merge(table(version, "follow_up"), on="patient_id")
    born, diagnosed = pandas.to_datetime(joined["birth_date"]), pandas.to_datetime(joined["diagnosis_date"])
    return joined.assign(exact_age=(diagnosed - born).dt.days / 365.25)


def relative_survival(group, background):
    """Ederer II after five years, by months, with Greenwood's interval for the observed part."""
    days, dead = group["survival_days"].to_numpy(float), group["dead"].to_numpy(bool)
    age = group["exact_age"].to_numpy(float)
    rates = group["sex"].map({name: background[letter]["a"] for letter, name in SEXES.items()}).to_numpy(float)
    growth = group["sex"].map({name: background[letter]["b"] for letter, name in SEXES.items()}).to_numpy(float)
    logarithm, variance = 0.0, 0.0
    for month in range(60):
        start, end = month * MONTH, (month + 1) * MONTH
        at_risk = days > start
        ends = at_risk & (days <= end)
        died, left = int((ends & dead).sum()), int((ends & ~dead).sum())
        exposed = at_risk.sum() - left / 2
        now = age[at_risk] + start / 365.25
        hazard = rates[at_risk] / growth[at_risk] * numpy.exp(growth[at_risk] * now)
        expected = numpy.exp(-hazard * (numpy.exp(growth[at_risk] / 12) - 1)).mean()
        logarithm += math.log(1 - died / exposed) - math.log(expected)
        variance += died / (exposed * (exposed - died))
    middle, wide = math.exp(logarithm), 1.96 * math.sqrt(variance)
    return 100 * middle, 100 * middle * math.exp(-wide), 100 * middle * math.exp(wide)


def share(part, whole):
    """A share in per cent with Wilson's interval."""
    z, p = 1.96, float(part) / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    wide = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return 100 * p, 100 * (middle - wide), 100 * (middle + wide)


def figures(everyone, registry):
    """Every figure: section, name, target, most that it may differ by, what was generated and its interval."""
    rows = []

    def add(section, name, target, tolerance, found):
        found = [float(value) for value in found]
        rows.append({"section": section, "name": name, "target": target, "tolerance": tolerance, "found": found})

    known = registry["cancers"]
    cases = {kind: known[kind]["incidence"]["M"][-1] + known[kind]["incidence"]["F"][-1] for kind in TYPES}
    for kind in TYPES:
        of, group = known[kind], everyone[everyone["cancer"] == kind]
        add("Type", kind, 100 * cases[kind] / sum(cases.values()), 1.0, share(len(group), len(everyone)))
        by_sex = {sex: sum(of["incidence"][sex]) for sex in SEXES}
        men = group["sex"] == "male"
        add("Sex", f"{kind}, men", 100 * by_sex["M"] / sum(by_sex.values()), 1.0, share(men.sum(), len(group)))
        for position, year in enumerate(registry["years"]):
            target = sum(of["incidence"][sex][position] for sex in SEXES) / sum(by_sex.values())
            count = int((group["diagnosis_year"] == year).sum())
            add("Year of diagnosis", f"{kind}, {year}", 100 * target, 1.0, share(count, len(group)))
        bands = [sum(pair) for pair in zip(*(of["prevalent_5y_2022_by_age"][sex] for sex in SEXES))]
        for position, band in enumerate(registry["age_bands"]):
            low = int(band.split("-")[0].strip("+"))
            inside = (group["age"] >= low) & (group["age"] < (low + 5 if "-" in band else 200))
            add("Age", f"{kind}, {band}", 100 * bands[position] / sum(bands), 1.0, share(inside.sum(), len(group)))
        if of["localized_share_2023"]:
            inside = (group["summary_stage"] == "localized").sum()
            add("Stage", f"{kind}, localized", of["localized_share_2023"], 1.0, share(inside, len(group)))
        background = registry["background"]
        survival = of["relative_survival_2018_2022"]
        add("Relative survival", kind, survival["T"], 1.0, relative_survival(group, background))
        for sex, name in SEXES.items():
            of_sex = group[group["sex"] == name]
            if survival[sex] is not None and kind != "prostate":
                # Sixty-odd men have breast cancer: their survival is shown, not judged.
                tolerance = 1.5 if len(of_sex) > 500 else None
                found = relative_survival(of_sex, background)
                add("Relative survival by sex", f"{kind}, {name}", survival[sex], tolerance, found)
        by_stage = of["relative_survival_2019_2023_by_stage"]
        for letter, stage in STAGES.items():
            if letter in by_stage:
                of_stage = group[group["summary_stage"] == stage]
                found = relative_survival(of_stage, background)
                add("Relative survival by stage", f"{kind}, {stage}", by_stage[letter], 1.5, found)
    return rows


def concordance(everyone):
    """C-index of Cox models on stage and age, and with the cancer beside them."""
    stage = pandas.get_dummies(everyone["summary_stage"], prefix="stage", dtype=float).drop(columns="stage_localized")
    kind = pandas.get_dummies(everyone["cancer"], prefix="cancer", dtype=float).drop(columns="cancer_colorectal")
    known = pandas.DataFrame({"days": everyone["survival_days"], "dead": everyone["dead"], "age": everyone["age"]})

    def fitted(columns):
        model = lifelines.CoxPHFitter().fit(pandas.concat([known, *columns], axis=1), "days", "dead")
        return float(model.concordance_index_)

    return {"stage_age": fitted([stage]), "stage_age_cancer": fitted([stage, kind])}


def derived(everyone, registry):
    """Survival and share of every stage, for the reader: what no figure is published for too."""
    rows = []
    for kind in TYPES:
        group = everyone[everyone["cancer"] == kind]
        for stage in ["localized", "regional", "distant", "unknown"]:
            of_stage = group[group["summary_stage"] == stage]
            found = relative_survival(of_stage, registry["background"])
            rows.append({"name": f"{kind}, {stage}", "share": share(len(of_stage), len(group)), "survival": found})
    return rows


HEAD = """# Calibration of cancer5

What the {persons:,} simulated patients of [cancer5](../datasets/definitions/cancer5) hold beside the figures of the
Korean registry, whose editions are named in `registry.json` there. `deploy/e2e/calibration.py` writes this page from
the tables alone, with lifelines and a life table of its own, and `cargo xtask test --only cancer` checks that it is
what it writes.

Figures are per cent. The proportion of the types is that of 2022, the years are those of each type. Intervals are
what a random sample of this size would have (95 %, Wilson for shares, Greenwood for survival); persons are drawn more
evenly than that, so most figures lie closer. Relative survival is Ederer II after five years, by months. Ages of the
registry are those of people who lived with the cancer in 2022; the generator takes them for ages at diagnosis.
Survival by sex and by stage come from two editions; `README.md` of the definition says what that does.
"""


def interval(found):
    return f"{found[0]:.1f} | {found[1]:.1f} to {found[2]:.1f}"


def page(found):
    """docs/CALIBRATION.md."""
    lines = [HEAD.format(persons=found["persons"])]
    for section in dict.fromkeys(figure["section"] for figure in found["figures"]):
        rows = [figure for figure in found["figures"] if figure["section"] == section]
        lines += [f"## {section}\n", "| | registry | generated | 95 % interval | difference | may differ by |"]
        lines.append("|---|---|---|---|---|---|")
        for row in rows:
            may = "not judged: too few" if row["tolerance"] is None else f"{row['tolerance']:.1f}"
            # Adding zero turns -0 into 0.
            difference = round(row["found"][0] - row["target"], 2) + 0.0
            said = [row["name"], f"{row['target']:.1f}", interval(row["found"]), f"{difference:+.2f}", may]
            lines.append(f"| {' | '.join(said)} |")
        lines.append("")
    lines += [
        "## Every stage\n",
        "Most have no published figure: shares are assumed, regional survival is solved for the sum to hold.\n",
        "| | share | 95 % interval | relative survival | 95 % interval |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {row['name']} | {interval(row['share'])} | {interval(row['survival'])} |" for row in found["stages"]]
    c = found["concordance"]
    lines += [
        "",
        "## Discrimination\n",
        "C-index of a Cox model on stage and age over all patients: "
        + f"{c['stage_age']:.3f}; with the cancer beside them: {c['stage_age_cancer']:.3f}.",
        f"Observed survival of all after five years (Kaplan-Meier): {found['observed_5y']:.1f} %.",
    ]
    return "\n".join(lines) + "\n"


def main(version, registry):
    registry = json.loads(Path(registry).read_text())
    everyone = patients(version)
    observed = lifelines.KaplanMeierFitter().fit(everyone["survival_days"], everyone["dead"]).predict(1826.25)
    found = {
        "persons": len(everyone),
        "figures": figures(everyone, registry),
        "stages": derived(everyone, registry),
        "concordance": concordance(everyone),
        "observed_5y": 100 * float(observed),
    }
    print(json.dumps({**found, "page": page(found)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
