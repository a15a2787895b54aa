"""Run the benchmarks: all of them, or those that are named.

    python -m bench [--list] [NAME…]

Each runs in a process of its own.  One that fails, or prints nothing, makes the whole run fail.
"""

import argparse
import ast
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def benchmarks(folder: Path = FOLDER) -> dict[str, str]:
    """Name and first sentence of every module in the folder that has a ``main()``."""
    found = {}
    for path in sorted(folder.glob("[!_]*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if "main" in functions:
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def run(name: str, folder: Path = FOLDER) -> bool:
    """Run one benchmark and show what it prints; return whether it measured anything."""
    started = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own modules, by names that were looked up
        [sys.executable, "-m", f"{folder.name}.{name}"],
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        lines = 0
        for line in child.stdout:
            print("  " + line, end="", flush=True)
            lines += bool(line.strip())
    if child.returncode or not lines:
        why = f"status {child.returncode}" if child.returncode else "it printed nothing"
        print(f"✗ {name}: {why}", flush=True)
        return False
    print(f"✓ {name}: {time.monotonic() - started:.0f} s", flush=True)
    return True


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="run the benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--list", action="store_true", help="list them and stop")
    chosen = parser.parse_args(arguments)
    known = benchmarks(folder)
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    for name, purpose in known.items():
        print(f"{name:10} {purpose}", flush=True)
    if chosen.list:
        return 0
    assert known, "there is no benchmark"
    failed = []
    for name in chosen.names or known:
        print(f"\n{name}", flush=True)
        if not run(name, folder):
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
