import asyncio

import pytest

from todo_adapters.sql.postgres.driver.deadline import Deadline

pytestmark = pytest.mark.anyio

NOW, NEVER = 0, 3600


async def wait_forever() -> None:
    await asyncio.Event().wait()


async def test_work_that_is_not_done_in_time_is_cancelled_and_raises_timeout_error() -> None:
    with pytest.raises(TimeoutError), Deadline(NOW):
        await wait_forever()

    await asyncio.sleep(0)  # the task is not cancelled any more


async def test_work_that_is_done_in_time_is_not_disturbed_later() -> None:
    with Deadline(NOW):
        pass

    await asyncio.sleep(0.01)


async def test_an_error_before_the_deadline_is_raised_as_it_is() -> None:
    with pytest.raises(ValueError, match="wrong"), Deadline(NEVER):
        raise ValueError("wrong")


async def test_an_error_that_follows_the_cancellation_is_raised_as_it_is() -> None:
    async def work() -> None:
        try:
            await wait_forever()
        finally:
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"), Deadline(NOW):
        await work()

    await asyncio.sleep(0)


async def test_a_task_that_somebody_else_cancels_is_cancelled() -> None:
    async def work() -> None:
        with Deadline(NEVER):
            await wait_forever()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_is_also_cancelled_by_somebody_else_is_cancelled() -> None:
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


async def test_a_deadline_within_another_one_leaves_it_in_force() -> None:
    async def work() -> None:
        with pytest.raises(TimeoutError), Deadline(NOW):
            await wait_forever()
        await wait_forever()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await work()


async def test_without_a_task_there_is_no_deadline() -> None:
    failures: asyncio.Queue[Exception] = asyncio.Queue()

    def outside() -> None:
        try:
            with Deadline(NEVER):
                pass
        except RuntimeError as error:
            failures.put_nowait(error)

    asyncio.get_running_loop().call_soon(outside)

    assert "task" in str(await failures.get())
