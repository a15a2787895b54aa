"""What Asterisk says of the call before the first command."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

_UNKNOWN_CALLER: Final = ("", "unknown")
_PRESENTATION_MASK: Final = 0x60
"""``AST_PRES_RESTRICTION`` in ``callerid.h``: 0 is allowed, everything else is not."""


class Environment(msgspec.Struct, frozen=True):
    """The ``agi_…`` variables, in Asterisk's own words."""

    variables: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return the value of ``agi_<name>``, empty if it was not sent."""
        return self.variables.get(f"agi_{name}", "")

    @property
    def script(self) -> str:
        """The path of the ``agi://`` address without slashes and query: the name of the flow."""
        script = self.get("network_script") or urlsplit(self.get("request")).path
        return script.split("?", 1)[0].strip("/")

    @property
    def arguments(self) -> tuple[str, ...]:
        """``agi_arg_1`` and onwards, up to the first that is missing."""
        found: list[str] = []
        while (name := f"agi_arg_{len(found) + 1}") in self.variables:
            found.append(self.variables[name])
        return tuple(found)

    @property
    def caller_number(self) -> str:
        """The caller's number as received (attacker's text); empty if unknown or withheld."""
        number = self.get("callerid")
        presentation = self.get("callingpres")
        withheld = presentation.isdecimal() and int(presentation) & _PRESENTATION_MASK != 0
        return "" if withheld or number in _UNKNOWN_CALLER else number
