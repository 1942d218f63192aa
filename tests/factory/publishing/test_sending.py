"""Several uploads at once, and what is told of them."""

import threading

import pytest

from factory.progress import Progress
from factory.publishing import publish
from factory.publishing.sending import send_all
from tests.factory.publishing.conftest import CONTENT_WARNING


def test_so_many_are_on_their_way_at_once_and_no_more():
    together = threading.Barrier(3)
    under_way, most = set(), []
    lock = threading.Lock()

    def send(item: int) -> None:
        with lock:
            under_way.add(item)
            most.append(len(under_way))
        together.wait(timeout=10)  # only three at once get past it
        with lock:
            under_way.discard(item)

    sent: list[int] = []
    send_all(range(9), send, sent.append, in_flight=3)
    assert sorted(sent) == list(range(9))
    assert max(most) == 3


def test_after_a_failure_what_is_on_its_way_is_finished_and_nothing_else_begun():
    failed = threading.Event()
    begun: list[int] = []

    def send(item: int) -> None:
        begun.append(item)
        if item == 1:
            failed.set()
            raise ValueError("no")
        assert failed.wait(timeout=10)

    sent: list[int] = []
    with pytest.raises(ValueError, match="no"):
        send_all(range(1000), send, sent.append, in_flight=2)
    assert 0 in sent
    assert len(begun) < 1000


@pytest.mark.filterwarnings(CONTENT_WARNING)
def test_the_bytes_of_the_files_are_counted_as_they_go(hub, dataset):
    progress = Progress(quiet=True)
    outcome = publish(dataset, "lab/math", progress=progress)
    large = [file for file in outcome.plan.send if file.name.endswith((".parquet", ".png"))]
    assert f"bytes sent {sum(file.size for file in large):,}" in progress.line()
