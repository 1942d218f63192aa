import threading
import time

import pytest

from factory.desk import Desk, Talk
from factory.errors import RunError, Superseded, TeacherError
from factory.ledger import LedgerReader, LedgerWriter
from factory.records import Completion
from factory.shared import Shared
from factory.teachers.scripted import ScriptedTeacher
from tests.toys import lead, request


def once(item):
    """A conversation of one request."""
    completion = yield item
    return completion


def twice(item):
    """A conversation that goes on from what was said."""
    first = yield item
    second = yield request(f"after {first.text}")
    return second.text


def open_desk(folder, conversations, **options):
    reader = LedgerReader(folder)
    reader.refresh()
    talks = [Talk(conversation, "t/toy/on") for conversation in conversations]
    return Desk(talks, reader, LedgerWriter(folder), **options)


def test_a_completion_is_on_disk_before_it_is_handed_on(tmp_path):
    synced = []
    reader = LedgerReader(tmp_path)
    writer = LedgerWriter(tmp_path)

    def watching(item):
        yield item
        synced.append(writer.durable)

    def slow(item):
        time.sleep(0.002)
        return item.messages[0].content

    talks = [Talk(watching(request(str(i))), "t/toy/on") for i in range(200)]
    Shared(ScriptedTeacher(slow)).lead(Desk(talks, reader, writer))
    writer.close()
    assert len(synced) == 200
    assert all(durable > place for place, durable in enumerate(synced))
    assert 1 < len(set(synced)) < 200, "flushes are grouped, and do not wait for the end"


def test_what_is_in_the_ledger_is_not_asked_again_and_failures_are(tmp_path):
    asked = []

    def reply(item):
        asked.append(item.messages[0].content)
        return Completion(error="boom: 1") if item.messages[0].content == "bad" else "fine"

    def ask():
        asked.clear()
        texts = ("a", "b", "a", "bad")
        return lead([once(request(text)) for text in texts], ScriptedTeacher(reply), tmp_path)

    answers = ask()
    assert sorted(asked) == ["a", "b", "bad"], "equal requests are asked once"
    assert [a.text for a in answers] == ["fine", "fine", "fine", ""]
    assert answers[3].error == "boom: 1"
    assert ask()[2].text == "fine"
    assert asked == ["bad"]


def test_a_conversation_goes_on_while_others_begin(tmp_path):
    answers = lead(
        [twice(request(str(i))) for i in range(100)],
        ScriptedTeacher(lambda item: item.messages[0].content.upper()),
        tmp_path,
    )
    assert answers == [f"AFTER {i}" for i in range(100)]


class Slots:
    """A teacher with room for a few requests, which finishes them in the opposite order."""

    def __init__(self, room):
        self.room = room
        self.most = 0
        self.threads = set()

    def generate(self, requests):
        self.threads.add(threading.get_ident())
        flying, source, number = [], iter(requests), 0
        while True:
            while len(flying) < self.room:
                item = next(source, "end")
                if item is None or item == "end":
                    break
                flying.append((number, item))
                number += 1
            self.most = max(self.most, len(flying))
            if flying:
                index, item = flying.pop()
                yield index, Completion(text=item.messages[0].content)
            elif item == "end":
                return


