"""A clock that can be stepped for one process, with libfaketime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (
    "usr/lib/*/faketime/libfaketimeMT.so.1",
    "usr/lib*/faketime/libfaketimeMT.so.1",
)


class FakeClock:
    """The clock of whoever is started with :meth:`environ`; the monotonic clock stays true."""

    def __init__(self, file: Path, library: Path | None) -> None:
        self._file = file
        self._library = library
        self.step(0.0)

    @classmethod
    def find(cls, file: Path) -> "FakeClock":
        """Use Debian's libfaketime if it is there."""
        found = (path for pattern in _LIBRARIES for path in sorted(Path("/").glob(pattern)))
        return cls(file, next(found, None))

    def twin(self, file: Path) -> "FakeClock":
        """Return another clock of the same kind, for another process."""
        return FakeClock(file, self._library)

    @property
    def there(self) -> bool:
        """Whether the clock can be stepped on this machine."""
        return self._library is not None

    def environ(self) -> Mapping[str, str]:
        """What the process needs in its environment."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def step(self, seconds: float) -> None:
        """Set the clock to so much ahead of the true time; noticed within a second."""
        partial = self._file.with_suffix(".new")
        partial.write_text(f"{seconds:+g}\n", encoding="ascii")
        partial.rename(self._file)
