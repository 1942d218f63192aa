"""Switches for every test: no network but loopback, no hub, no waiting for the disk, and one
in-process Dask cluster."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

import pytest
from distributed import Client, LocalCluster

from tests.kernels import compile_kernels
from tests.stub_server import Running, running

_connect = socket.socket.connect


def _connect_on_this_machine(self: socket.socket, address: object) -> None:
    # Connecting a datagram socket sends nothing; Dask asks in this way for its own address.
    if self.family in (socket.AF_INET, socket.AF_INET6) and self.type != socket.SOCK_DGRAM:
        assert isinstance(address, tuple)
        host = "127.0.0.1" if address[0] == "localhost" else address[0]
        assert ipaddress.ip_address(host).is_loopback, f"a test opened a connection to {address}"
    return _connect(self, address)  # type: ignore[arg-type]  # whatever socket itself takes


# Replaced for the whole process, so that no library gets around it.
socket.socket.connect = _connect_on_this_machine  # type: ignore[method-assign]


def _check_descriptor(descriptor: int) -> None:
    # What a process wrote outlives any kill; only where the power fails is the disk to be waited
    # for, and that no test brings about. It was most of the time that a small run takes.
    os.fstat(descriptor)


os.fsync = _check_descriptor  # type: ignore[assignment]  # the original takes what has fileno() as well


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile the native kernels before the first of many tests: once a machine it takes longer
    than a test may."""
    if len(session.items) > 20:
        compile_kernels()


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """A Dask client whose one worker lives in this process."""
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(name="factory")
def program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Done]:
    """The program, in this process: `factory("status", run)`."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    import factory.cli

    def call(*arguments: object) -> Done:
        monkeypatch.setattr("sys.argv", ["factory", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            factory.cli.main()
        out, err = capsys.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return call


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """A stub server in another process."""
    with running() as stub:
        yield stub


@pytest.fixture
def stub(server: Running) -> Running:
    """The stub server, as it was when it started."""
    server.control(reset=True, delay_s=0.0)
    return server
