"""The tables that the customer analysis writes; the conventions of :mod:`crm_lookup.tables`.

What a call needs of a customer's scores is one row, found by its key.  Reasons are codes with
figures; :mod:`crm_lookup.scores` has the words.
"""

from typing import Final

import sqlalchemy as sa

from crm_lookup.tables import CODE, ROW_ID, customer_column, metadata

SCORE_COLUMNS: Final = (
    "profit",
    "potential",
    "cost_to_serve",
    "loyalty",
    "credit_risk",
    "conduct_risk",
    "attrition",
)

customer_scores = sa.Table(
    "customer_scores",
    metadata,
    customer_column(primary_key=True),
    sa.Column("as_of", sa.Double, nullable=False, comment="The end of the day that it speaks of"),
    sa.Column("profit", sa.BigInteger, nullable=False, comment="Fen a year"),
    sa.Column("potential", sa.BigInteger, nullable=False, comment="Fen a year that could come"),
    sa.Column("cost_to_serve", sa.BigInteger, nullable=False, comment="Fen a year"),
    sa.Column("loyalty", sa.Integer, nullable=False, comment="0 to 100"),
    sa.Column("credit_risk", sa.Integer, nullable=False, comment="0 to 100"),
    sa.Column("conduct_risk", sa.Integer, nullable=False, comment="0 to 100"),
    sa.Column("attrition", sa.Double, nullable=False, comment="0 to 1"),
    sa.Column("recency_days", sa.Integer, nullable=False, comment="Since the last dealing"),
    sa.Column("frequency", sa.Double, nullable=False, comment="Dealings a month"),
    sa.Column("monetary", sa.BigInteger, nullable=False, comment="Fen spent a month"),
    sa.Column("rfm", sa.String(3), nullable=False, comment="Fifths, 5 is best: 555"),
    sa.Column("tenure_years", sa.Double, nullable=False),
    sa.Column("assets", sa.BigInteger, nullable=False, comment="Fen on accounts and invested"),
    sa.Column("products", sa.Integer, nullable=False, comment="How many are held"),
    sa.Column("contact_preference", CODE, nullable=False),
    sa.Column("pattern", CODE, nullable=False, comment="Cluster of channels and payees"),
    sa.Column("rhythm", sa.String(32), nullable=False, comment="salary, rent, instalment"),
    sa.Column("value_class", CODE, nullable=False, comment="star, keep, grow or lean"),
    sa.Column("propensity", sa.String(256), nullable=False, comment="product:percent, …"),
    sa.Column("why", sa.String(1024), nullable=False, comment="score=code:figure,…|…"),
    sa.Index("ix_customer_scores_as_of", "as_of"),
    sqlite_with_rowid=False,
)

analysis_runs = sa.Table(
    "analysis_runs",
    metadata,
    sa.Column("run_id", ROW_ID, primary_key=True),
    sa.Column("kind", CODE, nullable=False, comment="full or incremental"),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("finished_at", sa.Double),
    sa.Column("as_of", sa.Double, nullable=False),
    sa.Column("customers", sa.Integer, nullable=False, comment="To be looked at in this run"),
    sa.Column("marks", sa.Text, nullable=False, comment="Up to which rows it has read (JSON)"),
    sa.Column("yardsticks", sa.Text, nullable=False, comment="What it compared with (JSON)"),
)

analysis_todo = sa.Table(
    "analysis_todo",
    metadata,
    customer_column(primary_key=True),
    comment="Who is still to be looked at in the run that is under way",
    sqlite_with_rowid=False,
)

segment_history = sa.Table(
    "segment_history",
    metadata,
    sa.Column("move_id", ROW_ID, primary_key=True),
    customer_column(),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("before", CODE, nullable=False),
    sa.Column("after", CODE, nullable=False),
    sa.Column("reason_zh", sa.String(256), nullable=False),
    sa.Column("reason_en", sa.String(256), nullable=False),
    sa.Column("definition", sa.String(16), nullable=False, comment="Hash of segments.yaml"),
    sa.Index("ix_segment_history_customer_id_at", "customer_id", "at"),
)
