"""Persons as FHIR bundles."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any, overload

#: The media type of lines of FHIR resources.
MEDIA_TYPE = "application/fhir+ndjson"


class Bundles(Sequence[dict[str, Any]]):
    """FHIR R4 bundles, one for each person, simulated. `receipt` is the entry of this access in the ledger; `seed` makes the
    same persons again."""

    def __init__(self, lines: list[str], receipt: int | None, seed: int) -> None:
        self._lines = lines
        self.receipt = receipt
        self.seed = seed

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [json.loads(line) for line in self._lines[index]]
        bundle: dict[str, Any] = json.loads(self._lines[index])
        return bundle

    def __len__(self) -> int:
        return len(self._lines)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes them to a file, one a line."""
        pathlib.Path(path).write_text("".join(f"{line}\n" for line in self._lines), encoding="utf-8")

    def __repr__(self) -> str:
        return f"Bundles({len(self)} persons, seed {self.seed})"
