"""Arrow streams as they arrive, and how it is noticed that one was cut."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pyarrow

from ._errors import IncompleteAnswer, NoAnswer

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
# Without this end marker the stream was cut; pyarrow itself takes a cut between two messages for the end.
_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"

# The column types of the catalogue.
TYPES: dict[str, pyarrow.DataType] = {
    "boolean": pyarrow.bool_(),
    "int32": pyarrow.int32(),
    "int64": pyarrow.int64(),
    "float64": pyarrow.float64(),
    "text": pyarrow.string(),
    "date": pyarrow.date32(),
    "timestamp": pyarrow.timestamp("us", tz="UTC"),
}


class BodyReader(io.RawIOBase):
    """The body of an answer as a file that remembers how it ended."""

    def __init__(self, response: httpx.Response) -> None:
        self._chunks = response.iter_bytes()
        self._rest = b""
        self.tail = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
            except httpx.HTTPError as error:
                raise NoAnswer(f"the rows were cut: {type(error).__name__}") from None
            self.tail = (self.tail + self._rest)[-len(_END_OF_STREAM) :]
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def read_batches(response: httpx.Response) -> tuple[pyarrow.Schema, Iterator[pyarrow.RecordBatch]]:
    """The columns at once, and the batches as they arrive. A stream that was cut ends in an error, never silently."""
    media_type = response.headers.get("Content-Type", "")
    if not media_type.startswith(MEDIA_TYPE):
        raise IncompleteAnswer(f"rows as {media_type!r} instead of an Arrow stream")
    body = BodyReader(response)
    try:
        reader = pyarrow.ipc.open_stream(io.BufferedReader(body, 256 * 1024))
    except pyarrow.ArrowInvalid as error:
        raise IncompleteAnswer(f"the rows did not arrive whole: {error}") from None
    return reader.schema, _batches(reader, body)


def _batches(reader: pyarrow.RecordBatchReader, body: BodyReader) -> Iterator[pyarrow.RecordBatch]:
    try:
        yield from reader
    except (pyarrow.ArrowInvalid, OSError) as error:
        if isinstance(error, NoAnswer):
            raise
        raise IncompleteAnswer(f"the rows did not arrive whole: {error}") from None
    while body.read(64 * 1024):
        pass
    if body.tail != _END_OF_STREAM:
        raise IncompleteAnswer("the rows did not arrive whole: the stream ended before its end marker")
