"""The sandbox: where everything starts."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, overload

import pyarrow

from ._arrow import MEDIA_TYPE, read_batches
from ._catalog import Dataset, Grant, Items, Quota, Usage, Version, record
from ._config import find_settings
from ._errors import ConfigurationError
from ._fhir import Bundles
from ._http import Http, RetryPolicy, receipt
from ._jobs import QueryJob
from ._ledger import PROOF_MEDIA_TYPE
from ._statistics import Bins, Counts, PrivacyBudget, dimensions
from ._table import Result, Table

UsagePart = Literal["app", "dataset", "tier", "operation", "grant"]


class Sandbox:
    """A connection to one sandbox with one credential. Threads may share it.

    What is not passed comes from MUDEUNG_URL, MUDEUNG_CLIENT_ID and MUDEUNG_CLIENT_SECRET (or MUDEUNG_PRIVATE_KEY, and
    MUDEUNG_DPOP), or from the profile that `mudeung-cli login` stored.

    >>> sandbox = Sandbox("http://127.0.0.1:8080", "app_1", "secret")
    >>> sandbox
    Sandbox('http://127.0.0.1:8080', client_id='app_1')
    """

    def __init__(
        self,
        base_url: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        private_key: str | os.PathLike[str] | None = None,
        kid: str | None = None,
        dpop: bool | None = None,
        profile: str | None = None,
        language: str = "en",
        timeout_seconds: float = 120.0,
        retry: RetryPolicy | None = None,
        allow_plain_http: bool = False,
    ) -> None:
        """Connects with a secret, or with the file of a `private_key` in its place (`kid` is its name in the portal).

        `dpop` binds tokens to a key that the sandbox makes for itself, so that a token that leaks is of no use. Both
        need `pip install mudeung[keys]`. `allow_plain_http` allows `http://` to other machines; secret and data then
        travel in the clear.
        """
        credential = (base_url, client_id, client_secret)
        settings = find_settings(*credential, profile, allow_plain_http, private_key, kid, dpop)
        self.base_url = settings.base_url
        self.client_id = settings.client_id
        self._http = Http(settings, retry or RetryPolicy(), language, timeout_seconds)

    def datasets(self) -> Items[Dataset]:
        """All datasets of the catalogue: `tiers` are open to you, `tiers_published` exist."""
        return Items(record(Dataset, item) for item in self._http.items(self._http.address("v1", "datasets")))

    def dataset(self, dataset: str) -> Dataset:
        """One dataset."""
        return record(Dataset, self._http.json(self._http.address("v1", "datasets", dataset)))

    def tables(self, dataset: str, tier: str = "synthetic") -> list[Table]:
        """The tables of a tier that are open to you."""
        item = self._http.json(self._http.address("v1", "datasets", dataset, tier))
        return [self.table(f"{dataset}.{tier}.{table['name']}") for table in item["tables"]]

    def versions(self, dataset: str, tier: str = "synthetic") -> Items[Version]:
        """The versions of a tier."""
        url = self._http.address("v1", "datasets", dataset, tier, "versions")
        return Items(record(Version, item) for item in self._http.items(url))

    def table(self, name: str, version: int | None = None) -> Table:
        """A table by its name `dataset.tier.table`. Nothing is sent yet."""
        return Table(self._http, name, version)

    def query(self, sql: str, limit: int | None = None) -> Result:
        """Runs read-only SQL over tables that are named `dataset.tier.table`."""
        body = {"sql": sql, "limit": limit}
        url = self._http.address("v1", "query")
        with self._http.stream("POST", url, accept=MEDIA_TYPE, body=body) as response:
            schema, batches = read_batches(response)
            return Result(pyarrow.Table.from_batches(batches, schema), receipt(response))

    @overload
    def synthesize(
        self,
        dataset: str,
        table: str,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Iterable[str] | None = None,
        format: Literal["arrow"] = "arrow",
    ) -> Result: ...
    @overload
    def synthesize(
        self,
        dataset: str,
        table: str,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Iterable[str] | None = None,
        *,
        format: Literal["fhir"],
    ) -> Bundles: ...
    def synthesize(
        self,
        dataset: str,
        table: str,
        rows: int = 1_000,
        seed: int | None = None,
        columns: Iterable[str] | None = None,
        format: Literal["arrow", "fhir"] = "arrow",
    ) -> Result | Bundles:
        """Makes rows of a synthetic table anew; see `Table.synthesize`.

        >>> sandbox.synthesize("hypertension_home_bp", "person", rows=500, seed=1).to_pandas()  # doctest: +SKIP
        >>> sandbox.synthesize("cancer5", "person", rows=100, seed=1, format="fhir")[0]["entry"]  # doctest: +SKIP
        """
        made = self.table(f"{dataset}.synthetic.{table}")
        chosen = list(columns) if columns else None
        return made.synthesize(rows, seed, chosen, format=format)

    def submit(self, sql: str, limit: int | None = None, *, export: bool = False) -> QueryJob:
        """Runs read-only SQL on the server without waiting: for queries that take longer than an answer may.

        With `export=True` the result is CSV, which people can read: under a grant for analysis inside it is held until the
        hospital has looked at it; see `QueryJob.request_export`.

        >>> job = sandbox.submit("SELECT …")  # doctest: +SKIP
        >>> job.result().to_pandas()  # doctest: +SKIP
        """
        headers = {"Prefer": "respond-async", "Idempotency-Key": str(uuid.uuid4())}
        url = self._http.address("v1", "query")
        body = {"sql": sql, "limit": limit}
        accept = "text/csv" if export else MEDIA_TYPE
        with self._http.stream("POST", url, accept=accept, body=body, headers=headers) as response:
            return QueryJob(self._http, json.loads(response.read()))

    def job(self, id: str) -> QueryJob:
        """A submitted query by its identifier."""
        return QueryJob(self._http, {"id": id}).refresh()

    def jobs(self) -> list[QueryJob]:
        """The submitted queries of this app whose results are kept still, newest first."""
        url = self._http.address("v1", "query", "jobs")
        return [QueryJob(self._http, item) for item in self._http.items(url)]

    def statistics(
        self,
        table: str,
        by: Bins | None = None,
        filter: str | None = None,
        *,
        epsilon: float = 0.1,
        cells_per_person: int | None = None,
    ) -> Counts:
        """Counts persons in a de-identified table under differential privacy. Needs no grant.

        `by` gives the bins of one or two columns: `{"sex": ["F", "M"], "age": range(0, 101, 10)}`; a `range` and numbers
        that rise are the edges of ranges. `epsilon` is what the answer costs of your organization's budget for the
        dataset: more of it means less noise. The same query gives the same answer and costs nothing again. In a table
        with several rows for a person, `cells_per_person` says in how many cells one person is counted at most.
        """
        body: dict[str, Any] = {"table": table, "by": dimensions(by), "epsilon": epsilon}
        if filter is not None:
            body["filter"] = filter
        if cells_per_person is not None:
            body["cells_per_person"] = cells_per_person
        with self._http.stream("POST", self._http.address("v1", "statistics"), body=body) as response:
            return Counts(json.loads(response.read()), receipt(response))

    def privacy_budgets(self) -> Items[PrivacyBudget]:
        """What your organization may still learn of each dataset without a grant."""
        url = self._http.address("v1", "statistics")
        return Items(record(PrivacyBudget, item) for item in self._http.items(url))

    def usage(
        self,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        *,
        granularity: Literal["hour", "day", "month"] = "day",
        group_by: Iterable[UsagePart] | None = None,
    ) -> Items[Usage]:
        """What was read, by period and the parts of `group_by`: the fold of the ledger, to the byte.

        Days are counted in UTC, months in Korea Standard Time, as they are invoiced. Parts that are not named in
        `group_by` are `None`; without it all but the grant are told apart.
        """
        params = {name: _moment(value) for name, value in (("from", start), ("to", end)) if value is not None}
        if granularity != "day":
            params["granularity"] = granularity
        if group_by is not None:
            params["group_by"] = ",".join(group_by)
        return Items(record(Usage, item) for item in self._http.items(self._http.address("v1", "usage"), params))

    def quota(self) -> Items[Quota]:
        """What may still be read."""
        return Items(record(Quota, item) for item in self._http.items(self._http.address("v1", "quota")))

    def receipt(self, index: int) -> dict[str, Any]:
        """An entry of the ledger that this app made, by the index that `Result.receipt` and its like give."""
        return dict(self._http.json(self._http.address("v1", "receipts", str(index))))

    def proof(self, index: int) -> str:
        """The proof that an entry of this app is in the ledger: keep it in a file and check it with `verify_proof`."""
        url = self._http.address("v1", "receipts", str(index))
        with self._http.stream("GET", url, accept=PROOF_MEDIA_TYPE) as response:
            return bytes(response.read()).decode()

    def grants(self) -> Items[Grant]:
        """The grants of this app."""
        return Items(Grant.parse(item) for item in self._http.items(self._http.address("v1", "grants")))

    def access_token(self) -> str:
        """A token with some life left, for other tools such as DuckDB's `BEARER_TOKEN`; one that is bound serves no other."""
        return self._http.token()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Sandbox({self.base_url!r}, client_id={self.client_id!r})"


def _moment(value: datetime | str) -> str:
    if isinstance(value, str):
        return value
    if value.tzinfo is None:
        raise ConfigurationError(f"{value!r} says no time zone: use for instance datetime.now(timezone.utc)")
    return value.isoformat()
