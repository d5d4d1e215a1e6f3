"""One connection to the broker, and the one thread that does its input and output.

    caller's thread                      I/O thread
    ask(work) ──add_callback_threadsafe──▶ work(connection, answer)
         ◀────────────answer────────────── the broker's confirm, or the link's end

Only the I/O thread touches pika, and it does nothing else, so that heartbeats go out however long a message is worked.
The first `ask` opens the link; a lost link is opened again and again until it is closed. Callers who wait for an answer
when the link is lost get the error at once. pika's `SelectConnection` is used, because the blocking one waits for each
confirm by itself.

Spec: docs/design/guarantees.md, "pika, RabbitMQ"; G7: every wait has a limit.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from adapters.rabbitmq.address import Address, Timeouts
from adapters.rabbitmq.connection import HubConnection
from adapters.rabbitmq.faults import again, broker_away, hub_fault
from adapters.transport import TransportAway
from integration_objects.errors import HubError
from integration_objects.log import Log
from integration_objects.surroundings import Surroundings

log = Log()

#: seconds that the end of a link may take, if the broker doesn't answer
_END_S = 5.0

T = TypeVar("T")


class Answer(Generic[T]):
    """A value that a caller waits for. The first value or error counts, later ones are void. Safe between threads."""

    def __init__(self) -> None:
        self._future: Future[T] = Future()
        self._lock = threading.Lock()

    def give(self, value: T) -> None:
        """End the wait with *value*."""
        with self._lock:
            if not self._future.done():
                self._future.set_result(value)

    def fail(self, error: HubError) -> None:
        """End the wait with *error*."""
        with self._lock:
            if not self._future.done():
                self._future.set_exception(error)

    def wait(self, timeout_s: float) -> T:
        """Return the value, or raise the error; TimeoutError after *timeout_s*."""
        return self._future.result(timeout_s)


class Link:
    """See the head of this file. *purpose* names the connection in the broker's list."""

    def __init__(self, address: Address, purpose: str, timeouts: Timeouts, surroundings: Surroundings) -> None:
        self.address = address
        self._purpose = purpose
        self._timeouts = timeouts
        self._surroundings = surroundings
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        # Guarded by _changed:
        self._connection: Any = None  # the open one
        self._fault: HubError | None = None  # why there is none; None also while the first is being opened
        self._asked: set[Answer[Any]] = set()
        # The I/O thread's own, but for `close`:
        self._current: Any = None  # the one that is open or being opened

    def ask(self, work: Callable[[Any, Answer[T]], None]) -> T:
        """Let the I/O thread do *work* with the connection, and wait for the answer. For any thread.

        Raises:
            TransportAway: the link is down, was lost on the way, or the broker didn't answer in time; then the
                link is given up and opened anew.
            HubError: the error of *work*.
        """
        answer: Answer[T] = Answer()
        with self._changed:
            connection = self._open_connection()
            # Under the lock that the link's end takes, too: an answer is either noted in time, or the link is known to
            # be gone.
            self._asked.add(answer)
            # The one call of pika that another thread may make.
            connection.ioloop.add_callback_threadsafe(lambda: self._do(work, connection, answer))
        try:
            return answer.wait(self._timeouts.answer_s)
        except TimeoutError as error:
            fault = self._away(f"no answer within {self._timeouts.answer_s:g} s")
            self._give_up(connection, fault)
            raise fault from error
        finally:
            with self._changed:
                self._asked.discard(answer)

    def wait_open(self, wait_s: float) -> bool:
        """Wait until the link is open, at most *wait_s*; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._connection is not None, wait_s)

    def close(self) -> None:
        """End the connection in good order, and its thread, after the work that was asked before."""
        self._ending.set()
        with self._changed:
            thread = self._thread
            if self._current is not None:
                self._current.ioloop.add_callback_threadsafe(self._close_current)
        if thread is None:
            return
        thread.join(_END_S)
        with self._changed:
            current = self._current
        if current is not None:  # the broker doesn't answer: end without it
            self._give_up(current, self._away("it didn't answer while the link was closed"))
            thread.join(_END_S)

    def _open_connection(self) -> Any:
        """Return the open connection; wait only while the first one is being opened. Called with the lock held."""
        if self._ending.is_set():
            raise self._away("this link was closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name=self._purpose, daemon=True)
            self._thread.start()
        self._changed.wait_for(
            lambda: self._connection is not None or self._fault is not None, self._timeouts.connect_s + 1
        )
        if self._connection is not None:
            return self._connection
        raise again(self._fault) if self._fault is not None else self._away("it is still being opened")

    def _give_up(self, connection: Any, fault: HubError) -> None:
        with self._changed:
            if self._current is connection:
                # A close in good order would wait for an answer of the broker, which doesn't come.
                connection.ioloop.add_callback_threadsafe(lambda: connection.cut(fault))

    def _away(self, why: str) -> TransportAway:
        return broker_away(str(self.address), why)

    def _live(self) -> None:
        """Connect and serve, until the link is closed; pause 0.5 to 30 s between two tries. The I/O thread's loop."""
        longest = self._timeouts.longest_backoff_s
        delay = first_delay = min(2 * self._timeouts.backoff_s, longest)
        while not self._ending.is_set():
            was_open, fault = self._serve()
            if was_open:
                delay = first_delay
            # The end that `close` asked for is no fault: nothing to log, no further try.
            if self._ending.is_set():
                break
            # A random pause in the upper half, so that many hubs don't come back at one moment.
            pause = self._surroundings.random.uniform(delay / 2, delay)
            log.warning("broker away", link=self._purpose, again_in_s=round(pause, 2), **fault.as_dict())
            self._ending.wait(pause)
            delay = min(2 * delay, longest)

    def _serve(self) -> tuple[bool, HubError]:
        """Serve one connection until it ends; return whether it ever was open, and the fault that ended it."""
        opened: list[Any] = []
        ends: list[BaseException] = []

        def over(connection: Any, error: BaseException) -> None:
            ends.append(error)
            connection.ioloop.stop()

        def is_open(connection: Any) -> None:
            opened.append(connection)
            with self._changed:
                self._connection, self._fault = connection, None
                self._changed.notify_all()
            log.info("broker link open", link=self._purpose, broker=str(self.address))

        connection = HubConnection(
            self.address.parameters(self._purpose, self._timeouts),
            on_open_callback=is_open,
            on_open_error_callback=over,
            on_close_callback=over,
        )
        with self._changed:
            self._current = connection
            # `close` may have come before there was a connection that it could close.
            if self._ending.is_set():
                connection.ioloop.add_callback_threadsafe(self._close_current)
        while not ends:
            try:
                connection.ioloop.start()
            except Exception as error:  # pika failed on something unforeseen; the loop goes on to close the socket
                # pika raises a ValueError where the broker resets a connection that is still being opened. That is a
                # broker that is away: `_live` logs it, and an operator needs no traceback for it.
                if opened:
                    text = "".join(traceback.format_exception(error))
                    log.error("broker link broken", link=self._purpose, traceback=text)
                if connection.is_closed:
                    ends.append(error)
                connection.cut(error)
        fault = hub_fault(ends[0], str(self.address))
        with self._changed:
            self._connection = self._current = None
            self._fault = fault
            asked, self._asked = self._asked, set()
            self._changed.notify_all()
        # Each caller gets the error at once, instead of after its time limit.
        for answer in asked:
            answer.fail(again(fault))
        connection.ioloop.close()
        return bool(opened), fault

    def _do(self, work: Callable[[Any, Answer[T]], None], connection: Any, answer: Answer[T]) -> None:
        try:
            work(connection, answer)
        except Exception as error:  # the caller must get it, and it must not end the I/O thread
            answer.fail(hub_fault(error, str(self.address)))

    def _close_current(self) -> None:
        connection = self._current
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()
