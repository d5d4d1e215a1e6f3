"""One connection to the broker, and the one thread that does its input and output.

    caller's thread                      I/O thread
    ask(work) ──add_callback_threadsafe──▶ work(connection, answer)
         ◀────────────answer────────────── the broker's confirm, or the link's end

Nobody but the I/O thread touches pika, and it does nothing else, so that heartbeats go out however long a message is
worked on. A link is opened when it is first asked, and after a loss again and again until it is closed. Whoever waits
for an answer when it is lost is told so at once. It is pika's `SelectConnection`, because the blocking one waits for
each confirm by itself.

Spec: docs/design/guarantees.md, "pika, RabbitMQ"; G7: every wait has a limit.
"""

from __future__ import annotations

import struct
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

import pika
import structlog
from pika import exceptions, frame, spec

from adapters.rabbitmq.address import Address, Patience
from adapters.rabbitmq.faults import again, hub_fault
from adapters.rabbitmq.properties import UNREAD
from adapters.transport import TransportAway
from integration_objects.errors import HubError
from integration_objects.surroundings import Surroundings

log = structlog.get_logger()

#: seconds that the end of a link may take, with a broker that doesn't answer
_END_S = 5.0
_HEADERS_FLAG = spec.BasicProperties.FLAG_HEADERS

T = TypeVar("T")


class Answer(Generic[T]):
    """What somebody waits for. Given once; whatever comes later is void. Safe between threads."""

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
        """The value, or the error raised; TimeoutError after *timeout_s*."""
        return self._future.result(timeout_s)


class Link:
    """See the head of this file. *purpose* is what people see in the broker's list of connections."""

    def __init__(self, address: Address, purpose: str, patience: Patience, surroundings: Surroundings) -> None:
        self.address = address
        self._purpose = purpose
        self._patience = patience
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

    # For any thread

    def ask(self, work: Callable[[Any, Answer[T]], None]) -> T:
        """Let the I/O thread do *work* with the connection, and wait for the answer that it gives, then or later.

        Raises:
            TransportAway: the link is down, was lost on the way, or the broker didn't answer in time; then the
                link is given up and opened anew.
            HubError: whatever *work* failed with.
        """
        answer: Answer[T] = Answer()
        with self._changed:
            connection = self._open_connection()
            self._asked.add(answer)
            connection.ioloop.add_callback_threadsafe(lambda: self._do(work, connection, answer))
        try:
            return answer.wait(self._patience.answer_s)
        except TimeoutError as error:
            fault = self._away(f"no answer within {self._patience.answer_s:g} s")
            self._give_up(connection, fault)
            raise fault from error
        finally:
            with self._changed:
                self._asked.discard(answer)

    def wait_open(self, wait_s: float) -> bool:
        """Wait until the link is open, at most *wait_s*; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._connection is not None, wait_s)

    def close(self) -> None:
        """End the connection in good order, and its thread. What was asked before is done before."""
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
        if current is not None:  # a broker that doesn't answer: without its good wishes
            self._give_up(current, self._away("it didn't answer while the link was closed"))
            thread.join(_END_S)

    def _open_connection(self) -> Any:
        """The open connection; waits only while the first one is being opened. Called with the lock held."""
        if self._ending.is_set():
            raise self._away("this link was closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name=self._purpose, daemon=True)
            self._thread.start()
        self._changed.wait_for(
            lambda: self._connection is not None or self._fault is not None, self._patience.connect_s + 1
        )
        if self._connection is not None:
            return self._connection
        raise again(self._fault) if self._fault is not None else self._away("it is still being opened")

    def _give_up(self, connection: Any, fault: HubError) -> None:
        with self._changed:
            if self._current is connection:
                # A close in good order would wait for the broker's answer, which doesn't come.
                connection.ioloop.add_callback_threadsafe(lambda: connection.cut(fault))

    def _away(self, why: str) -> TransportAway:
        return TransportAway(
            "the broker doesn't answer",
            where=str(self.address),
            why=why,
            mend="nothing, where it comes back by itself; else start the broker, or mend the broker URL",
        )

    # The I/O thread

    def _live(self) -> None:
        """Connect and serve, until the link is closed; between two tries 0.5 to 30 s."""
        longest = self._patience.longest_backoff_s
        delay = first = min(2 * self._patience.backoff_s, longest)
        while not self._ending.is_set():
            was_open, fault = self._serve()
            if was_open:
                delay = first
            if self._ending.is_set():
                break
            # At random in the upper half, so that many hubs don't come back at one moment.
            pause = self._surroundings.random.uniform(delay / 2, delay)
            log.warning("broker away", link=self._purpose, again_in_s=round(pause, 2), **fault.as_dict())
            self._ending.wait(pause)
            delay = min(2 * delay, longest)

    def _serve(self) -> tuple[bool, HubError]:
        """One connection's life; returns whether it ever was open, and why it ended."""
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
            self.address.parameters(self._purpose, self._patience),
            on_open_callback=is_open,
            on_open_error_callback=over,
            on_close_callback=over,
        )
        with self._changed:
            self._current = connection
            if self._ending.is_set():
                connection.ioloop.add_callback_threadsafe(self._close_current)
        while not ends:
            try:
                connection.ioloop.start()
            except Exception as error:  # whatever made pika stumble; the loop goes on to close the socket
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
        for answer in asked:
            answer.fail(again(fault))
        connection.ioloop.close()
        return bool(opened), fault

    def _do(self, work: Callable[[Any, Answer[T]], None], connection: Any, answer: Answer[T]) -> None:
        try:
            work(connection, answer)
        except Exception as error:  # it has to reach who asked, and must not end the I/O thread
            answer.fail(hub_fault(error, str(self.address)))

    def _close_current(self) -> None:
        connection = self._current
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()


