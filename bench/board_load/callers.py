"""SIPp's customers, one scenario a kind, and the log that each of their calls writes.

A line of a log is ``KIND|NUMBER|WHAT|SECONDS|MICROSECONDS``: what happened, and when by SIPp's
own clock.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench import board_books as books
from bench.board_books import HUNG_UP, TURNED_AWAY
from hotline.demo.site import HOST

ADDRESS: Final = "127.0.0.21"
FIRST_PORT: Final = 45600
PORTS: Final = 12
"""How many SIPps may call at once."""
TRUNK: Final = "load"
SERVER_ENDS: Final = 150_000
"""Milliseconds that a customer waits for the hotline to hang up."""
UNHEARD: Final = 15_000
"""Milliseconds after which a customer takes it that a key was not heard, and keys again."""


class Kind(msgspec.Struct, frozen=True):
    """What customers of one kind dial and do."""

    name: str
    dialled: str
    steps: tuple[str, ...]
    """``p1500`` waits milliseconds, ``d1`` keys, ``bye`` hangs up, ``end`` is hung up on;
    ``e1`` too, but keys again if that takes long: nobody may have listened to the first time."""
    pace: float = 1.0
    """How much faster than the others they come: those who stay longest are to be done in time."""


KINDS: Final = (
    Kind("answered", "96001", ("end",)),
    Kind("abandoned", "96002", ("p[field2]", "bye")),
    Kind("overflowed", "96003", ("end",)),
    Kind("missed", "96004", ("end",)),
    Kind("withdrawn", "96005", ("p2500", "d1", "p4000", "d1", "e1"), pace=3.0),
    Kind("transferred", "96006", ("end",)),
    Kind(TURNED_AWAY, "96007", ("p[field2]", "bye")),
    Kind(HUNG_UP, "95500", ("p[field2]", "bye")),
)
WAITING: Final = Kind("waiting", "96002", ("p[field2]", "bye"))
LISTENING: Final = Kind(books.LISTENING, "95500", ("p[field2]", "bye"))
"""Stays in the menu."""


def scenario(kind: Kind) -> str:
    """Return SIPp's scenario of one kind: field 0 is the caller's number, 1 what is dialled."""
    acts = "".join(_act(step, kind.name) for step in kind.steps)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="{kind.name}">
{_send("INVITE", "sip:[field1]@[remote_ip]:[remote_port]", "1 INVITE", _SDP, retrans=True)}
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true"/>
{_send("ACK", "[next_url]", "1 ACK")}
{_log(kind.name, "answered")}
{acts}</scenario>
"""


_SDP: Final = """\
v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 8 96
a=rtpmap:8 PCMA/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-15
"""
_RECEIVE_BYE: Final = f'<recv request="BYE" timeout="{SERVER_ENDS}"/>\n'
_OK: Final = """\
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""


def _act(step: str, name: str) -> str:
    if step == "end":
        return _RECEIVE_BYE + _OK + _log(name, "ended") + "\n"
    if step[0] == "e":
        return (
            f'<recv request="BYE" timeout="{UNHEARD}" ontimeout="1" next="2"/>\n<label id="1"/>\n'
            + f'{_act(f"d{step[1:]}", name)}{_RECEIVE_BYE}<label id="2"/>\n'
            + f"{_OK}{_log(name, 'ended')}\n"
        )
    if step == "bye":
        bye = _send("BYE", "[next_url]", "2 BYE", retrans=True)
        return f'{_log(name, "gave up")}\n{bye}\n<recv response="200"/>\n'
    if step[0] == "d":
        return f'<nop><action><exec play_dtmf="{step[1:]}"/></action></nop>\n'
    wait = step[1:]
    if wait.startswith("["):  # from the file of customers
        return (
            f'<nop><action><assignstr assign_to="wait" value="{wait}"/>'
            '<todouble assign_to="milliseconds" variable="wait"/></action></nop>\n'
            '<pause variable="milliseconds"/>\n'
        )
    return f'<pause milliseconds="{wait}"/>\n'


def _log(kind: str, what: str) -> str:
    line = f"{kind}|[field0]|{what}|[$now]|[$part]"
    return (
        f'<nop><action><gettimeofday assign_to="now,part"/><log message="{line}"/></action></nop>'
    )


def _send(
    method: str, target: str, sequence: str, body: str = "", *, retrans: bool = False
) -> str:
    to = "" if method == "INVITE" else "[peer_tag_param]"
    content = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}"
    again = ' retrans="500"' if retrans else ""
    return f"""<send{again}><![CDATA[
{method} {target} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:[field1]@[remote_ip]:[remote_port]>{to}
Call-ID: [call_id]
CSeq: {sequence}
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
{content if body else "Content-Length: 0"}

]]></send>"""


def _prepare(folder: Path, kind: Kind, people: Sequence[tuple[str, int]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(f"{number};{kind.dialled};{wait}" for number, wait in people)
    (folder / "people.csv").write_text(f"SEQUENTIAL\n{rows}\n", encoding="utf-8")
    (folder / "scenario.xml").write_text(scenario(kind), encoding="utf-8")


async def place(
    folder: Path,
    server_port: int,
    kind: Kind,
    people: Sequence[tuple[str, int]],
    *,
    rate: float,
    first_port: int,
    place: int,
    seconds: int,
) -> None:
    """Place a call for each ``(number, milliseconds)``; the logs are left in ``folder``.

    ``first_port`` begins a row of :data:`PORTS` that are ours, ``place`` tells SIPps apart.
    Raises ``AssertionError`` with SIPp's own words.
    """
    _prepare(folder, kind, people)
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    command = [program, f"{HOST}:{server_port}", "-sf", "scenario.xml", "-inf", "people.csv"]
    command += ["-i", ADDRESS, "-p", str(first_port + place), "-mi", ADDRESS]
    command += [
        "-mp",
        str(20000 + 2000 * place + 20 * (first_port - FIRST_PORT)),
        "-m",
        str(len(people)),
        "-l",
        "1000",
    ]
    command += ["-r", str(max(1, round(rate * 60))), "-rp", "60000", "-aa", "-nostdin"]
    command += ["-timeout_error", "-timeout", f"{seconds}s"]
    command += ["-trace_stat", "-stf", "statistics.csv", "-fd", "5"]
    command += ["-trace_logs", "-log_file", "calls.log", "-trace_err", "-error_file", "errors.log"]
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        status = await child.wait()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    assert status == 0, f"SIPp ({kind.name}) ended with {status}: {_words(folder)[:2000]}"


def _words(folder: Path) -> str:
    errors = folder / "errors.log"
    return errors.read_text(encoding="utf-8", errors="replace") if errors.exists() else ""
