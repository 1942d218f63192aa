"""A teacher behind the ledger: it is asked only what nobody has been paid for yet."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from factory.ledger import LedgerReader, LedgerWriter
from factory.records import Completion, Request
from factory.teachers import Teacher


def _storable(text: str) -> str:
    """The text with lone surrogates, which neither parquet nor a tokenizer takes, replaced."""
    return text.encode("utf-8", "replace").decode()


class Remembering:
    """A teacher that looks into the ledger first, and writes into it before it hands on.

    Failed requests are handed on but not remembered: the next run asks again.
    """

    def __init__(self, teacher: Teacher, reader: LedgerReader, writer: LedgerWriter) -> None:
        self.teacher = teacher
        self.reader = reader
        self.writer = writer

    def generate(self, requests: list[Request]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`. Equal requests are asked once."""
        missing: dict[str, list[int]] = {}
        for index, request in enumerate(requests):
            known = self.reader.get(request.key)
            if known is not None:
                yield index, known
            else:
                missing.setdefault(request.key, []).append(index)
        keys = list(missing)
        if not keys:
            return
        waiting: deque[tuple[int, str, Completion]] = deque()
        answers = self.teacher.generate([requests[missing[key][0]] for key in keys])
        for place, answer in answers:
            completion = replace(answer, text=_storable(answer.text), error=_storable(answer.error))
            number = 0 if completion.error else self.writer.append(keys[place], completion)
            waiting.append((number, keys[place], completion))
            yield from self._hand_on(waiting, missing, self.writer.durable)
        yield from self._hand_on(waiting, missing, self.writer.flush())

    @staticmethod
    def _hand_on(
        waiting: deque[tuple[int, str, Completion]], missing: dict[str, list[int]], durable: int
    ) -> Iterator[tuple[int, Completion]]:
        while waiting and waiting[0][0] <= durable:
            _, key, completion = waiting.popleft()
            for index in missing[key]:
                yield index, completion
