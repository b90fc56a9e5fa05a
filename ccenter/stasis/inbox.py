"""The database's side of the CTI server: the lock that makes it the only one, the configuration, and what people ask for.

One thread, with a connection of its own for the lock and LISTEN, and Django's for the rest. It talks to the event loop by
the calls it is given. PostgreSQL may go and come as it likes: requests wait in their table, calls go on.
"""

import logging
import select
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ccenter.acd import events
from ccenter.acd.config import Config
from ccenter.stasis.accounts import Desired

if TYPE_CHECKING:
    from ccenter.calls.requests import Inbox as Requests

log = logging.getLogger(__name__)

LOCK = 0x63637469  # "ccti": the advisory lock of the one core of this database
TRY_LOCK_EVERY = 0.2  # seconds
LOOK_ANYWAY = 2.0  # seconds without a notification until the table is looked at all the same
FIRST_RETRY, LAST_RETRY = 0.1, 2.0


class Told:
    """What the thread tells; every call is made in the thread."""

    def __init__(
        self,
        locked: Callable[[bool], None],
        supplied: Callable[[Desired], None],
        configured: Callable[[Config, int, int], None],
        asked: Callable[[Sequence[events.AnyRequest | events.AnyOfficeRequest]], None],
        missed: Callable[[list[events.CallerMissed]], None],
        synced: Callable[[], None],
    ) -> None:
        """`locked`: with True when the lock is ours; with False each time the database cannot be reached.

        `supplied`, then `configured`: the SIP accounts and the configuration, at first and after each change; and the
        highest numbers of facts and calls on record if they were asked for, else 0. `missed`: callers the core never saw, who
        come back by `Inbox.taken`. `synced` puts on disk what the core knows, and raises OSError.
        """
        self.locked = locked
        self.supplied = supplied
        self.configured = configured
        self.asked = asked
        self.missed = missed
        self.synced = synced


class Inbox(threading.Thread):
    """Runs until `stop`. Before the lock is ours it does nothing else."""

    def __init__(self, url: str, node: str, told: Told, given: Iterable[str], numbers: bool) -> None:
        """`given`: requests the core knows already. `numbers`: the core is new and must not give a number twice."""
        super().__init__(name="inbox", daemon=True)
        self._url = url
        self._node = node
        self._told = told
        self._given = list(given)
        self._numbers = numbers
        self._stopping = threading.Event()
        self.load = threading.Event()  # set when Django may be loaded: it costs a start half a second
        if numbers:
            self.load.set()
        self._requests: Requests | None = None
        self.taken: deque[str] = deque()  # ids of missed callers whom the core has
        self._told_of: set[str] = set()  # and of those who are on their way

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        import psycopg2

        wait, said = FIRST_RETRY, ""
        while not self._stopping.is_set():
            try:
                connection = psycopg2.connect(self._url, connect_timeout=2, keepalives_idle=5, application_name="cti")
                try:
                    connection.autocommit = True
                    if self._take_lock(connection):
                        wait, said = FIRST_RETRY, ""
                        self._serve(connection)
                finally:
                    connection.close()
            except Exception as error:  # whatever the database and its driver come up with
                if str(error) != said:
                    said = str(error)
                    log.warning("the database is away: %s", said.strip().partition("\n")[0])
                self._told.locked(False)
                self._stopping.wait(wait)
                wait = min(wait * 2, LAST_RETRY)

    def _take_lock(self, connection: Any) -> bool:
        said = False
        with connection.cursor() as cursor:
            while not self._stopping.is_set():
                cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,))
                if cursor.fetchone() == (True,):
                    self._told.locked(True)
                    return True
                if not said:
                    said = True
                    log.warning("another CTI server holds the lock: waiting for it to end")
                self._stopping.wait(TRY_LOCK_EVERY)
        return False

    def _serve(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("LISTEN config; LISTEN account; LISTEN request; LISTEN missed")
        self._prepare()
        news = {"config", "request"}
        while not self._stopping.is_set():
            if news & {"config", "account"}:  # accounts first: a browser's phone waits for its own
                self._read_accounts()
            if "config" in news:
                self._read_config()
            self._read_requests()  # after a change of the configuration they are meant for it
            self._read_missed()
            connection.poll()
            if not connection.notifies:
                select.select([connection], [], [], LOOK_ANYWAY)
                connection.poll()
            news = {notice.channel for notice in connection.notifies}
            connection.notifies.clear()

    def _prepare(self) -> None:
        self.load.wait()
        if self._requests is None:
            load_django()
            from ccenter.calls.requests import Inbox as Requests

            self._requests = Requests(self._given)
        from django.db import connection

        connection.close()  # it may be from before the database went

    def _read_accounts(self) -> None:
        from ccenter.stasis.accounts import desired

        self._told.supplied(desired(self._node))

    def _read_config(self) -> None:
        import msgspec

        from ccenter.calls.selectors import load_config

        try:
            seq, counter = _last_numbers() if self._numbers else (0, 0)
            self._told.configured(load_config(), seq, counter)
            if self._numbers:
                from ccenter.calls import missed

                self._told.asked(missed.owed())
            self._numbers = False
        except msgspec.ValidationError as error:
            log.error("the configuration cannot be read, the old one stays: %s", error)

    def _read_missed(self) -> None:
        from ccenter.calls import missed

        if done := [self.taken.popleft() for _ in range(len(self.taken))]:
            try:
                self._told.synced()
                missed.told(done)
            except BaseException:
                self.taken.extend(done)
                raise
            self._told_of.difference_update(done)
        if news := [one for one in missed.untold() if one.missed not in self._told_of]:
            self._told_of.update(one.missed for one in news)
            self._told.missed(news)

    def _read_requests(self) -> None:
        assert self._requests is not None
        if found := self._requests.fetch():
            self._told.asked(found)


def load_django() -> None:
    """Django's models and what the apps register, once. Any thread; half a second the first time."""
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def _last_numbers() -> tuple[int, int]:
    """The highest number of a fact and of a call in the record."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(seq), 0) FROM calls_fact")
        seq = cursor.fetchone()[0]
        cursor.execute("SELECT coalesce(max(substr(id, 2)::bigint), 0) FROM calls_call WHERE id ~ '^c[0-9]{1,18}$'")
        return seq, cursor.fetchone()[0]
