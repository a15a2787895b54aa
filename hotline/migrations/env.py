"""Run by Alembic for every command; needs no ``alembic.ini``.

:mod:`hotline.db.migrate` hands in an open connection, on which it has begun the transaction.
"""

from alembic import context

from hotline.migrations import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=list(METADATA),
    # SQLite's DDL is transactional once the driver is told to begin; Alembic assumes it is not.
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