class HubConnection(pika.SelectConnection):  # type: ignore[misc]  # pika is untyped
    """pika's connection, that a message with unreadable headers doesn't bring down, and that can be cut."""

    def cut(self, reason: Exception) -> None:
        """End the stream at once, as pika itself does when the heartbeats stay away."""
        if not self.is_closed:
            self._terminate_stream(reason)

    def _read_frame(self) -> Any:
        # (m) pika 1.4.4 raises on a header that is a time after the year 9999 or deeply nested, and RabbitMQ lets both
        # through. Out of the I/O loop that would end the link, again with each redelivery: one message, any sender's,
        # would stop every route of the process.
        try:
            return super()._read_frame()
        except exceptions.AMQPError as error:
            if not isinstance(error, exceptions.InvalidFieldTypeException):
                raise
            return _frame_without_headers(self._frame_buffer, error)
        except Exception as error:
            return _frame_without_headers(self._frame_buffer, error)


def _frame_without_headers(data: bytes, error: Exception) -> tuple[int, Any]:
    """The content header frame at the begin of *data*, its headers left out; *error* again for any other frame."""
    kind, channel, size = struct.unpack_from(">BHL", data)
    if kind != spec.FRAME_HEADER:
        raise error
    end = spec.FRAME_HEADER_SIZE + size + spec.FRAME_END_SIZE
    content = data[spec.FRAME_HEADER_SIZE : end - 1]
    _, _, body_size = struct.unpack_from(">HHQ", content)
    (flags,) = struct.unpack_from(">H", content, 12)
    start = 14
    for flag in (spec.BasicProperties.FLAG_CONTENT_TYPE, spec.BasicProperties.FLAG_CONTENT_ENCODING):
        if flags & flag:
            start += 1 + content[start]
    if not flags & _HEADERS_FLAG:
        raise error
    (table,) = struct.unpack_from(">I", content, start)
    properties = spec.BasicProperties()
    properties.decode(struct.pack(">H", flags & ~_HEADERS_FLAG) + content[14:start] + content[start + 4 + table :])
    setattr(properties, UNREAD, f"{type(error).__name__}: {error}"[:200])
    return end, frame.Header(channel, body_size, properties)
