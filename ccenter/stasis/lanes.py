"""The order of jobs: those that touch the same thing go one after the other, all others side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

Job = Callable[[], Awaitable[None]]  # raises nothing
Task = asyncio.Task[None]

HEAD_START = 0.05  # seconds at the most that jobs `ahead` are given


class Lanes:
    """One lane for each thing that is touched; a job is in the lanes of all it touches, and waits for its turn in each."""

    def __init__(self) -> None:
        self._tails: dict[str, Task] = {}
        self._makers: dict[str, Task] = {}
        self._tasks: set[Task] = set()

    def start(self, job: Job, touched: Sequence[str], ahead: Sequence[Task] = (), *, makes: str = "") -> Task:
        """`ahead` get a head start: the switch would work at both at once, and a phone ring later.

        `makes`: the thing that is not there before.
        """
        before = list({task for thing in touched if (task := self._tails.get(thing)) is not None})
        task = self._begin(job, before, ahead)
        for thing in touched:
            self._tails[thing] = task
        if makes:
            self._makers[makes] = task
        task.add_done_callback(partial(self._forget, touched, makes))
        return task

    def overtake(self, job: Job, thing: str) -> None:
        """Waits for nothing but the making of the thing."""
        maker = self._makers.get(thing)
        self._begin(job, [maker] if maker is not None else [], ()).add_done_callback(partial(self._forget, (), ""))

    async def idle(self) -> None:
        """Waits until all that was started is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def pending(self) -> int:
        """What is remembered; 0 when all is done."""
        return len(self._tasks) + len(self._tails) + len(self._makers)

    def _begin(self, job: Job, before: Sequence[Task], ahead: Sequence[Task]) -> Task:
        task = asyncio.get_running_loop().create_task(_run(job, before, ahead))
        self._tasks.add(task)
        return task

    def _forget(self, touched: Sequence[str], made: str, task: Task) -> None:
        self._tasks.discard(task)
        for thing in touched:
            if self._tails.get(thing) is task:
                del self._tails[thing]
        if made and self._makers.get(made) is task:
            del self._makers[made]


async def _run(job: Job, before: Sequence[Task], ahead: Sequence[Task]) -> None:
    for task in before:
        await task
    if ahead:
        await asyncio.wait(ahead, timeout=HEAD_START)
    await job()
