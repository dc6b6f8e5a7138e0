"""Rows that are made on demand: the same by every way, other ones by another seed, paid for and on the record."""

import io
import subprocess
import time

import httpx
import pyarrow
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest
import sandbox
from mudeung import ConfigurationError, Problem, Sandbox
from test_sdk import with_secret

DATASET, PERSON, READING = "hypertension_home_bp", "person", "reading"
PATH = f"/v1/synthetic/{DATASET}"


@pytest.fixture(scope="module")
def client(demo):
    credential = demo.json["sandbox"]
    return Sandbox(demo.url, credential["client_id"], credential["client_secret"])


def made(demo, table, accept="application/vnd.apache.arrow.stream", **asked):
    http = demo.company("sandbox").http
    return http.post(f"{PATH}/{table}", params=asked, headers={"Accept": accept})


def generated(client):
    """Rows that were ever made. An answer is counted when its end is on the record, soon after its last byte."""
    return sum(each.rows for each in client.usage() if each.operation == "synthetic.generate")


def test_it_is_on_the_record_and_in_the_usage(client):
    # The first test, so that nothing is on its way.
    before = generated(client)
    result = client.synthesize(DATASET, PERSON, rows=123, seed=1)
    entry = client.receipt(result.receipt)["entry"]
    assert (entry["operation"], entry["dataset"], entry["tier"]) == ("synthetic.generate", DATASET, "synthetic")
    assert entry["detail"] == "123 rows of seed 1"
    end = time.monotonic() + 30
    while (counted := generated(client) - before) != 123:
        assert counted == 0 and time.monotonic() < end, f"{counted} rows in the usage"
        time.sleep(0.1)


def test_every_format_has_the_same_rows_and_the_types_of_the_published_table(demo, client):
    published = client.table(f"{DATASET}.synthetic.{PERSON}").schema
    arrow = pyarrow.ipc.open_stream(made(demo, PERSON, rows=500, seed=5).content).read_all()
    assert arrow.schema.equals(published) and arrow.num_rows == 500
    parquet = made(demo, PERSON, "application/vnd.apache.parquet", rows=500, seed=5)
    assert pyarrow.parquet.read_table(io.BytesIO(parquet.content)).equals(arrow)
    lines = made(demo, PERSON, "application/x-ndjson", rows=500, seed=5).text.splitlines()
    assert len(lines) == 500
    text = pyarrow.csv.read_csv(io.BytesIO(made(demo, PERSON, "text/csv", rows=500, seed=5).content))
    assert text.column("person_id").to_pylist() == arrow.column("person_id").to_pylist()


def test_a_seed_makes_the_same_persons_in_all_tables_and_another_makes_others(client):
    persons = client.synthesize(DATASET, PERSON, rows=200, seed=9)
    again = client.synthesize(DATASET, PERSON, rows=200, seed=9)
    assert persons.seed == 9 and persons.to_arrow().equals(again.to_arrow())
    readings = client.synthesize(DATASET, READING, rows=5_000, seed=9).to_pandas()
    assert set(readings["person_id"]) <= set(persons.to_pandas()["person_id"])
    other = client.synthesize(DATASET, PERSON, rows=200)
    assert other.seed != 9
    assert not set(other.to_pandas()["person_id"]) & set(persons.to_pandas()["person_id"])
    assert client.synthesize(DATASET, PERSON, rows=200, seed=other.seed).to_arrow().equals(other.to_arrow())


def test_more_rows_begin_with_the_fewer_and_columns_are_chosen(client):
    few = client.synthesize(DATASET, READING, rows=1_000, seed=2).to_arrow()
    many = client.synthesize(DATASET, READING, rows=50_000, seed=2, columns=["systolic", "day"]).to_arrow()
    assert many.column_names == ["systolic", "day"] and many.num_rows == 50_000
    assert many.slice(0, 1_000).equals(few.select(["systolic", "day"]))


def test_what_cannot_be_made_says_why(demo, client):
    with pytest.raises(ConfigurationError, match="synthetic tables alone"):
        client.table("lymph_node.deidentified.patient").synthesize()
    with pytest.raises(Problem, match="no column"):
        client.synthesize(DATASET, PERSON, columns=["nothing"])
    assert made(demo, "nothing").status_code == 404
    assert made(demo, PERSON, rows=10**9).json()["code"] == "invalid_parameter"


