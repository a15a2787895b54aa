"""Makes the next revision from what changed in the tables: for developers.

``python -m hotline.migrations "add service cases"`` writes ``versions/rev_0002_….py``; read it,
correct it, and run ``ruff format`` on it.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from hotline import db
from hotline.migrations import FOLDER


def make_revision(message: str, folder: Path = FOLDER) -> Path:
    """Write the next revision and return its file."""
    config = db.migration_config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("file_template", "rev_%%(rev)s_%%(slug)s")
    numbers = [int(s.revision) for s in ScriptDirectory.from_config(config).walk_revisions()]
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/scratch.db"
        if numbers:
            db.upgrade(url)
        made = db.engine(url)
        with made.connect() as connection, connection.begin():
            config.attributes["connection"] = connection
            script = command.revision(
                config, message, autogenerate=True, rev_id=f"{max(numbers, default=0) + 1:04d}"
            )
        made.dispose()
    if script is None or isinstance(script, list):
        raise RuntimeError("Alembic wrote no single revision")
    return Path(script.path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit('usage: python -m hotline.migrations "what changes"')
    sys.stdout.write(f"{make_revision(sys.argv[1])}\n")
