"""The client for asyncio: the same answers, many at once, and nothing that blocks the loop."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from typing import Any

import pyarrow
import pyarrow.ipc
import pytest
from conftest import Mock, Reply, Seen
from mudeung import AsyncSandbox, NotFound


def arrow(rows: int, batches: int = 1) -> bytes:
    batch = pyarrow.record_batch({"n": list(range(rows))})
    sink = io.BytesIO()
    with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(batches):
            writer.write_batch(batch)
    return sink.getvalue()


def serve(mock: Mock, pause: float = 0.0) -> list[int]:
    """Answers rows; gives how many calls were under way at the same time."""
    most, running, lock = [0], [0], threading.Lock()

    def answer(seen: Seen) -> Reply | None:
        if not seen.path.endswith("/rows"):
            return None
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        mock._lock.release()  # the mock answers one at a time otherwise
        time.sleep(pause)
        mock._lock.acquire()
        with lock:
            running[0] -= 1
        return Reply(200, arrow(3, 4), {"Content-Type": "application/vnd.apache.arrow.stream"})

    mock.answer = answer
    return most


def sandbox(mock: Mock) -> AsyncSandbox:
    return AsyncSandbox(mock.url, "app_1", "s3cret")


def test_calls_run_at_the_same_time_and_the_loop_goes_on(mock: Mock) -> None:
    most = serve(mock, pause=0.2)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    async def main() -> list[Any]:
        ticking = asyncio.create_task(tick())
        async with sandbox(mock) as each:
            table = each.table("a.synthetic.b")
            await table.to_arrow()
            results = await asyncio.gather(*(table.to_arrow() for _ in range(4)))
        ticking.cancel()
        return results

    results = asyncio.run(main())
    assert [len(result) for result in results] == [12] * 4
    assert most[0] >= 3 and ticks > 10


def test_batches_come_one_by_one_and_may_be_left(mock: Mock) -> None:
    serve(mock)

    async def main() -> tuple[int, int]:
        async with sandbox(mock) as each:
            table = each.table("a.synthetic.b")
            whole = [batch.num_rows async for batch in table.batches()]
            stream = table.batches()
            first = await anext(stream)
            await stream.aclose()
            return sum(whole), first.num_rows

    assert asyncio.run(main()) == (12, 3)


def test_errors_are_those_of_the_other_client(mock: Mock) -> None:
    async def main() -> None:
        async with sandbox(mock) as each:
            await each.dataset("nothing")

    with pytest.raises(NotFound):
        asyncio.run(main())
