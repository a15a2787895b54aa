"""Hostile callers on a real trunk: nothing they send becomes a header, a command or a file."""

import asyncio
import re
import socket
import time
import uuid
from collections import Counter

import pytest

from cti.core import events
from hotline import db
from hotline.carrier import TRUNK_ADDRESS
from hotline.demo.site import HOST, Site
from hotline.journal_reader import JournalReader
from tests.hostile import strings

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

CALLS = 120
FIELDS = ("caller's name", "caller's number", "P-Asserted-Identity", "dialled number")


def invite(target: tuple[str, int], source: tuple[str, int], field: str, text: str) -> bytes:
    """An INVITE from the trunk with hostile text in one field, quoted as SIP allows."""
    raw = re.sub(r"[\r\n\0]", "", text)[:900]
    quoted = raw.replace("\\", "\\\\").replace('"', '\\"')
    escaped = "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))[:600]
    name, number, asserted, user = '"x"', "13800138000", '"x" <sip:13800138000@carrier>', "95500"
    if field == "caller's name":
        name = f'"{quoted}"'
    elif field == "caller's number":
        number = escaped
    elif field == "P-Asserted-Identity":
        asserted = f'"{quoted}" <sip:{escaped}@carrier>'
    else:
        user = f"95500{escaped}"
    tag = uuid.uuid4().hex[:10]
    body = (
        f"v=0\r\no=- 1 1 IN IP4 {source[0]}\r\ns=-\r\nc=IN IP4 {source[0]}\r\nt=0 0\r\n"
        "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
    )
    lines = (
        f"INVITE sip:{user}@{target[0]}:{target[1]} SIP/2.0",
        f"Via: SIP/2.0/UDP {source[0]}:{source[1]};branch=z9hG4bK{tag};rport",
        f"From: {name} <sip:{number}@{source[0]}>;tag={tag}",
        f"To: <sip:95500@{target[0]}>",
        f"Call-ID: {tag}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:x@{source[0]}:{source[1]}>",
        f"P-Asserted-Identity: {asserted}",
        "Max-Forwards: 70",
        "Content-Type: application/sdp",
        f"Content-Length: {len(body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


def call(target: tuple[str, int], field: str, text: str) -> int:
    """Place one such call from the trunk's address, hang up; return the final status, 0: none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((TRUNK_ADDRESS, 0))
        line.settimeout(2.0)
        source = line.getsockname()
        sent = invite(target, source, field, text)
        line.sendto(sent, target)
        try:
            while True:
                answer = line.recv(65535).decode(errors="replace")
                status = re.match(r"SIP/2\.0 (\d{3})", answer)
                if status and int(status[1]) >= 200:
                    break
        except TimeoutError:
            return 0
        final = int(status[1])
        to = re.search(r"^To: (.*)\r$", answer, re.MULTILINE)
        contact = re.search(r"^Contact: <([^>]*)>", answer, re.MULTILINE)
        first, *headers = sent.partition(b"\r\n\r\n")[0].split(b"\r\n")
        uri = contact[1].encode() if contact else first.split(b" ")[1]
        kept = [h for h in headers if h.startswith((b"Via:", b"From:", b"Call-ID:", b"Max-"))]
        methods = ("ACK", "BYE") if final < 300 else ("ACK",)
        for number, method in enumerate(methods, 1):
            head = [
                f"{method} ".encode() + uri + b" SIP/2.0",
                *(h.replace(b"branch=z9hG4bK", b"branch=z9hG4bK%d" % number) for h in kept),
                f"To: {to[1] if to else ''}".encode(),
                f"CSeq: {number} {method}".encode(),
                b"Content-Length: 0",
            ]
            line.sendto(b"\r\n".join(head) + b"\r\n\r\n", target)
            time.sleep(0.02)
        return final


async def test_hostile_callers_reach_nothing(site: Site) -> None:
    await site.start()
    await site.ready(120)
    proof = site.state_dir / "asterisk" / "spool" / "proof"
    asterisk = site.exchange.process.pid()
    target = (HOST, site.plan.sip)
    answers: Counter[tuple[str, int]] = Counter()
    for number, text in enumerate(strings(CALLS, seed=6, proof=str(proof))):
        for field in FIELDS[number % 2 :: 2]:
            status = await asyncio.to_thread(call, target, field, text)
            # pjsip ends the user at a NUL: what is left is the declared number itself.
            cut = field == "dialled number" and text.startswith("\0")
            answers["its number" if cut else field, status] += 1
    assert site.exchange.process.pid() == asterisk, "Asterisk died"
    taken = {field for field, status in answers if status == 200}
    assert {"caller's name", "P-Asserted-Identity"} <= taken, answers
    assert not any(field == "dialled number" and s == 200 for field, s in answers), answers
    assert not proof.exists()

    journal = JournalReader(db.sqlite_path(site.settings.database_url))
    for arrived in journal.refresh().of(events.CallArrived):
        await journal.wait(events.CallEnded, 60, call_id=arrived.call_id)
        assert re.fullmatch(r"[0-9a-f-]{36}", arrived.call_id)
        assert arrived.dnis == "95500"
        assert arrived.trunk == "carrier"
    assert journal.of(events.CallArrived)
    assert not journal.of(events.CallerVerified)
    log = (site.state_dir / "log" / "console.log").read_text(encoding="utf-8")
    for fault in ("ami_event_malformed", "cti_apply_failed", "ami_stream_unreadable"):
        assert fault not in log
    shown = await asyncio.to_thread(site.exchange.process.command, "core show channels count")
    assert re.search(r"^0 active channels", shown), shown
