"""Files that are resumed where they were cut, checked, and never half there under their own name."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from ._catalog import File
from ._errors import Damaged, IncompleteAnswer, MudeungError, NoAnswer
from ._http import Http, receipt

_LISTINGS_MAX = 5
# Stores answer a worn-out address with any of these.
_WORN_OUT = (401, 403, 404, 410)


@dataclass(frozen=True)
class Progress:
    """How far a table's download has come."""

    file: str
    file_bytes: int
    file_size_bytes: int
    table_bytes: int
    table_size_bytes: int


@dataclass(frozen=True)
class DownloadedFile:
    """A file that arrived whole. `receipt` is its entry in the ledger; None when nothing had to be fetched."""

    path: Path
    size_bytes: int
    sha256: str
    rows: int
    receipt: int | None
    was_there: bool


def download_files(
    http: Http,
    list_files: Callable[[], list[File]],
    directory: str | os.PathLike[str],
    progress: Callable[[Progress], None] | None,
) -> list[DownloadedFile]:
    """Downloads all files into a directory. Addresses that run out on the way are renewed by `list_files`."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    files = list_files()
    whole, before, done = sum(file.size_bytes for file in files), 0, []
    for file in files:

        def report(here: int, file: File = file, before: int = before) -> None:
            if progress is not None:
                progress(Progress(file.name, here, file.size_bytes, before + here, whole))

        done.append(_Download(http, list_files, file, folder, report).run())
        before += file.size_bytes
    return done


class _Cut(Exception):
    """The connection broke; what came is kept."""

    def __init__(self, error: MudeungError, wait: float | None = None) -> None:
        self.error = error
        self.wait = wait


class _WornOut(Exception):
    """The signed address does not work any more."""

    def __init__(self, error: MudeungError) -> None:
        self.error = error


class _Download:
    def __init__(
        self,
        http: Http,
        list_files: Callable[[], list[File]],
        file: File,
        folder: Path,
        report: Callable[[int], None],
    ) -> None:
        # The name comes from the network: it must not lead out of the directory.
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", file.name):
            raise IncompleteAnswer(f"the file name {file.name!r} is not a plain name")
        self.http, self.list_files, self.file, self.report = http, list_files, file, report
        self.path = folder / file.name
        self.part = folder / (file.name + ".part")
        self.tag = folder / (file.name + ".part.etag")
        self.receipt: int | None = None

    def run(self) -> DownloadedFile:
        if self.path.exists() and self.path.stat().st_size == self.file.size_bytes:
            if _sha256(self.path) == self.file.sha256:
                self.report(self.file.size_bytes)
                return self.done(was_there=True)
        resumed = self.here() > 0
        if resumed and (not self.tag.exists() or self.here() > self.file.size_bytes):
            self.start_over()
            resumed = False
        while True:
            self.fetch_all()
            wrong = self.find_fault()
            if wrong is None:
                break
            self.start_over()
            if not resumed:
                raise Damaged(f"{self.file.name} arrived damaged: {wrong}; nothing was kept, download it again")
            resumed = False  # only what came in one go is the server's fault
        with open(self.part, "rb") as written:
            os.fsync(written.fileno())
        os.replace(self.part, self.path)
        self.tag.unlink(missing_ok=True)
        return self.done(was_there=False)

    def done(self, was_there: bool) -> DownloadedFile:
        file = self.file
        return DownloadedFile(self.path, file.size_bytes, file.sha256, file.rows, self.receipt, was_there)

    def here(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def start_over(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def find_fault(self) -> str | None:
        if self.here() != self.file.size_bytes:
            return f"it has {self.here()} bytes, announced were {self.file.size_bytes}"
        found = _sha256(self.part)
        return None if found == self.file.sha256 else f"its sha-256 is {found}, announced was {self.file.sha256}"

    def fetch_all(self) -> None:
        """Fetches until all bytes are here. A connection that brings something each time may break often."""
        failed, listings = 0, 1
        while self.here() < self.file.size_bytes:
            before = self.here()
            try:
                self.fetch_rest()
            except _WornOut as worn_out:
                if listings >= _LISTINGS_MAX:
                    raise worn_out.error from None
                listings += 1
                self.renew_address()
            except _Cut as cut:
                failed = 1 if self.here() > before else failed + 1
                wait = cut.wait if cut.wait is not None else self.http.retry.wait(failed, None)
                if wait is None or failed >= self.http.retry.attempts:
                    raise cut.error from None
                time.sleep(wait)

    def renew_address(self) -> None:
        for file in self.list_files():
            if file.name == self.file.name and file.sha256 == self.file.sha256:
                self.file = file
                return
        raise Damaged(f"{self.file.name} is not in the table any more")

    def fetch_rest(self) -> None:
        have = self.here()
        headers = {}
        if have and not self.tag.exists():
            self.start_over()
            have = 0
        if have:
            headers = {"Range": f"bytes={have}-", "If-Range": self.tag.read_text("utf-8")}
        try:
            # The address is the capability: the token stays here, the address may lead to another host.
            with self.http.client.stream("GET", self.file.url, headers=headers) as response:
                self.take(response, have)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Cut(NoAnswer(f"{self.file.name}: the connection broke ({type(error).__name__})")) from None

    def take(self, response: httpx.Response, have: int) -> None:
        if response.status_code in _WORN_OUT:
            error = self.http.refused(response, self.http.retry.attempts)
            raise _WornOut(error if isinstance(error, MudeungError) else IncompleteAnswer("a refused address"))
        if response.status_code == 416 or response.status_code == 206 and _range_start(response) != have:
            self.start_over()
            raise _Cut(IncompleteAnswer("the server sends other ranges than it is asked for"))
        if response.status_code not in (200, 206):
            error_or_wait = self.http.refused(response, 1)
            if isinstance(error_or_wait, MudeungError):
                raise error_or_wait
            raise _Cut(
                IncompleteAnswer(f"{self.file.name}: the server is busy ({response.status_code})"), error_or_wait
            )
        self.receipt = receipt(response) if receipt(response) is not None else self.receipt
        etag = response.headers.get("ETag", "")
        if etag.startswith('"'):
            self.tag.write_text(etag, "utf-8")
        elif response.status_code == 200:
            self.tag.unlink(missing_ok=True)
        with open(self.part, "ab" if response.status_code == 206 else "wb") as out:
            for chunk in response.iter_bytes():
                out.write(chunk)
                self.report(min(out.tell(), self.file.size_bytes))
                if out.tell() > self.file.size_bytes:
                    return  # longer than announced: the check says so
        if self.here() < self.file.size_bytes:
            raise _Cut(IncompleteAnswer(f"{self.file.name}: {self.here()} of {self.file.size_bytes} bytes arrived"))


def _range_start(response: httpx.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found.group(1)) if found else None


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
