import asyncio
import gc
import weakref

import pytest

from todo_adapters.sql.postgres.driver.deadline import Deadline

pytestmark = pytest.mark.anyio

NOW, NEVER = 0, 3600


async def wait_forever() -> None:
    await asyncio.Event().wait()


async def test_work_that_exceeds_the_deadline_is_cancelled_and_raises_timeout_error() -> None:
    with pytest.raises(TimeoutError), Deadline(NOW):
        await wait_forever()

    await asyncio.sleep(0)  # the task is not cancelled any more


async def test_work_done_in_time_is_not_cancelled_later() -> None:
    with Deadline(NOW):
        pass

    await asyncio.sleep(0.01)


async def test_an_error_before_the_deadline_is_raised_unchanged() -> None:
    with pytest.raises(ValueError, match="wrong"), Deadline(NEVER):
        raise ValueError("wrong")


async def test_an_error_after_the_cancellation_is_raised_unchanged() -> None:
    async def work() -> None:
        try:
            await wait_forever()
        finally:
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"), Deadline(NOW):
        await work()

    await asyncio.sleep(0)


async def test_what_a_cancelled_task_had_opened_does_not_wait_for_the_garbage_collector() -> None:
    class Opened: ...

    async def work() -> None:
        with Deadline(NEVER) as deadline:
            opened.append(weakref.ref(in_use := Opened()))
            await wait_forever()
            assert deadline
            assert in_use

    opened: list[weakref.ref[Opened]] = []
    gc.disable()
    try:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        del task

        assert opened[0]() is None
    finally:
        gc.enable()


async def test_a_task_that_another_task_cancels_is_cancelled() -> None:
    async def work() -> None:
        with Deadline(NEVER):
            await wait_forever()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_is_cancelled_during_its_timeout_is_cancelled() -> None:
    async def work() -> None:
        with Deadline(NOW):
            try:
                await wait_forever()
            finally:
                task.cancel()
                await asyncio.sleep(0)

    task = asyncio.create_task(work())

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_inner_deadline_does_not_disable_an_outer_timeout() -> None:
    async def work() -> None:
        with pytest.raises(TimeoutError), Deadline(NOW):
            await wait_forever()
        await wait_forever()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await work()


async def test_a_deadline_outside_a_task_raises() -> None:
    failures: asyncio.Queue[Exception] = asyncio.Queue()

    def outside() -> None:
        try:
            with Deadline(NEVER):
                pass
        except RuntimeError as error:
            failures.put_nowait(error)

    asyncio.get_running_loop().call_soon(outside)

    assert "task" in str(await failures.get())
