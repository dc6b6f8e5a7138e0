"""Counts of persons under differential privacy: what can be learned of de-identified data without a grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ._catalog import html_table
from ._errors import ConfigurationError
from ._plot import bars, gauge

Bins = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class PrivacyBudget:
    """What your organization may still learn of the persons in a dataset without a grant. It never comes back."""

    dataset: str
    epsilon_total: float
    epsilon_spent: float
    epsilon_remaining: float


@dataclass(frozen=True)
class Cell:
    """A combination of bins. `count` is `None` where it was too small to be shown."""

    bins: tuple[str, ...]
    count: int | None


class Counts(Sequence[Cell]):
    """Counts with noise: the true count lies within `interval_95` of each with a probability of 95 %."""

    def __init__(self, item: Mapping[str, Any], receipt: int | None) -> None:
        self.table = f"{item['dataset']}.{item['tier']}.{item['table']}"
        self.version = int(item["version"])
        self.by = [str(name) for name in item["by"]]
        self.cells = [Cell(tuple(cell["bins"]), cell["count"]) for cell in item["cells"]]
        self.epsilon = float(item["epsilon"])
        self.scale = float(item["scale"])
        self.interval_95 = int(item["interval_95"])
        self.minimum = int(item["minimum"])
        self.charged = bool(item["charged"])
        known = PrivacyBudget.__dataclass_fields__
        self.budget = PrivacyBudget(**{name: item["budget"][name] for name in known})
        self.receipt = receipt

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, index: Any) -> Any:
        return self.cells[index]

    def to_pandas(self) -> Any:
        """A data frame with a column for each column counted by, and `count`; withheld counts are missing."""
        import pandas

        rows = [(*cell.bins, cell.count) for cell in self.cells]
        frame = pandas.DataFrame(rows, columns=[*self.by, "count"])
        return frame.astype({"count": "Int64"})

    def _lines(self) -> list[tuple[str, float | None, str]]:
        fewer = f"fewer than {self.minimum}"
        return [
            (", ".join(cell.bins) or "all", cell.count, fewer if cell.count is None else f"{cell.count:,}")
            for cell in self.cells
        ]

    def _title(self) -> str:
        by = f" by {', '.join(self.by)}" if self.by else ""
        return f"Persons in {self.table}, version {self.version}{by}"

    def __repr__(self) -> str:
        lines = self._lines()
        width = max(len(label) for label, _, _ in lines)
        head = f"{self._title()} (±{self.interval_95} at 95 %, ε = {self.epsilon})"
        body = [f"  {label.ljust(width)}  {text}" for label, _, text in lines]
        left = f"ε left for {self.budget.dataset}: {self.budget.epsilon_remaining:g} of {self.budget.epsilon_total:g}"
        return "\n".join([head, *body, left])

    def _repr_html_(self) -> str:
        budget = self.budget
        note = (
            f"Noise was added: the true count lies within {self.interval_95} with a probability of 95 % "
            f"(discrete Laplace, ε = {self.epsilon:g}). Counts below {self.minimum} are withheld."
        )
        spent = f"ε spent on {escape(budget.dataset)}: {budget.epsilon_spent:g} of {budget.epsilon_total:g}"
        return (
            f"<p><b>{escape(self._title())}</b></p>{bars(self._title(), self._lines(), float(self.interval_95))}"
            f"<p>{escape(note)}<br>{spent} {gauge(budget.epsilon_spent, budget.epsilon_total)}</p>"
        )


def dimensions(by: Bins | None) -> list[dict[str, Any]]:
    """`{"sex": ["F", "M"], "age": range(0, 101, 10)}` as the server takes it.

    A `range` gives edges of ranges, as does a list of numbers or days that rises; anything else lists values.
    """
    result: list[dict[str, Any]] = []
    for column, bins in (by or {}).items():
        if isinstance(bins, str) or not isinstance(bins, Sequence):
            raise ConfigurationError(f"the bins of {column!r} must be a list, not {bins!r}")
        values = list(bins)
        numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
        rising = len(values) > 1 and all(a < b for a, b in zip(values, values[1:], strict=False))
        if isinstance(bins, range) or (numbers and rising):
            result.append({"column": column, "edges": values})
        else:
            result.append({"column": column, "values": values})
    return result


def budgets_html(budgets: Sequence[PrivacyBudget]) -> str:
    """Budgets as a table with a gauge for each."""
    rows = [["dataset", "ε spent", "ε total"]]
    rows += [[each.dataset, f"{each.epsilon_spent:g}", f"{each.epsilon_total:g}"] for each in budgets]
    return html_table(rows)
