"""The same for programs that run on asyncio. Calls wait on threads of their own, so nothing blocks the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, ParamSpec, TypeVar, overload

import pyarrow

from ._catalog import Dataset, Dictionary, File, Grant, Items, Quota, Usage, Version
from ._download import DownloadedFile, Progress
from ._fhir import Bundles
from ._jobs import QueryJob
from ._sandbox import Sandbox, UsagePart
from ._statistics import Bins, Counts, PrivacyBudget
from ._table import Result, Table

P = ParamSpec("P")
R = TypeVar("R")
_END = object()


class AsyncSandbox:
    """A connection to one sandbox for asyncio; see `Sandbox`, whose arguments it takes.

    >>> async def main():
    ...     async with AsyncSandbox("http://127.0.0.1:8080", "app_1", "secret") as sandbox:
    ...         tables = await sandbox.tables("lymph_node")
    ...         return await asyncio.gather(*(table.to_pandas() for table in tables))
    """

    def __init__(self, *arguments: Any, concurrent_calls: int = 16, **options: Any) -> None:
        self._sandbox = Sandbox(*arguments, **options)
        self._threads = ThreadPoolExecutor(concurrent_calls, thread_name_prefix="mudeung")

    async def _call(self, function: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*arguments, **options))

    async def datasets(self) -> Items[Dataset]:
        """All datasets of the catalogue."""
        return await self._call(self._sandbox.datasets)

    async def dataset(self, dataset: str) -> Dataset:
        """One dataset."""
        return await self._call(self._sandbox.dataset, dataset)

    async def tables(self, dataset: str, tier: str = "synthetic") -> list[AsyncTable]:
        """The tables of a tier that are open to you."""
        return [AsyncTable(self, table) for table in await self._call(self._sandbox.tables, dataset, tier)]

    async def versions(self, dataset: str, tier: str = "synthetic") -> Items[Version]:
        """The versions of a tier."""
        return await self._call(self._sandbox.versions, dataset, tier)

    def table(self, name: str, version: int | None = None) -> AsyncTable:
        """A table by its name `dataset.tier.table`. Nothing is sent yet."""
        return AsyncTable(self, self._sandbox.table(name, version))

    async def query(self, sql: str, limit: int | None = None) -> Result:
        """Runs read-only SQL."""
        return await self._call(self._sandbox.query, sql, limit)

    @overload
    async def synthesize(
        self,
        dataset: str,
        table: str,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Iterable[str] | None = None,
        format: Literal["arrow"] = "arrow",
    ) -> Result: ...
    @overload
    async def synthesize(
        self,
        dataset: str,
        table: str,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Iterable[str] | None = None,
        *,
        format: Literal["fhir"],
    ) -> Bundles: ...
    async def synthesize(
        self,
        dataset: str,
        table: str,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Iterable[str] | None = None,
        format: Literal["arrow", "fhir"] = "arrow",
    ) -> Result | Bundles:
        """Makes rows of a synthetic table anew; see `Table.synthesize`."""
        return await self._call(self._sandbox.synthesize, dataset, table, rows, seed, columns, format=format)

    async def submit(self, sql: str, limit: int | None = None, *, export: bool = False) -> QueryJob:
        """Runs read-only SQL on the server without waiting. The job's own methods block: run them in a thread."""
        return await self._call(self._sandbox.submit, sql, limit, export=export)

    async def statistics(
        self,
        table: str,
        by: Bins | None = None,
        filter: str | None = None,
        *,
        epsilon: float = 0.1,
        cells_per_person: int | None = None,
    ) -> Counts:
        """Counts persons under differential privacy; see `Sandbox.statistics`."""
        return await self._call(
            self._sandbox.statistics, table, by, filter, epsilon=epsilon, cells_per_person=cells_per_person
        )

    async def privacy_budgets(self) -> Items[PrivacyBudget]:
        """What may still be learned without a grant."""
        return await self._call(self._sandbox.privacy_budgets)

    async def usage(
        self,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        *,
        granularity: Literal["hour", "day", "month"] = "day",
        group_by: Iterable[UsagePart] | None = None,
    ) -> Items[Usage]:
        """What was read."""
        return await self._call(self._sandbox.usage, start, end, granularity=granularity, group_by=group_by)

    async def quota(self) -> Items[Quota]:
        """What may still be read."""
        return await self._call(self._sandbox.quota)

    async def grants(self) -> Items[Grant]:
        """The grants of this app."""
        return await self._call(self._sandbox.grants)

    async def receipt(self, index: int) -> dict[str, Any]:
        """An entry of the ledger that this app made."""
        return await self._call(self._sandbox.receipt, index)

    async def proof(self, index: int) -> str:
        """The proof that an entry is in the ledger."""
        return await self._call(self._sandbox.proof, index)

    async def close(self) -> None:
        """Closes the connections, after the calls under way."""
        await asyncio.to_thread(self._threads.shutdown)
        self._sandbox.close()

    async def __aenter__(self) -> AsyncSandbox:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Async{self._sandbox!r}"


class AsyncTable:
    """A table for asyncio; see `Table`."""

    def __init__(self, sandbox: AsyncSandbox, table: Table) -> None:
        self._sandbox = sandbox
        self._table = table
        self.name = table.name

    async def dictionary(self) -> Dictionary:
        """The columns that are open to you."""
        return await self._sandbox._call(self._table.dictionary)

    async def read(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> Result:
        """Reads rows."""
        return await self._sandbox._call(self._table.read, columns, filter, limit)

    async def to_arrow(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> pyarrow.Table:
        """Reads rows as an Arrow table."""
        return (await self.read(columns, filter, limit)).to_arrow()

    async def to_pandas(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> Any:
        """Reads rows as a pandas data frame."""
        return (await self.read(columns, filter, limit)).to_pandas()

    async def to_polars(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> Any:
        """Reads rows as a polars data frame."""
        return (await self.read(columns, filter, limit)).to_polars()

    async def batches(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> AsyncIterator[pyarrow.RecordBatch]:
        """Reads rows batch by batch. The server waits while you work: nothing piles up."""
        batches = self._table.batches(columns, filter, limit)
        try:
            while True:
                batch = await self._sandbox._call(next, batches, _END)  # type: ignore[arg-type]
                if batch is _END:
                    return
                yield batch
        finally:
            await self._sandbox._call(batches.close)  # type: ignore[attr-defined]

    async def files(self) -> Items[File]:
        """The Parquet files with signed addresses."""
        return await self._sandbox._call(self._table.files)

    async def download(
        self, directory: str | os.PathLike[str], progress: Callable[[Progress], None] | None = None
    ) -> list[DownloadedFile]:
        """Downloads the Parquet files into a directory."""
        return await self._sandbox._call(self._table.download, directory, progress)

    def __repr__(self) -> str:
        return f"Async{self._table!r}"
