"""Tokens, retries, problems, pages and settings."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Mock, Reply, basic
from mudeung import (
    ConfigurationError,
    IncompleteAnswer,
    NoAnswer,
    NotFound,
    Problem,
    QuotaExhausted,
    Sandbox,
    SignInRefused,
    Unavailable,
)


def no_datasets(seen):
    return Reply.page([]) if seen.path == "/v1/datasets" else None


def test_one_token_serves_many_threads(mock: Mock):
    mock.answer = no_datasets
    sandbox = mock.sandbox()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: sandbox.datasets(), range(20))) == [[]] * 20
    (token,) = mock.seen("/oauth2/token")
    assert token.headers["authorization"] == basic("app_1", "s3cret")
    assert token.body == b"grant_type=client_credentials"
    assert {seen.headers["authorization"] for seen in mock.seen("/v1/")} == {"Bearer token-1"}


def test_a_token_that_is_about_to_expire_is_renewed_first(mock: Mock):
    mock.answer, mock.lifetime_seconds = no_datasets, 0
    sandbox = mock.sandbox()
    sandbox.datasets()
    sandbox.datasets()
    assert mock.issued == 2
    assert len(mock.seen("/.well-known/")) == 1, "the endpoint is looked up once"


def test_the_token_endpoint_is_where_the_metadata_says(mock: Mock):
    def answer(seen):
        if seen.path == "/.well-known/oauth-authorization-server":
            return Reply.json({"issuer": mock.url, "token_endpoint": mock.url + "/elsewhere"})
        if seen.path == "/elsewhere":
            return Reply.json({"access_token": "t", "token_type": "Bearer", "expires_in": 1200})
        return no_datasets(seen)

    mock.answer = answer
    mock.sandbox().datasets()
    assert len(mock.seen("/elsewhere")) == 1 and not mock.seen("/oauth2/token")


def test_a_refused_token_is_replaced_once_and_then_believed(mock: Mock):
    refused = Reply.problem(401, "unauthenticated")
    mock.answer = lambda seen: refused if seen.headers.get("authorization") == "Bearer token-1" else no_datasets(seen)
    assert mock.sandbox().datasets() == []
    assert len(mock.seen("/v1/datasets")) == 2

    mock.answer = lambda seen: refused if seen.path == "/v1/datasets" else None
    with pytest.raises(Problem) as caught:
        mock.sandbox().datasets()
    assert caught.value.status == 401
    assert len(mock.seen("/v1/datasets")) == 4


def test_a_wrong_secret_is_a_refused_sign_in(mock: Mock):
    answer = {"error": "invalid_client", "error_description": "unknown client or wrong secret"}
    mock.answer = lambda seen: Reply.json(answer, 401) if seen.path == "/oauth2/token" else None
    with pytest.raises(SignInRefused, match=r"sign-in refused \(invalid_client\): unknown client"):
        mock.sandbox().datasets()
    assert len(mock.seen("/oauth2/token")) == 1, "a wrong secret does not get better by asking again"


def test_the_server_is_waited_for_as_long_as_it_asks(mock: Mock):
    replies = [
        Reply.problem(429, "rate_limited", **{"Retry-After": "1"}),
        Reply.problem(503, "overloaded"),
        Reply.page([]),
    ]
    mock.answer = lambda seen: replies.pop(0) if seen.path == "/v1/datasets" else None
    start = time.monotonic()
    mock.sandbox().datasets()
    assert time.monotonic() - start >= 1
    assert not replies


def test_waiting_is_bounded_in_time_and_in_number(mock: Mock):
    exhausted = Reply.problem(429, "quota_exhausted", **{"Retry-After": "86400"})
    mock.answer = lambda seen: exhausted if seen.path == "/v1/datasets" else None
    with pytest.raises(QuotaExhausted, match="try again in 86400 s") as caught:
        mock.sandbox().datasets()
    assert caught.value.retry_after == 86400
    assert len(mock.seen("/v1/datasets")) == 1

    mock.answer = lambda seen: Reply.problem(503, "ledger_unavailable") if seen.path == "/v1/quota" else None
    with pytest.raises(Unavailable):
        mock.sandbox().quota()
    assert len(mock.seen("/v1/quota")) == 4


def test_a_problem_keeps_its_code_and_reads_as_one_line(mock: Mock):
    with pytest.raises(NotFound) as caught:
        mock.sandbox().table("a.deidentified.b").dictionary()
    assert (caught.value.code, caught.value.detail) == ("not_found", "What happened here")
    assert str(caught.value) == "Title (not_found): What happened here"
    assert mock.seen("/v1/")[0].target == "/v1/datasets/a/deidentified/tables/b"


def test_a_page_of_a_proxy_is_not_taken_for_an_answer(mock: Mock):
    mock.answer = lambda seen: Reply(200, b"<html>log in</html>") if seen.path == "/v1/datasets" else None
    with pytest.raises(IncompleteAnswer, match="not JSON"):
        mock.sandbox().datasets()


def test_a_list_is_read_to_its_end_and_no_further(mock: Mock):
    def version(number):
        return {"dataset": "d", "tier": "t", "version": number, "published_at": "2026-01-01T00:00:00Z", "new": 1}

    def answer(seen):
        if seen.path == "/v1/datasets/d/t/versions":
            last = seen.query.get("cursor") == "a&b"
            return Reply.page([version(3)]) if last else Reply.page([version(1), version(2)], "a&b")
        return Reply.page([], "again") if seen.path == "/v1/datasets" else None

    mock.answer = answer
    sandbox = mock.sandbox()
    assert [each.version for each in sandbox.versions("d", "t")] == [1, 2, 3]
    with pytest.raises(IncompleteAnswer, match="cursor repeats"):
        sandbox.datasets()


def test_a_server_that_is_not_there_is_told_without_a_trace(mock: Mock):
    mock.close()
    with pytest.raises(NoAnswer, match="no answer from http://127.0.0.1"):
        mock.sandbox().datasets()


def test_settings_come_from_arguments_then_environment_then_profile(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ConfigurationError, match="mudeung-cli login"):
        Sandbox()
    folder = Path(os.environ["MUDEUNG_CONFIG_DIR"])
    folder.mkdir()
    stored = '[profiles.{}]\nurl = "http://127.0.0.1:1"\nclient_id = "{}"\nclient_secret = "s"\n'
    (folder / "profiles.toml").write_text(stored.format("default", "d") + stored.format("other", "o"))
    assert repr(Sandbox()) == "Sandbox('http://127.0.0.1:1', client_id='d')"
    assert Sandbox(profile="other").client_id == "o"
    monkeypatch.setenv("MUDEUNG_URL", "http://127.0.0.1:2/")
    monkeypatch.setenv("MUDEUNG_CLIENT_ID", "e")
    monkeypatch.setenv("MUDEUNG_CLIENT_SECRET", "s")
    assert repr(Sandbox()) == "Sandbox('http://127.0.0.1:2', client_id='e')"
    assert Sandbox(profile="other").client_id == "o"
    assert Sandbox("http://127.0.0.1:3").base_url == "http://127.0.0.1:3"


def test_the_secret_does_not_travel_in_the_clear_unless_allowed():
    with pytest.raises(ConfigurationError, match="in the clear"):
        Sandbox("http://example.com", "a", "b")
    Sandbox("http://example.com", "a", "b", allow_plain_http=True)
    Sandbox("http://localhost:8080", "a", "b")
    with pytest.raises(ConfigurationError, match="must start with"):
        Sandbox("example.com", "a", "b")


def test_the_secret_is_not_shown(mock: Mock):
    sandbox = mock.sandbox()
    assert "s3cret" not in repr(sandbox) + repr(vars(sandbox)) + repr(vars(sandbox._http))
