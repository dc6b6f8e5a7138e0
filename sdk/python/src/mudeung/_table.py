"""One table of the catalogue, and the rows that were read from it or from a query."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow
import pyarrow.fs

from ._arrow import MEDIA_TYPE, TYPES, read_batches
from ._catalog import Dictionary, File, Items, record
from ._download import DownloadedFile, Progress, download_files
from ._errors import ConfigurationError
from ._fhir import MEDIA_TYPE as FHIR
from ._fhir import Bundles
from ._http import Http, receipt

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars


class Result:
    """Rows that arrived whole. `receipt` is the entry of this access in the ledger; `seed` makes the same rows again,
    when they were made anew."""

    def __init__(self, table: pyarrow.Table, receipt: int | None, seed: int | None = None) -> None:
        self._table = table
        self.receipt = receipt
        self.seed = seed

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table."""
        return self._table

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas data frame; days are `datetime64`."""
        return self._table.to_pandas(date_as_object=False)

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars data frame."""
        import polars

        frame = polars.from_arrow(self._table)
        assert isinstance(frame, polars.DataFrame)  # a table never becomes a series
        return frame

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        columns = ", ".join(self._table.column_names)
        return f"Result({len(self):,} rows, receipt={self.receipt}, columns: {columns})"


class Table:
    """A table of one sandbox, in the latest version unless another was asked for."""

    def __init__(self, http: Http, name: str, version: int | None = None) -> None:
        parts = name.split(".")
        if len(parts) != 3 or not all(parts):
            example = "lymph_node.synthetic.patient"
            raise ConfigurationError(
                f"{name!r} does not name a table: write dataset.tier.table, for instance {example}"
            )
        self.dataset, self.tier, self.table = parts
        self.version = version
        self._http = http
        self._dictionary: Dictionary | None = None

    @property
    def name(self) -> str:
        """`dataset.tier.table`."""
        return f"{self.dataset}.{self.tier}.{self.table}"

    def at_version(self, version: int) -> Table:
        """The same table in one version, which never changes."""
        return Table(self._http, self.name, version)

    def dictionary(self) -> Dictionary:
        """The columns that are open to you, their types, units and meanings."""
        if self._dictionary is None:
            self._dictionary = Dictionary(self._http.json(self._address(), self._params()))
        return self._dictionary

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns that are open to you, as an Arrow schema."""
        fields = [pyarrow.field(each.name, TYPES[each.type], each.nullable) for each in self.dictionary()]
        return pyarrow.schema(fields)

    def read(self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None) -> Result:
        """Reads rows. A filter is comparisons joined by `and`: `tumor_size >= 30 and tumor_grade in (2, 3)`."""
        with self._rows(columns, filter, limit) as response:
            schema, batches = read_batches(response)
            return Result(pyarrow.Table.from_batches(batches, schema), receipt(response))

    def batches(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> Iterator[pyarrow.RecordBatch]:
        """Reads rows batch by batch as they arrive, for tables that are larger than memory."""
        with self._rows(columns, filter, limit) as response:
            yield from read_batches(response)[1]

    @overload
    def synthesize(
        self,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Sequence[str] | None = None,
        format: Literal["arrow"] = "arrow",
    ) -> Result: ...
    @overload
    def synthesize(
        self,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Sequence[str] | None = None,
        *,
        format: Literal["fhir"],
    ) -> Bundles: ...
    def synthesize(
        self,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Sequence[str] | None = None,
        format: Literal["arrow", "fhir"] = "arrow",
    ) -> Result | Bundles:
        """Makes rows of a synthetic table anew: simulated, of nobody. The same seed makes the same rows.

        Rows of one seed belong to the same persons in all tables of the dataset. Without a `seed` it is another each time;
        `seed` of the result tells which. With `format="fhir"` each row of the table `person` is made as a FHIR R4 bundle with
        all that is known of that person, where the dataset has such a form.
        """
        if self.tier != "synthetic":
            raise ConfigurationError(f"rows are made of synthetic tables alone: {self.dataset}.synthetic.{self.table}")
        asked = {"rows": rows, "seed": seed, "columns": ",".join(columns) if columns else None, "version": self.version}
        params = {name: str(value) for name, value in asked.items() if value is not None}
        url = self._http.address("v1", "synthetic", self.dataset, self.table)
        if format == "fhir":
            with self._http.stream("POST", url, accept=FHIR, params=params) as response:
                lines = response.read().decode().splitlines()
                return Bundles(lines, receipt(response), int(response.headers["mudeung-seed"]))
        with self._http.stream("POST", url, accept=MEDIA_TYPE, params=params) as response:
            schema, batches = read_batches(response)
            table = pyarrow.Table.from_batches(batches, schema)
            return Result(table, receipt(response), int(response.headers["mudeung-seed"]))

    def to_arrow(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> pyarrow.Table:
        """Reads rows as an Arrow table; see `read`."""
        return self.read(columns, filter, limit).to_arrow()

    def to_pandas(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> pandas.DataFrame:
        """Reads rows as a pandas data frame; see `read`."""
        return self.read(columns, filter, limit).to_pandas()

    def to_polars(
        self, columns: Sequence[str] | None = None, filter: str | None = None, limit: int | None = None
    ) -> polars.DataFrame:
        """Reads rows as a polars data frame; see `read`."""
        return self.read(columns, filter, limit).to_polars()

    def files(self) -> Items[File]:
        """The Parquet files with signed addresses that any tool can read for a while, without a token."""
        return Items(record(File, item) for item in self._http.items(self._address("files"), self._params()))

    def scan(self) -> polars.LazyFrame:
        """A lazy polars frame over the signed addresses; only the columns and row groups you use are read."""
        import polars

        return polars.scan_parquet([file.url for file in self.files()])

    def to_dataset(self) -> Any:
        """A pyarrow dataset over the signed addresses: it reads what a scan needs. Needs fsspec and aiohttp."""
        import fsspec
        import pyarrow.dataset

        http = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(fsspec.filesystem("http")))
        return pyarrow.dataset.dataset([file.url for file in self.files()], filesystem=http, format="parquet")

    def to_duckdb(
        self,
        connection: duckdb.DuckDBPyConnection | None = None,
        columns: Sequence[str] | None = None,
        filter: str | None = None,
        limit: int | None = None,
    ) -> duckdb.DuckDBPyRelation:
        """Reads rows as a DuckDB relation, to go on with in SQL; see `read`."""
        import duckdb

        rows = self.to_arrow(columns, filter, limit)
        return duckdb.from_arrow(rows, connection=connection) if connection else duckdb.from_arrow(rows)

    def download(
        self, directory: str | os.PathLike[str], progress: Callable[[Progress], None] | None = None
    ) -> list[DownloadedFile]:
        """Downloads the Parquet files into a directory.

        A file comes in as `NAME.part` and gets its own name when its SHA-256 is the announced one. A download that was
        broken off goes on where it stopped, also in another process. Files that are there already are left alone.
        """
        # All files must be of one version, even when another is published meanwhile.
        version = self._http.json(self._address(), self._params())["version"]
        return download_files(self._http, self.at_version(version).files, directory, progress)

    def _address(self, *below: str) -> str:
        return self._http.address("v1", "datasets", self.dataset, self.tier, "tables", self.table, *below)

    def _params(self) -> dict[str, Any]:
        return {} if self.version is None else {"version": self.version}

    def _rows(self, columns: Sequence[str] | None, filter: str | None, limit: int | None) -> Any:
        if isinstance(columns, str):
            raise ConfigurationError(f"columns must be a list of names, not the text {columns!r}")
        params = self._params()
        if columns is not None:
            params["columns"] = ",".join(columns)
        if filter is not None:
            params["filter"] = filter
        if limit is not None:
            params["limit"] = limit
        return self._http.stream("GET", self._address("rows"), params=params, accept=MEDIA_TYPE)

    def __repr__(self) -> str:
        at = "" if self.version is None else f", version={self.version}"
        return f"Table({self.name!r}{at})"

    def _repr_html_(self) -> str:
        return self.dictionary()._repr_html_()
