"""Generated requests against the OpenAPI document: no 5xx, and no status that it does not name."""

import subprocess
import sys
from pathlib import Path

SECONDS = 180


def test_generated_requests_find_no_5xx_and_no_undocumented_status(server, tmp_path):
    company = server.company()
    token = company.http.headers["authorization"]
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", server.url + "/openapi.json"]
    command += ["--header", f"Authorization: {token}", "--checks", "not_a_server_error,status_code_conformance"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "30", "--seed", "1", "--no-color"]
    command += ["--continue-on-failure", "--request-timeout", "30", "--max-time", str(SECONDS), "--warnings", "off"]
    # A POST that succeeds there would end the token of all requests after it.
    command += ["--exclude-path", "/oauth2/revoke"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS * 3)
    print(result.stdout[-6000:])
    assert result.returncode == 0, result.stdout[-20000:] + result.stderr[-2000:]
    assert server.process.popen.poll() is None
    assert company.get("/readyz").status_code == 200
    assert "panicked" not in server.process.log.read_text(errors="replace")