def test_parts_share_an_engine_that_never_runs_dry_between_them(tmp_path):
    teacher = Slots(room=8)
    shared = Shared(teacher)
    desks = [
        open_desk(tmp_path, [twice(request(f"{part}-{i}")) for i in range(40)]) for part in range(3)
    ]
    threads = [threading.Thread(target=shared.lead, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert all(desk.done for desk in desks)
    assert teacher.most == 8
    reader = LedgerReader(tmp_path)
    reader.refresh()
    assert len(reader) == 3 * 40 * 2
    shared.lead(open_desk(tmp_path, [once(request("later"))]))  # its thread had ended: a new one


def test_a_teacher_that_is_gone_fails_every_part_that_waits_for_it(tmp_path):
    def gone(item):
        raise TeacherError("the engine died three times")

    with pytest.raises(TeacherError, match="the engine died three times"):
        Shared(ScriptedTeacher(gone)).lead(open_desk(tmp_path, [once(request("a"))]))


def test_a_teacher_that_answers_less_than_it_was_asked_is_a_bug_and_not_an_endless_wait(tmp_path):
    class Silent:
        def generate(self, requests):
            next(iter(requests))
            return iter(())

    with pytest.raises(RuntimeError, match="the teacher stopped early"):
        Shared(Silent()).lead(open_desk(tmp_path, [once(request("a"))]))


def test_a_bug_in_one_conversation_ends_its_part_after_what_is_in_flight(tmp_path):
    def buggy(item):
        yield item
        raise KeyError("a bug")

    teacher = Slots(room=4)
    desk = open_desk(tmp_path, [buggy(request("x")), *(once(request(str(i))) for i in range(3))])
    with pytest.raises(KeyError, match="a bug"):
        Shared(teacher).lead(desk)
    reader = LedgerReader(tmp_path)
    reader.refresh()
    assert len(reader) == 4, "all that was answered is kept"


def test_a_full_disk_ends_the_part_with_the_way_out(tmp_path, monkeypatch):
    desk = open_desk(tmp_path, [once(request("a"))])

    def full(*args):
        raise RunError("the ledger cannot be written: No space left")

    monkeypatch.setattr(LedgerWriter, "append", full)
    with pytest.raises(RunError, match="No space left"):
        Shared(ScriptedTeacher(["x"])).lead(desk)


def test_what_neither_parquet_nor_a_tokenizer_takes_is_replaced(tmp_path):
    (answer,) = lead([once(request("a"))], ScriptedTeacher(["lone \ud800 half"]), tmp_path)
    assert answer.text == "lone ? half"


def test_a_desk_whose_run_was_started_again_ends(tmp_path):
    asked = []

    def slow(item):
        asked.append(item)
        time.sleep(0.05)
        return "x"

    desk = open_desk(
        tmp_path, [once(request(str(i))) for i in range(100)], is_current=lambda: False
    )
    with pytest.raises(Superseded, match="another start of the run"):
        Shared(ScriptedTeacher(slow)).lead(desk)
    assert 0 < len(asked) < 10


def test_what_failed_in_an_earlier_round_is_not_asked_again(tmp_path):
    key = request("a").key
    desk = open_desk(tmp_path, [once(request("a"))], failed={key: "refused: no"})
    Shared(ScriptedTeacher(lambda item: pytest.fail("asked"))).lead(desk)
    assert desk.errors == {key: "refused: no"}


def test_a_part_that_comes_while_the_teacher_closes_is_served_too(tmp_path):
    class SlowToClose:
        at_once = 0

        def generate(self, requests):
            self.at_once += 1
            assert self.at_once == 1, "one thread at a time"
            for index, item in enumerate(filter(None, requests)):
                yield index, Completion(text=item.messages[0].content)
            time.sleep(0.01)
            self.at_once -= 1

    shared = Shared(SlowToClose())
    for number in range(30):
        shared.lead(open_desk(tmp_path, [once(request(str(number)))]))


def test_an_equal_request_that_comes_later_is_recalled_and_not_asked_again(tmp_path):
    asked = []

    def reply(item):
        asked.append(item)
        return "x"

    many = [once(request("same" if i % 50 == 0 else str(i))) for i in range(200)]
    assert len(lead(many, ScriptedTeacher(reply), tmp_path)) == 200
    assert len(asked) == 196 + 1


def test_counts_say_what_was_asked_and_what_was_recalled(tmp_path):
    def told():
        counts = {}

        def report(more):
            for name, number in more.items():
                counts[name] = counts.get(name, 0) + number

        desk = open_desk(tmp_path, [once(request("one two"))], report=report)
        Shared(ScriptedTeacher(["a b c"])).lead(desk)
        return counts

    first = told()
    assert (first["completions"], first["recalled"], first["tokens"]) == (1, 0, 3)
    assert first["t/toy/on:prompt_tokens"] == 2
    assert told() == {"completions": 1, "recalled": 1, "tokens": 0, "errors": 0}
