"""Where digits might be left: files, the memory of processes, the manager's events."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, Site

_LARGEST = 64 << 20


def spellings(digits: str) -> list[bytes]:
    """How digits may stand in a file or in memory."""
    return [digits.encode("utf-8"), digits.encode("utf-16-le"), digits.encode("utf-32-le")]


def in_files(folder: Path, digits: Iterable[str]) -> list[str]:
    """The files below ``folder`` that hold any of the digits."""
    wanted = {one: spellings(one) for one in digits}
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".wav":
            data = path.read_bytes()
            found += [
                f"{one} in {path}"
                for one, known in wanted.items()
                if any(spelling in data for spelling in known)
            ]
    return found


def in_memory(pids: Mapping[str, int | None], digits: Iterable[str]) -> list[str]:
    """The processes in whose memory any of the digits stand in a row; needs root."""
    wanted = {one: spellings(one) for one in digits}
    found = set()
    for name, pid in pids.items():
        if pid is None:
            continue
        maps = Path(f"/proc/{pid}/maps").read_text()
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for line in maps.splitlines():
                region = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
                if region is None or "[vvar" in line:
                    continue
                start, end = int(region[1], 16), int(region[2], 16)
                for at in range(start, end, _LARGEST):
                    with contextlib.suppress(OSError, ValueError):
                        memory.seek(at)
                        data = memory.read(min(_LARGEST, end - at) + 32)
                        found |= {
                            f"{one} in {name}"
                            for one, known in wanted.items()
                            if any(spelling in data for spelling in known)
                        }
    return sorted(found)


def dumps(pid: int) -> tuple[str, str]:
    """A process's limit of core files, and which of its memory a dump would hold."""
    limits = Path(f"/proc/{pid}/limits").read_text()
    row = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    return row.split()[4], Path(f"/proc/{pid}/coredump_filter").read_text().strip()


@asynccontextmanager
async def manager_events(site: Site) -> AsyncIterator[bytearray]:
    """Collect all that the manager's account is told, over a connection of its own."""
    kept = bytearray()
    reader, writer = await asyncio.open_connection(HOST, site.plan.ami)
    secret = load_secrets(site.settings).ami
    writer.write(f"Action: Login\r\nUsername: hotline\r\nSecret: {secret}\r\n\r\n".encode())

    async def read() -> None:
        while data := await reader.read(65536):
            kept.extend(data)

    reading = asyncio.create_task(read())
    try:
        yield kept
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def variables(site: Site) -> str:
    """Every variable of every channel now."""
    command = site.exchange.process.command
    names: Sequence[str] = [
        line.partition("!")[0] for line in command("core show channels concise").splitlines()
    ]
    return "\n".join(command(f"core show channel {name}") for name in names if name)
