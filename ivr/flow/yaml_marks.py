"""YAML with the line of every value, for errors that a menu's author can act on.

Every scalar stays text (``no``, ``9`` and ``1.10`` mean what is written); the flow model converts.
"""

from pathlib import Path
from typing import Final, TypeAlias

import yaml

from ivr.errors import FlowFileError, IvrError

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"
Path_: TypeAlias = tuple[str | int, ...]

LARGEST_FILE: Final = 1_000_000
"""Bytes of a flow file."""


class MarkedYaml:
    """One file: its plain data, and where each part of it stands."""

    def __init__(self, path: Path, fault: type[IvrError] = FlowFileError) -> None:
        """Read the file; whatever is wrong with it raises ``fault``."""
        self.path: Final = path
        self._fault: Final = fault
        self._lines: dict[Path_, int] = {}
        self.data: Final[Plain] = self._plain(self._compose(), ())

    def line(self, path: Path_) -> int:
        """Return the line (from 1) of a value, or of the nearest value around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def error(self, path: Path_, problem: str) -> IvrError:
        """Return the error to raise, with file and line in front."""
        return self._fault(f"{self.path}:{self.line(path)}: {problem}")

    def _compose(self) -> yaml.Node:
        try:
            if self.path.stat().st_size > LARGEST_FILE:
                raise self._fault(f"{self.path}: more than {LARGEST_FILE} bytes; split it")
            node = yaml.compose(self.path.read_text(encoding="utf-8"), yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise self._fault(
                f"{self.path}:{line}: not YAML: {error.problem or error.context}; "
                "check the indentation and the quotes"
            ) from error
        except yaml.YAMLError as error:
            raise self._fault(f"{self.path}:1: not YAML: {error}") from error
        except UnicodeDecodeError as error:
            raise self._fault(f"{self.path}:1: not UTF-8; save the file as UTF-8") from error
        except OSError as error:
            raise self._fault(f"{self.path}: cannot be read ({error.strerror})") from error
        if node is None:
            raise self._fault(f"{self.path}:1: the file is empty")
        return node

    def _plain(self, node: yaml.Node, path: Path_, depth: int = 0) -> Plain:
        self._lines[path] = node.start_mark.line + 1
        if depth > 20:
            raise self.error(path, "nested too deeply, or an alias that contains itself")
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._plain(item, (*path, number), depth + 1)
                for number, item in enumerate(node.value)
            ]
        found: dict[str, Plain] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                raise self.error(path, "a key must be plain text")
            if name in found:
                self._lines[(*path, name)] = key.start_mark.line + 1
                raise self.error((*path, name), f"{name!r} is there twice; remove one")
            found[name] = self._plain(value, (*path, name), depth + 1)
            self._lines[(*path, name)] = key.start_mark.line + 1
        return found