def test_persons_as_fhir_bundles_are_the_persons_of_the_rows(demo, client):
    persons = client.synthesize("cancer5", "person", rows=40, seed=8).to_pandas()
    bundles = client.synthesize("cancer5", "person", rows=40, seed=8, format="fhir")
    assert (len(bundles), bundles.seed) == (40, 8)
    entry = client.receipt(bundles.receipt)["entry"]
    assert (entry["operation"], entry["detail"]) == ("synthetic.generate", "40 rows of seed 8 as FHIR bundles")
    resources = [[each["resource"] for each in bundle["entry"]] for bundle in bundles]
    patients = [next(it for it in bundle if it["resourceType"] == "Patient") for bundle in resources]
    assert [patient["id"] for patient in patients] == [f"c5-{person}-patient" for person in persons["person_id"]]
    assert [patient["birthDate"][:4] for patient in patients] == [str(year) for year in persons["year_of_birth"]]
    # Each bundle says that it is of nobody, and has as many operations and so on as the tables have diagnoses at least.
    assert all(tag["code"] == "HTEST" for bundle in bundles for tag in bundle["meta"]["tag"])
    assert all(any(it["resourceType"] == "Condition" for it in bundle) for bundle in resources)
    deaths = client.synthesize("cancer5", "death", rows=40, seed=8).to_pandas()
    dead = {patient["id"] for patient in patients if "deceasedDateTime" in patient or patient.get("deceasedBoolean")}
    assert dead == {f"c5-{it}-patient" for it in set(deaths["person_id"]) & set(persons["person_id"])}


def test_bundles_are_a_form_of_whole_persons_alone(demo, client):
    fhir = "application/fhir+ndjson"
    http = demo.company("sandbox").http
    answer = http.post("/v1/synthetic/cancer5/person", params={"rows": 2, "seed": 1, "format": "fhir"})
    assert answer.headers["content-type"] == fhir and answer.text.count("\n") == 2
    path = "/v1/synthetic/cancer5/person"
    assert http.post(path, params={"rows": 2, "seed": 1}, headers={"Accept": fhir}).content == answer.content
    refused = [
        (path, {"rows": 2, "columns": "person_id"}),
        ("/v1/synthetic/cancer5/death", {"rows": 2}),
        (f"{PATH}/{PERSON}", {"rows": 2}),
    ]
    for where, params in refused:
        said = http.post(where, params=params, headers={"Accept": fhir})
        assert said.status_code == 400 and "FHIR" in said.json()["detail"], said.text
    rows = http.get("/v1/datasets/cancer5/synthetic/tables/person/rows", params={"format": "fhir"})
    assert rows.json()["code"] == "invalid_parameter"


def test_the_command_line_makes_what_the_package_makes(demo, client, tmp_path):
    cli = with_secret(tmp_path, demo.url, demo.json["sandbox"])
    file = tmp_path / "persons.parquet"
    _, said = cli("synth", f"{DATASET}.{PERSON}", "--rows", 300, "--seed", 4, "--out", file)
    assert "simulated" in said and "seed 4" in said
    expected = client.synthesize(DATASET, PERSON, rows=300, seed=4).to_arrow()
    assert pyarrow.parquet.read_table(file).equals(expected)
    shown, said = cli("synth", f"{DATASET}.{PERSON}", "--rows", 3, "--columns", "sex,age")
    assert shown.count("\n") == 7 and "| sex" in shown and "seed" in said
    assert cli.fail("synth", PERSON)[0] == 2


def test_the_server_makes_what_the_steward_makes_offline(client, tmp_path):
    command = [sandbox.BINARY, "synth", DATASET, "--rows", "50", "--seed", "6", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    (file,) = tmp_path.glob(f"{DATASET}/synthetic/1/{PERSON}/*.parquet")
    offline = pyarrow.parquet.read_table(file)
    assert client.synthesize(DATASET, PERSON, rows=50, seed=6).to_arrow().equals(offline)


def test_a_twin_of_real_patients_keeps_what_belongs_together_and_says_its_promise(demo, client):
    dictionary = client.table("support2.synthetic.patient").dictionary()
    assert dictionary.simulated and dictionary.twin == {"mechanism": "mst", "epsilon": 1.0, "delta": 1e-9}
    assert "epsilon 1, delta 1e-09" in repr(dictionary)
    result = client.synthesize("support2", "patient", rows=9_000, seed=4)
    twin = result.to_arrow()
    assert twin.schema.equals(client.table("support2.synthetic.patient").schema)
    assert client.synthesize("support2", "patient", rows=9_000, seed=4).to_arrow().equals(twin)
    patients = twin.to_pandas()
    # The strongest pairs are kept: the class of each disease, and the estimates of survival at two and six months. The noise
    # is another in every demo (standard deviation of a count here: 65 of 9,105 patients), so the bounds are wide.
    lung = patients[patients["disease_group"] == "Lung Cancer"]["disease_class"].value_counts(normalize=True)
    assert lung["Cancer"] > 0.7, lung
    assert patients["model_survival_2m"].corr(patients["model_survival_6m"]) > 0.4
    assert abs(len(patients[patients["sex"] == "male"]) / len(patients) - 0.563) < 0.05
    page = httpx.get(f"{demo.url}/en/catalogue/support2/synthetic/patient")
    assert page.status_code == 200 and "ε = 1, δ = 1e-9, MST" in page.text
