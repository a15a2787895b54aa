"""The private Asterisk: starts unprivileged, is adopted, comes back, stops, and says why not."""

import asyncio
import os
import pwd
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from hotline.asterisk.errors import AsteriskStartError
from hotline.asterisk.render import write
from hotline.demo.site import HOST, Site
from hotline.exchange import Exchange
from hotline.supervisor import Supervisor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def wait_for_new_pid(exchange: Exchange, old: int, seconds: float = 10.0) -> int:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid = exchange.process.pid()
        if pid is not None and pid != old:
            return pid
        await asyncio.sleep(0.05)
    raise TimeoutError("Asterisk did not come back")


async def test_it_runs_unprivileged_with_only_its_modules(site: Site) -> None:
    adopted = site.exchange.start(site.phones())
    pid = site.exchange.process.pid()
    assert not adopted
    assert pid is not None
    if os.geteuid() == 0:
        owner = Path(f"/proc/{pid}").stat().st_uid
        assert pwd.getpwuid(owner).pw_name == site.settings.asterisk.user
    wanted = re.findall(r"^load = (.*)$", site.exchange.files(())["modules.conf"], re.MULTILINE)
    assert sorted(site.exchange.process.running_modules()) == sorted(wanted)
    problems = [
        line
        for line in (site.exchange.dirs.log / "messages.log").read_text().splitlines()
        if " ERROR" in line or " WARNING" in line
    ]
    assert problems == []


async def test_a_new_supervisor_adopts_the_living_one(site: Site) -> None:
    pid = site.exchange.process.pid()
    another = Exchange(site.settings, site.install)
    assert another.start(site.phones())
    assert another.process.pid() == pid


async def test_changed_files_reach_the_adopted_one(site: Site) -> None:
    another = Exchange(site.settings, site.install)
    files = another.files(site.phones())
    assert write(files, another.dirs.etc, another.process.owner) == set()
    queues = another.dirs.etc / "queues.conf"
    queues.write_text(queues.read_text().replace("[vip]", "[stale]"))
    assert "vip" in another.process.command("queue show")
    another.start(site.phones())
    assert "vip" in another.process.command("queue show")
    assert "stale" not in another.process.command("queue show")


async def test_a_taken_port_is_named(site: Site) -> None:
    site.exchange.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind((HOST, site.plan.sip))
        with pytest.raises(AsteriskStartError, match=f"SIP {HOST}:{site.plan.sip}/udp"):
            site.exchange.start(site.phones())
    assert site.exchange.process.pid() is None


async def test_it_comes_back_when_it_dies_and_stops_when_told(site: Site) -> None:
    supervisor = Supervisor(site.config, site.exchange, site.phones, roles=())
    await supervisor.start()
    try:
        first = site.exchange.process.pid()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        second = await wait_for_new_pid(site.exchange, first)
        assert second != first
    finally:
        await supervisor.stop()
    assert site.exchange.process.pid() is None
    assert not Path(f"/proc/{second}").exists()


async def test_what_was_wrong_is_told(site: Site) -> None:
    exchange = Exchange(site.settings, site.install)
    modules = exchange.dirs.etc / "asterisk.conf"
    good = modules.read_text()
    modules.write_text(good.replace(site.install.modules_dir, "/nowhere"))
    try:
        with pytest.raises(AsteriskStartError, match=r"see .*Last lines"):
            exchange.process.start()
    finally:
        exchange.process.stop()
        modules.write_text(good)
