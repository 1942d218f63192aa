"""One teacher for the desks of several parts at the same time.

An engine never runs dry where one part of a run ends and the next begins: its free places go to
whichever desk has a request ready.
"""

import threading
import time
from collections.abc import Iterator

from factory.desk import Desk
from factory.records import Request
from factory.teachers import Teacher


class Shared:
    """One teacher for the desks of many threads; its engine runs in a thread of its own.

    The thread lives while there is work. The desks are served in the order in which they came.
    """

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        """Held while the teacher works: it has closed before it begins anew."""
        self._desks: list[Desk] = []
        self._asked: dict[int, tuple[Desk, Request]] = {}
        self._at_work = False
        self._all_taken = False

    def lead(self, desk: Desk) -> None:
        """Serve a desk to its end; returns when it is done.

        Raises:
            TeacherError: the teacher is gone.
            RunError: the ledger cannot be written.
        """
        with self._lock:
            self._desks.append(desk)
            if not self._at_work:
                self._at_work = True
                threading.Thread(target=self._work, name="teacher", daemon=True).start()
        desk.ended.wait()
        if desk.failure:
            raise desk.failure

    def _work(self) -> None:
        with self._turn:
            self._asked.clear()
            self._all_taken = False
            try:
                for index, completion in self.teacher.generate(self._feed()):
                    desk, request = self._asked.pop(index)
                    try:
                        desk.receive(request, completion)
                    except Exception as error:
                        desk.failure = desk.failure or error
                if self._asked or not self._all_taken:
                    raise RuntimeError("the teacher stopped early, with requests unanswered")
            except BaseException as error:  # told to whoever waits; nobody is above this thread
                self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Let go of all desks."""
        with self._lock:
            self._at_work = False
            for desk in self._desks:
                desk.failure = desk.failure or error
                desk.ended.set()
            self._desks.clear()

    def _feed(self) -> Iterator[Request | None]:
        number = 0
        while self._release():
            for desk in list(self._desks):
                try:
                    request = desk.next(idle=not self._asked)
                except Exception as error:
                    desk.failure = error
                    continue
                if request is not None:
                    self._asked[number] = desk, request
                    number += 1
                    yield request
                    break
            else:
                if self._asked:
                    yield None
                else:
                    time.sleep(min((desk.wait_s for desk in self._desks), default=0.0))
        self._all_taken = True

    def _release(self) -> bool:
        """Let go of the desks that are done; False where no other is left."""
        with self._lock:
            for desk in [desk for desk in self._desks if desk.done]:
                self._desks.remove(desk)
                desk.ended.set()
            self._at_work = bool(self._desks)  # one that comes from now on gets a new thread
            return self._at_work
