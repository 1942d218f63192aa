"""Tasks on a cluster that goes away."""

from concurrent.futures import Future

import pytest

from factory import partwork
from factory.errors import SchedulerLost
from factory.progress import Progress


class Finished(Future):
    """A task that is done, on a scheduler that is gone when its result is asked for."""

    status = "finished"

    def result(self, timeout: float | None = None) -> dict[str, int]:
        raise ConnectionResetError("by peer")


class Cluster:
    """Takes tasks."""

    def submit(self, *_: object, **__: object) -> Finished:
        return Finished()


def test_a_scheduler_that_goes_before_it_hands_on_a_result_is_told(monkeypatch):
    monkeypatch.setattr(partwork, "as_completed", iter)
    with pytest.raises(SchedulerLost, match="the Dask scheduler is gone; what is finished is kept"):
        partwork.on_parts(
            Cluster(), lambda number: {}, [0], stage="x", progress=Progress(quiet=True),
            is_done=lambda number: False,
        )  # fmt: skip
