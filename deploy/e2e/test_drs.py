"""GA4GH's own compliance suite, and a second client, against the DRS face."""

import json

import pytest
from environments import Environment

SUITE = ("drs-compliance-suite==1.0.3", "jsonschema", "werkzeug<3")
SECOND = ("ai4gh==1.0.0",)
# The suite knows DRS 1.2.0, whose service-info has neither field; 1.5 requires both.
INHERENT = "Additional properties are not allowed ('drs', 'maxBulkRequestLength' were unexpected)"

RUN = """
import json, sys, types
# The wheel forgot a module that it imports.
shim = types.ModuleType("supported_drs_versions")
shim.SUPPORTED_DRS_VERSIONS = ["1.2.0"]
sys.modules["supported_drs_versions"] = shim
from compliance_suite.report_runner import report_runner
report = report_runner(sys.argv[1], "Mudeung", "under test", "1.2.0", sys.argv[2])
print(json.dumps(json.loads(report.to_json())))
"""


@pytest.fixture(scope="module")
def objects(demo):
    """A file, its table and its version, as the demo's company sees them."""
    company = demo.company("client")
    dataset, table = next(company.tables("deidentified"))
    file = company.files(dataset, "deidentified", table["name"])[0]
    found = company.ask(f"/ga4gh/drs/v1/objects/{file['id']}")
    return company, found, file


def cases(report):
    """Every case of a report as (test, case, status, message)."""
    for phase in report["phases"]:
        for test in phase["tests"]:
            for case in test["cases"]:
                yield test["test_name"], case["case_name"], case["status"], case.get("message", "")


def test_the_compliance_suite_passes_but_for_what_is_inherent(demo, objects, tmp_path):
    company, found, _ = objects
    token = company.http.headers["authorization"].removeprefix("Bearer ")
    held = {"auth_type": "bearer", "auth_token": token}
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "service_info": {"auth_type": "none", "auth_token": ""},
                "drs_object_info": [{"drs_id": found["id"], "is_bundle": False, **held}],
                "drs_object_access": [{"drs_id": found["id"], **held}],
            }
        )
    )
    report = Environment(*SUITE).run(RUN, demo.url + "/ga4gh/drs/v1", config)
    seen = list(cases(report))
    failed = [case for case in seen if case[2] != "PASS"]
    print(f"{len(seen) - len(failed)} cases pass, {len(failed)} do not: {failed}")
    assert len(seen) >= 10
    assert len(failed) == 1 and INHERENT in failed[0][3], failed


def test_a_second_client_agrees_as_far_as_one_without_a_token_can(demo):
    """ai4gh sends no token, so an object that does not exist is 401 to it, as every object is, and not 404."""
    suite = Environment(*SECOND)
    script = """
import json, subprocess, sys
out = subprocess.run([sys.argv[1], "test", "drs", sys.argv[2], "-f", "json"], capture_output=True, text=True)
print(json.dumps(out.stdout))
"""
    output = suite.run(script, suite.program("ai4gh"), demo.url)
    results = json.loads(output[output.index("{") :])["tests"]
    failed = [result for result in results if result["status"].lower() != "pass"]
    assert len(results) == 4, output
    assert [result["message"] for result in failed] == ["Expected 404, got 401"], output


def test_the_checksum_is_that_of_the_bytes(objects):
    import hashlib

    company, found, file = objects
    address = company.ask(f"/ga4gh/drs/v1/objects/{found['id']}/access/{found['access_methods'][0]['access_id']}")
    content = company.http.get(address["url"], headers={"authorization": ""}).content
    assert hashlib.sha256(content).hexdigest() == found["checksums"][0]["checksum"] == file["sha256"]
    assert len(content) == found["size"] == file["size_bytes"]
