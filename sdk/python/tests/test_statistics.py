"""Counts: what is sent, how the answer reads, and how it looks in a notebook."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Mock, Reply, Seen
from mudeung import ConfigurationError, QuotaExhausted

ANSWER: dict[str, Any] = {
    "dataset": "cohort",
    "tier": "deidentified",
    "version": 3,
    "table": "visits",
    "unit": "persons",
    "by": ["sex"],
    "cells": [{"bins": ["F"], "count": 120}, {"bins": ["<M>"], "count": None}],
    "mechanism": "discrete Laplace",
    "scale": 10.0,
    "interval_95": 30,
    "minimum": 10,
    "epsilon": 0.1,
    "charged": True,
    "budget": {"dataset": "cohort", "epsilon_total": 1.0, "epsilon_spent": 0.1, "epsilon_remaining": 0.9},
}


def answering(mock: Mock, reply: Reply) -> None:
    mock.answer = lambda seen: reply if seen.path == "/v1/statistics" else None


def sent(mock: Mock) -> Any:
    return json.loads([seen for seen in mock.log if seen.path == "/v1/statistics"][-1].body)


def test_bins_are_values_or_edges_as_they_were_given(mock: Mock) -> None:
    answering(mock, Reply.json(ANSWER, **{"Mudeung-Receipt": "7"}))
    by = {"sex": ["F", "M"], "age": range(0, 41, 20)}
    counts = mock.sandbox().statistics("cohort.visits", by, "age >= 5", epsilon=0.25, cells_per_person=2)
    assert sent(mock) == {
        "table": "cohort.visits",
        "by": [{"column": "sex", "values": ["F", "M"]}, {"column": "age", "edges": [0, 20, 40]}],
        "epsilon": 0.25,
        "filter": "age >= 5",
        "cells_per_person": 2,
    }
    assert counts.receipt == 7 and counts.budget.epsilon_remaining == 0.9
    mock.sandbox().statistics("cohort.visits", {"stage": [3, 1, 2]})
    assert sent(mock)["by"] == [{"column": "stage", "values": [3, 1, 2]}], "numbers that do not rise are values"
    mock.sandbox().statistics("cohort.visits")
    assert sent(mock) == {"table": "cohort.visits", "by": [], "epsilon": 0.1}
    with pytest.raises(ConfigurationError):
        mock.sandbox().statistics("cohort.visits", {"sex": "F"})


def test_counts_read_well_everywhere(mock: Mock) -> None:
    answering(mock, Reply.json(ANSWER))
    counts = mock.sandbox().statistics("cohort.visits", {"sex": ["F", "<M>"]})
    assert (len(counts), counts[0].count, counts[1].count) == (2, 120, None)
    frame = counts.to_pandas()
    assert list(frame.columns) == ["sex", "count"] and frame["count"].isna().tolist() == [False, True]
    text = repr(counts)
    assert "120" in text and "fewer than 10" in text and "±30" in text and "ε left for cohort: 0.9 of 1" in text
    page = counts._repr_html_()
    assert "<svg" in page and "&lt;M&gt;" in page and "<M>" not in page


def test_a_spent_budget_is_the_error_of_quotas(mock: Mock) -> None:
    answering(mock, Reply.problem(429, "quota_exhausted"))
    with pytest.raises(QuotaExhausted):
        mock.sandbox().statistics("cohort.visits")
    assert len(mock.seen("/v1/statistics")) >= 1


def test_budgets_are_listed(mock: Mock) -> None:
    answering(mock, Reply.page([ANSWER["budget"]]))
    (budget,) = mock.sandbox().privacy_budgets()
    assert (budget.dataset, budget.epsilon_spent) == ("cohort", 0.1)


def test_usage_and_quota_are_pictures_in_a_notebook(mock: Mock) -> None:
    usage = {"app": None, "dataset": "d", "tier": "t", "operation": "o", "requests": 1, "rows": 1}
    quota = {
        "grant": "grt_1",
        "dataset": "d",
        "policy": "grant",
        "bytes_limit": 1000,
        "bytes_remaining": 100,
        "rows_limit": 10,
        "rows_remaining": 1,
        "resets_at": None,
    }

    def answer(seen: Seen) -> Reply | None:
        if seen.path == "/v1/usage":
            days = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]
            return Reply.page([{**usage, "period_start": day, "bytes": 2_500_000} for day in days])
        return Reply.page([quota]) if seen.path == "/v1/quota" else None

    mock.answer = answer
    page = mock.sandbox().usage()._repr_html_()
    assert page.count("<rect") == 2 and "2.5 MB" in page
    page = mock.sandbox().quota()._repr_html_()
    assert "900 B of 1 kB" in page and "90% used" in page
