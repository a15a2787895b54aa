"""A stranger with a UDP socket: single SIP requests, written by hand, and what comes back."""

import re
import socket
import uuid


def request(
    method: str,
    target: tuple[str, int],
    *,
    source: tuple[str, int],
    user: str = "95500",
    caller: str = "attacker",
    headers: tuple[str, ...] = (),
    media: str = "8 PCMA/8000",
    profile: str = "RTP/AVP",
    seconds: float = 1.0,
) -> list[int]:
    """Send one request from ``source`` and return the status codes that come back in time."""
    host, port = target
    tag = uuid.uuid4().hex[:10]
    body = (
        f"v=0\r\no=- 1 1 IN IP4 {source[0]}\r\ns=-\r\nc=IN IP4 {source[0]}\r\nt=0 0\r\n"
        f"m=audio 40000 {profile} {media.split()[0]}\r\na=rtpmap:{media}\r\n"
        if method == "INVITE"
        else ""
    )
    lines = [
        f"{method} sip:{user}@{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {source[0]}:{source[1]};branch=z9hG4bK{tag};rport",
        f"From: <sip:{caller}@{source[0]}>;tag={tag}",
        f"To: <sip:{user}@{host}>",
        f"Call-ID: {tag}@{source[0]}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{caller}@{source[0]}:{source[1]}>",
        "Max-Forwards: 70",
        *headers,
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    statuses = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind(source)
        line.settimeout(seconds)
        line.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), target)
        while True:
            try:
                answer = line.recv(65535).decode(errors="replace")
            except TimeoutError:
                return statuses
            found = re.match(r"SIP/2\.0 (\d{3})", answer)
            if found:
                statuses.append(int(found[1]))
                if statuses[-1] >= 300:
                    to = re.search(r"^To: (.*)\r$", answer, re.MULTILINE)
                    ack = [
                        f"ACK sip:{user}@{host}:{port} SIP/2.0",
                        *lines[1:3],
                        f"To: {to[1] if to else ''}",
                        lines[4],
                        "CSeq: 1 ACK",
                        "Max-Forwards: 70",
                        "Content-Length: 0",
                    ]
                    line.sendto(("\r\n".join(ack) + "\r\n\r\n").encode(), target)
                    return statuses
