"""Read the datasets of a Mudeung sandbox as pandas, polars or Arrow.

>>> from mudeung import Sandbox
>>> sandbox = Sandbox("http://127.0.0.1:8080", client_id="app_…", client_secret="…")  # doctest: +SKIP
>>> sandbox.table("lymph_node.synthetic.patient").to_pandas(limit=5)  # doctest: +SKIP
"""

from ._async import AsyncSandbox, AsyncTable
from ._catalog import Column, Dataset, Dictionary, File, Grant, Quota, Usage, Version
from ._download import DownloadedFile, Progress
from ._errors import (
    ConfigurationError,
    Damaged,
    IncompleteAnswer,
    MudeungError,
    NotFound,
    NoAnswer,
    Problem,
    QuotaExhausted,
    RateLimited,
    SignInRefused,
    Unavailable,
)
from ._fhir import Bundles
from ._http import RetryPolicy
from ._jobs import QueryFailed, QueryJob
from ._ledger import (
    Checkpoint,
    ProofFailed,
    Trust,
    Verified,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
    verify_proof,
)
from ._sandbox import Sandbox
from ._statistics import Cell, Counts, PrivacyBudget
from ._table import Result, Table

__all__ = [
    "AsyncSandbox",
    "AsyncTable",
    "Bundles",
    "Cell",
    "Checkpoint",
    "Column",
    "ConfigurationError",
    "Counts",
    "Damaged",
    "Dataset",
    "Dictionary",
    "DownloadedFile",
    "File",
    "Grant",
    "IncompleteAnswer",
    "MudeungError",
    "NoAnswer",
    "NotFound",
    "PrivacyBudget",
    "Problem",
    "Progress",
    "ProofFailed",
    "QueryFailed",
    "QueryJob",
    "Quota",
    "QuotaExhausted",
    "RateLimited",
    "Result",
    "RetryPolicy",
    "Sandbox",
    "SignInRefused",
    "Table",
    "Trust",
    "Unavailable",
    "Usage",
    "Verified",
    "Version",
    "leaf_hash",
    "verify_consistency",
    "verify_inclusion",
    "verify_proof",
]
__version__ = "0.1.0"
