"""Text files as lines with their place: encodings, line ends, lines that are too long or broken.

Lines are cut as bytes, so that one that cannot be decoded costs itself and nothing behind it.
In UTF-8 and GB18030 no byte of a longer character looks like a line end; UTF-16 is turned into
UTF-8 first, block by block, with what is broken in it still broken.
"""

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from crm_lookup.importing.errors import FileError

BLOCK: Final = 1 << 20
LONGEST_LINE: Final = 1 << 20
"""Bytes of one line that are kept; a longer one is refused unread."""
_SAMPLE: Final = 20_000
_NAMES: Final = {
    "utf-8": "UTF-8",
    "gb18030": "GB18030",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
}
ENCODINGS: Final = ("auto", "utf-8", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be")
"""What may be asked for."""
_CONTINUATIONS: Final = bytes(range(0x80, 0xC0))
_LONG_LEADS: Final = bytes(range(0xF0, 0xF8))
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Encoding(NamedTuple):
    codec: str
    skip: int
    """Bytes of a byte order mark."""

    @property
    def name(self) -> str:
        return _NAMES[self.codec]


class Line(NamedTuple):
    number: int
    offset: int
    """Byte of the file at which it begins."""
    text: str | None
    """With its line end; ``None`` if ``fault`` says why it cannot be had."""
    fault: str = ""


def detect(path: Path, asked: str = "auto") -> Encoding:
    """Return the encoding of a text file: as asked for, by its byte order mark, or by its bytes.

    Raises :class:`FileError` for an encoding that is not known, and for what is no text.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    mark = next(((bom, name) for bom, name in _BOMS if start.startswith(bom)), (b"", ""))
    if asked != "auto":
        return _as_asked(asked, *mark)
    if mark[1]:
        return Encoding(mark[1], len(mark[0]))
    if start.startswith((b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")):
        raise FileError(f"{path} is no text file; unpack it, or give --format xlsx or parquet")
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if even + odd > len(start) // 8:
        # A delimiter, digit or line end has one zero byte in UTF-16, always on the same side.
        return Encoding("utf-16-le" if odd > even else "utf-16-be", 0)
    return Encoding(_by_bytes(path), 0)


def lines(path: Path, encoding: Encoding) -> Iterator[Line]:
    """Yield the lines of a text file, each of at most ``LONGEST_LINE`` bytes."""
    wide = encoding.codec.startswith("utf-16")
    measure: Callable[[bytes], int]
    codec, measure = ("utf-8", _utf16_size) if wide else (encoding.codec, len)
    offset = encoding.skip
    blocks = _narrowed(path, encoding) if wide else _blocks(path, encoding.skip)
    for number, (raw, size) in enumerate(_cut(blocks, measure), start=1):
        if raw is None:
            yield Line(number, offset, None, f"the line is longer than {LONGEST_LINE:,} bytes")
        else:
            try:
                yield Line(number, offset, raw.decode(codec))
            except UnicodeDecodeError as error:
                before = measure(raw[: error.start])
                yield Line(
                    number,
                    offset,
                    None,
                    f"byte {offset + before + 1:,} of the file is no {encoding.name} (byte "
                    f"{before + 1:,} of the line); give --encoding if the file has another",
                )
        offset += size


def _as_asked(asked: str, bom: bytes, marked: str) -> Encoding:
    name = asked.lower().replace("_", "-").removesuffix("-sig")
    name = {"utf8": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}.get(name, name)
    if name == "utf-16":
        name = marked if marked.startswith("utf-16") else "utf-16-le"
    if name not in _NAMES:
        raise FileError(f"encoding {asked!r} is not known; there are {', '.join(ENCODINGS)}")
    return Encoding(name, len(bom) if marked == name else 0)


def _by_bytes(path: Path) -> str:
    """Whichever of both encodings more of the lines fit that are not plain ASCII."""
    seen = utf8 = gb18030 = 0
    for raw, _ in _cut(_blocks(path, 0), len):
        if raw is None or raw.isascii():
            continue
        seen += 1
        utf8 += _decodes(raw, "utf-8")
        gb18030 += _decodes(raw, "gb18030")
        if seen == _SAMPLE:
            break
    # Chinese in GB18030 is hardly ever sound UTF-8, but the other way round it often is.
    return "utf-8" if not seen or utf8 * 2 >= seen or utf8 >= gb18030 else "gb18030"


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(path: Path, skip: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(skip)
        while block := file.read(BLOCK):
            yield block


def _narrowed(path: Path, encoding: Encoding) -> Iterator[bytes]:
    """UTF-16 as UTF-8 blocks; a lone surrogate stays one, and half a unit at the end as well."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("surrogatepass")
    left = b""
    for block in _blocks(path, encoding.skip):
        whole = left + block
        cut = len(whole) // 2 * 2
        left = whole[cut:]
        yield decoder.decode(whole[:cut]).encode("utf-8", "surrogatepass")
    pending = decoder.getstate()[0]
    if pending:  # a high surrogate whose other half never came
        unit = int.from_bytes(pending[:2], "little" if encoding.codec.endswith("le") else "big")
        yield chr(unit).encode("utf-8", "surrogatepass")
    if left:
        yield "\ud800".encode("utf-8", "surrogatepass")


def _utf16_size(raw: bytes) -> int:
    """Bytes that this piece of UTF-8, which may begin and end anywhere, has in UTF-16."""
    units = len(raw.translate(None, _CONTINUATIONS))
    return 2 * (units + len(raw) - len(raw.translate(None, _LONG_LEADS)))


def _cut(
    blocks: Iterator[bytes], measure: Callable[[bytes], int]
) -> Iterator[tuple[bytes | None, int]]:
    """Yield the lines with their ends (LF, CRLF or CR) and their sizes in the file.

    Instead of a line that is too long comes ``None``.
    """
    rest, dropped = b"", 0
    for block in blocks:
        pieces = (rest + block).splitlines(keepends=True)
        rest = b""
        if pieces and not pieces[-1].endswith(b"\n"):
            rest = pieces.pop()  # also after a CR: its LF may stand in the next block
        for piece in pieces:
            size = dropped + measure(piece)
            yield (None if dropped or len(piece) > LONGEST_LINE else piece), size
            dropped = 0
        if len(rest) > LONGEST_LINE:
            # Its very end is kept, which may be the first half of a CRLF.
            dropped += measure(rest[:-1])
            rest = rest[-1:]
    if rest:
        yield (None if dropped or len(rest) > LONGEST_LINE else rest), dropped + measure(rest)
