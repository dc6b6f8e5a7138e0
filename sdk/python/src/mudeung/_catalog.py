"""The items of the catalogue and the account, as small frozen records that print well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from html import escape
from typing import Any, TypeVar, overload

from ._plot import bars, gauge

T = TypeVar("T")


@dataclass(frozen=True)
class Dataset:
    """A dataset of the catalogue. `tiers` are open to you; `tiers_published` exist."""

    id: str
    title: str
    tiers: list[str]
    tiers_published: list[str]
    summary: str = ""
    licence: str = ""
    source: str = ""
    titles: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Version:
    """A version of a tier. It never changes."""

    dataset: str
    tier: str
    version: int
    published_at: str


@dataclass(frozen=True)
class Column:
    """A column as the dictionary describes it."""

    name: str
    type: str
    nullable: bool
    unit: str | None
    description: str
    deidentification: str | None


@dataclass(frozen=True)
class File:
    """A Parquet file with a signed address: whoever has the address can read it until it expires."""

    id: str
    name: str
    url: str = field(repr=False)
    expires_at: str
    size_bytes: int
    sha256: str
    rows: int


@dataclass(frozen=True)
class Usage:
    """What was read in one period. Parts that were not told apart are `None`."""

    period_start: str
    app: str | None
    dataset: str | None
    tier: str | None
    operation: str | None
    requests: int
    rows: int
    bytes: int
    grant: str | None = None


@dataclass(frozen=True)
class Quota:
    """What may still be read under one policy."""

    grant: str | None
    dataset: str | None
    policy: str
    bytes_limit: int
    bytes_remaining: int
    rows_limit: int
    rows_remaining: int
    resets_at: str | None


@dataclass(frozen=True)
class Grant:
    """A grant of this app. `tables` maps each table to its columns."""

    id: str
    dataset: str
    tier: str
    tables: dict[str, list[str]]
    purpose: str
    valid_from: str
    valid_until: str
    state: str

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Grant:
        tables = {table["name"]: list(table["columns"]) for table in item["tables"]}
        return record(cls, {**item, "tables": tables})


class Items(list[T]):
    """A list of records that shows as a table in a notebook."""

    def to_pandas(self) -> Any:
        """The records as a pandas data frame."""
        import pandas

        return pandas.DataFrame([asdict(each) for each in self])  # type: ignore[call-overload]

    def _repr_html_(self) -> str:
        if not self:
            return "<p>none</p>"
        names = [each.name for each in fields(self[0]) if each.repr]  # type: ignore[arg-type]
        table = html_table([names, *([str(getattr(item, name)) for name in names] for item in self)])
        return table + _picture(self)


def _picture(items: Sequence[Any]) -> str:
    """What people would rather look at than read: usage by day, and how much of each quota is left."""
    if all(isinstance(item, Usage) for item in items):
        periods: dict[str, int] = {}
        for item in items:
            periods[item.period_start] = periods.get(item.period_start, 0) + item.bytes
        lines = [(period, float(sent), _in_bytes(sent)) for period, sent in sorted(periods.items())[-31:]]
        return bars("Bytes read by period", lines)
    if all(isinstance(item, Quota) for item in items):
        lines = []
        for item in items:
            used = item.bytes_limit - item.bytes_remaining
            share = f"{_in_bytes(used)} of {_in_bytes(item.bytes_limit)}"
            lines.append(f"<p>{escape(item.grant or item.policy)}: {share} {gauge(used, item.bytes_limit)}</p>")
        return "".join(lines)
    return ""


def _in_bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


class Dictionary(Sequence[Column]):
    """The columns of a table with their meanings; shows as a table in a terminal and in a notebook."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        self.table = f"{item['dataset']}.{item['tier']}.{item['name']}"
        self.version = int(item["version"])
        self.description = str(item.get("description", ""))
        self.rows = int(item["rows"])
        self.simulated = bool(item.get("simulated", False))
        #: What was promised to the persons behind a twin: `mechanism`, `epsilon`, `delta`, and `with`, the table of
        #: persons where all tables share one promise; None for other tables.
        self.twin: Mapping[str, Any] | None = item.get("twin")
        self.row_filter: str | None = item.get("row_filter")
        self.columns = [record(Column, column) for column in item["columns"]]

    @overload
    def __getitem__(self, index: int) -> Column: ...
    @overload
    def __getitem__(self, index: str) -> Column: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Column]: ...
    def __getitem__(self, index: int | str | slice) -> Column | Sequence[Column]:
        if isinstance(index, str):
            for column in self.columns:
                if column.name == index:
                    return column
            raise KeyError(index)
        return self.columns[index]

    def __len__(self) -> int:
        return len(self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def _title(self) -> str:
        twin = f" by a twin, epsilon {self.twin['epsilon']:g}, delta {self.twin['delta']:g}" if self.twin else ""
        simulated = f", simulated{twin}" if self.simulated else ""
        return f"{self.table}, version {self.version}: {self.rows:,} rows{simulated}"

    def _cells(self) -> list[list[str]]:
        rows = [["column", "type", "null", "unit", "meaning"]]
        for column in self.columns:
            done = f" [{column.deidentification}]" if column.deidentification else ""
            null = "yes" if column.nullable else "no"
            rows.append([column.name, column.type, null, column.unit or "", column.description + done])
        return rows

    def __repr__(self) -> str:
        cells = self._cells()
        widths = [max(len(row[index]) for row in cells) for index in range(4)]
        lines = [self._title()]
        if self.description:
            lines.append(self.description)
        if self.row_filter:
            lines.append(f"only rows where {self.row_filter}")
        for row in cells:
            lines.append(
                "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        only = f"<p>only rows where <code>{escape(self.row_filter)}</code></p>" if self.row_filter else ""
        return f"<p><b>{escape(self._title())}</b><br>{escape(self.description)}</p>{only}{html_table(self._cells())}"


def html_table(rows: list[list[str]]) -> str:
    """The rows as an HTML table, the first of them as its head."""
    left = "style='text-align:left'"
    head = "".join(f"<th {left}>{escape(cell)}</th>" for cell in rows[0])
    body = ["".join(f"<td {left}>{escape(cell)}</td>" for cell in row) for row in rows[1:]]
    lines = "".join(f"<tr>{cells}</tr>" for cells in body)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def record(kind: type[T], item: Mapping[str, Any]) -> T:
    """Makes a record of what it knows of; a newer server may say more."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: item[name] for name in names if name in item})
