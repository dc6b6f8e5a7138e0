"""Downloads: resumed, checked, and never half there under their own name."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest
from conftest import Mock, Reply, Seen
from mudeung import Damaged, IncompleteAnswer, MudeungError, Progress, Unavailable

NAME = "part-00000.parquet"
CONTENT = b"".join(number.to_bytes(4, "little") for number in range(600_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Files:
    """One table of one file. `fetches` answer for the file one after the other; the last one stays."""

    def __init__(self, mock: Mock, *fetches, sha256: str = SHA256, name: str = NAME) -> None:
        self.mock, self.fetches, self.sha256, self.name = mock, list(fetches), sha256, name
        self.listings = 0
        mock.answer = self.answer

    def answer(self, seen: Seen) -> Reply | None:
        if seen.path.startswith("/v1/files/"):
            fetch = self.fetches.pop(0) if len(self.fetches) > 1 else self.fetches[0]
            return fetch(seen)
        if seen.path == "/v1/datasets/d/synthetic/tables/t":
            return Reply.json({"version": 4})
        if seen.path == "/v1/datasets/d/synthetic/tables/t/files":
            self.listings += 1
            url = f"{self.mock.url}/v1/files/fil_1?sp=r&sig={self.listings}"
            item = {"id": "fil_1", "name": self.name, "url": url, "expires_at": "2030-01-01T00:00:00Z"}
            return Reply.page([{**item, "size_bytes": len(CONTENT), "sha256": self.sha256, "rows": 7}])
        return None

    def download(self, folder: Path):
        shown: list[Progress] = []
        (file,) = self.mock.sandbox().table("d.synthetic.t").download(folder, shown.append)
        assert shown[-1].table_bytes == shown[-1].table_size_bytes == len(CONTENT)
        return file


def whole(seen: Seen, cut_after: int | None = None, etag: str = '"v1"') -> Reply:
    """As a good server answers, ranges included."""
    start = 0
    if seen.headers.get("range") and seen.headers.get("if-range") == etag:
        start = int(seen.headers["range"].removeprefix("bytes=").removesuffix("-"))
    end = len(CONTENT) - 1
    headers = {"ETag": etag, "Content-Range": f"bytes {start}-{end}/{end + 1}", "Mudeung-Receipt": "9"}
    return Reply(206 if start else 200, CONTENT[start:], headers, cut_after)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_cut_connection_goes_on_where_it_stopped(mock: Mock, tmp_path: Path):
    files = Files(mock, lambda seen: whole(seen, 1_500_000), lambda seen: whole(seen, 300_000), whole)
    file = files.download(tmp_path)
    assert file.path.read_bytes() == CONTENT
    assert (file.receipt, file.was_there, names(tmp_path)) == (9, False, [NAME])
    fetched = mock.seen("/v1/files/")
    assert [seen.headers.get("range") for seen in fetched] == [None, "bytes=1500000-", "bytes=1800000-"]
    assert all("authorization" not in seen.headers for seen in fetched)
    assert mock.seen("/v1/datasets/d/synthetic/tables/t/files")[0].query == {"version": "4"}


def test_another_process_goes_on_where_the_first_one_stopped(mock: Mock, tmp_path: Path):
    busy = Reply.problem(503, "overloaded", **{"Retry-After": "3600"})
    with pytest.raises(Unavailable):
        Files(mock, lambda seen: whole(seen, 2_000_000), lambda seen: busy).download(tmp_path)
    assert names(tmp_path) == [f"{NAME}.part", f"{NAME}.part.etag"]
    mock.log.clear()
    files = Files(mock, whole)
    assert files.download(tmp_path).path.read_bytes() == CONTENT
    assert [seen.headers["range"] for seen in mock.seen("/v1/files/")] == ["bytes=2000000-"]
    assert names(tmp_path) == [NAME]
    assert files.download(tmp_path).was_there
    assert len(mock.seen("/v1/files/")) == 1, "what is there is not fetched again"


@pytest.mark.parametrize("etag", ['"old"', '"v1"', None])
def test_a_spoiled_beginning_is_thrown_away(mock: Mock, tmp_path: Path, etag: str | None):
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 1000)
    if etag is not None:
        (tmp_path / f"{NAME}.part.etag").write_text(etag)
    assert Files(mock, whole).download(tmp_path).path.read_bytes() == CONTENT
    assert names(tmp_path) == [NAME]


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(mock: Mock, tmp_path: Path):
    with pytest.raises(Damaged, match="sha-256"):
        Files(mock, whole, sha256="0" * 64).download(tmp_path)
    assert names(tmp_path) == []


def test_a_file_longer_than_announced_is_an_error_and_leaves_nothing(mock: Mock, tmp_path: Path):
    with pytest.raises(Damaged, match="bytes, announced were 2400000"):
        Files(mock, lambda seen: Reply(200, CONTENT + b"x")).download(tmp_path)
    assert names(tmp_path) == []


def test_a_worn_out_address_is_renewed(mock: Mock, tmp_path: Path):
    files = Files(mock, lambda seen: Reply(403), whole)
    assert files.download(tmp_path).path.read_bytes() == CONTENT
    assert files.listings == 2


def test_an_error_never_shows_the_signed_address(mock: Mock, tmp_path: Path):
    with pytest.raises(MudeungError) as caught:
        Files(mock, lambda seen: Reply(403)).download(tmp_path)
    assert "sig=" not in repr(caught.value) and caught.value.__cause__ is None
    assert "sig=" not in repr(mock.sandbox().table("d.synthetic.t").files())


def test_the_log_never_shows_the_signed_address(mock: Mock, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO):
        Files(mock, whole).download(tmp_path)
    assert "/v1/files/fil_1" in caplog.text and "sig=" not in caplog.text


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", ".hidden", "a b"])
def test_names_that_lead_elsewhere_are_refused(mock: Mock, tmp_path: Path, name: str):
    with pytest.raises(IncompleteAnswer, match="not a plain name"):
        Files(mock, whole, name=name).download(tmp_path)
