"""De-identified images, read by pydicom, which knows nothing of ours, beside what it reads of the raw ones."""

import json
import subprocess
from datetime import datetime
from pathlib import Path

import pyarrow.parquet
import pytest
import sandbox
from environments import Environment

DEFINITION = Path(__file__).resolve().parents[2] / "datasets/definitions/lymph_node"
PYDICOM = Environment("pydicom==3.0.2")

# Real images that the package brings.
GATHER = """
import json, pathlib, shutil, sys
from pydicom.data import get_testdata_file

folder = pathlib.Path(sys.argv[1])
for name in sys.argv[2:]:
    shutil.copy(get_testdata_file(name), folder / name)
print(json.dumps(sorted(path.name for path in folder.iterdir())))
"""

LOOK = """
import hashlib, json, pathlib, sys
import pydicom

def look(path):
    read = pydicom.dcmread(path)
    head = read.file_meta
    return {
        "person": str(read.PatientID),
        "name": str(read.get("PatientName", "")),
        "study": str(read.StudyInstanceUID),
        "series": str(read.SeriesInstanceUID),
        "instance": str(read.SOPInstanceUID),
        "head": [str(head.MediaStorageSOPInstanceUID), str(head.MediaStorageSOPClassUID)],
        "class": str(read.SOPClassUID),
        "syntax": str(head.TransferSyntaxUID),
        "dates": {k: str(read.get(k) or "") for k in ("StudyDate", "SeriesDate", "AcquisitionDate")},
        "geometry": [str(read.get(k)) for k in ("Rows", "Columns", "PixelSpacing", "ImagePositionPatient")],
        "removed": str(read.get("PatientIdentityRemoved")),
        "codes": [item.CodeValue for item in read.get("DeidentificationMethodCodeSequence", [])],
        "pixels": hashlib.sha256(read.PixelData).hexdigest(),
        "preamble": read.preamble.strip(b"\\0").hex(),
        "private": sum(element.tag.is_private for element in read.iterall()),
    }

print(json.dumps({str(path): look(path) for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.dcm"))}))
"""

RELEASED = ["CT_small.dcm", "MR_small.dcm"]
HELD_BACK = {"MR_truncated.dcm": "broken", "SC_rgb_small_odd.dcm": "burned_in_unknown", "test-SR.dcm": "report"}


def curate(folder, out, *options):
    command = [sandbox.BINARY, "curate", "dicom", str(DEFINITION), "--from", str(folder / "raw"), "--out", str(out)]
    result = subprocess.run([*command, "--key", str(folder / "key"), *options], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Raw files, and what pydicom reads of those that are released."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "raw").mkdir()
    PYDICOM.run(GATHER, folder / "raw", *RELEASED, *HELD_BACK)
    (folder / "two").mkdir()
    PYDICOM.run(GATHER, folder / "two", *RELEASED)
    return folder, PYDICOM.run(LOOK, folder / "two")


@pytest.fixture(scope="module")
def release(archive):
    """The release of those files, with the hospital's word that faces were removed."""
    folder, raw = archive
    told = curate(folder, folder / "out", "--defaced")
    return folder, raw, PYDICOM.run(LOOK, folder / "out"), told


def day(one, name):
    return datetime.strptime(one["dates"][name], "%Y%m%d")


def pairs(raw, clean):
    """Raw and released images, put together by their pixels."""
    found = {one["pixels"]: one for one in clean.values()}
    return [(one, found[one["pixels"]]) for one in raw.values()]


def test_another_reads_what_was_released_and_finds_the_image_as_it_was(release):
    _, raw, clean, _ = release
    assert len(clean) == len(RELEASED)
    for before, after in pairs(raw, clean):
        assert after["geometry"] == before["geometry"]
        assert (after["class"], after["syntax"]) == (before["class"], before["syntax"])
        assert after["head"] == [after["instance"], after["class"]]
        assert after["preamble"] == ""
        assert after["removed"] == "YES" and after["codes"] == ["113100", "113107"]


def test_another_finds_no_identifier_and_nothing_private(release):
    folder, raw, clean, _ = release
    assert any(one["private"] > 0 for one in raw.values())
    released = b"".join(path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file())
    for before, after in pairs(raw, clean):
        assert after["private"] == 0
        assert after["name"] == "" and len(after["person"]) == 26
        for key in ("study", "series", "instance"):
            assert after[key].startswith("2.25.") and after[key] != before[key]
        for value in (before["name"], before["study"], before["series"], before["instance"]):
            assert value.encode() not in released, value


def test_dates_of_a_person_keep_their_distance(release):
    _, raw, clean, _ = release
    for before, after in pairs(raw, clean):
        days = [(day(before, name), day(after, name)) for name, date in before["dates"].items() if date]
        (shift,) = {(moved - date).days for date, moved in days}
        assert shift != 0 and shift % 7 == 0 and abs(shift) <= 26 * 7


def test_the_index_is_what_another_reads_and_counts_add_up(release):
    folder, _, clean, told = release
    index = pyarrow.parquet.read_table(folder / "out/index.parquet").to_pylist()
    files = {str(folder / "out" / row["path"]): row for row in index}
    assert files.keys() == clean.keys()
    for path, row in files.items():
        one = clean[path]
        assert (row["person"], row["study_uid"]) == (one["person"], one["study"])
        assert (row["series_uid"], row["instance_uid"]) == (one["series"], one["instance"])
        assert row["size_bytes"] == Path(path).stat().st_size
        assert row["study_date"].strftime("%Y%m%d") == one["dates"]["StudyDate"]
        assert [str(row["rows"]), str(row["columns"])] == one["geometry"][:2]
    report = json.loads((folder / "out/report.json").read_text())
    assert report["files"] == report["released"] + sum(report["quarantined"].values())
    assert report["files"] == len(RELEASED) + len(HELD_BACK)
    listed = {one["file"]: one["reason"] for one in json.loads((folder / "out.held-back.json").read_text())}
    assert listed == HELD_BACK
    assert "3 held back" in told and "보류 3개" in told


def test_images_of_unknown_parts_are_held_back_without_the_word_of_the_hospital(archive):
    folder, _ = archive
    curate(folder, folder / "strict")
    report = json.loads((folder / "strict/report.json").read_text())
    assert report["released"] == 0 and report["quarantined"]["body_part_unknown"] == len(RELEASED)
