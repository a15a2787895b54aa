"""Which ports are free, and that two processes never choose the same."""

import os
import socket
import subprocess
import sys

import pytest

from hotline import ports

HOST = "127.0.0.1"
BASE = ports.free_ports(HOST, 21000 + os.getpid() % 1000 * 2, 300)
"""Other runs of these tests may be at work on the same machine."""

_ASK = f"""
from hotline import ports
print(ports.claimed_ports({HOST!r}, {BASE}, 3), flush=True)
input()
"""


def test_a_taken_port_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free(HOST, port, "tcp")
        assert ports.free_ports(HOST, port, kinds=("tcp",)) != port


def test_a_row_with_a_taken_port_is_passed_over() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, BASE + 102))
        assert ports.claimed_ports(HOST, BASE + 100, 3) == BASE + 104


def test_two_processes_get_ports_of_their_own() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    rows = []
    for process in asking:
        assert process.stdout is not None
        rows.append(int(process.stdout.readline()))
    for process in asking:
        process.communicate("\n", timeout=10)
    assert sorted(rows) == [BASE, BASE + 4]


def test_no_free_row_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda *_: False)
    with pytest.raises(OSError, match=r"no 3 free ports from [0-9]+ on; end what uses them"):
        ports.claimed_ports(HOST, BASE + 200, 3)
