"""The knowledge base: articles in all their versions, its full-text index and its editors."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_TEXTS = ("title_zh", "title_en", "body_zh", "body_en", "script_zh", "script_en")


def upgrade() -> None:
    op.create_table(
        "kb_articles",
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("department", sa.String(length=32), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "version", name=op.f("pk_kb_articles")),
    )
    op.create_index(op.f("ix_kb_articles_newest"), "kb_articles", ["newest"])
    op.create_table(
        "kb_terms",
        sa.Column("term", sa.String(length=40), nullable=False),
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("term", "article_id", name=op.f("pk_kb_terms")),
    )
    op.create_index(op.f("ix_kb_terms_article_id"), "kb_terms", ["article_id"])
    op.create_table(
        "kb_editors",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"],
            ["users.login"],
            name=op.f("fk_kb_editors_login_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("login", "department", name=op.f("pk_kb_editors")),
    )


def downgrade() -> None:
    op.drop_table("kb_editors")
    op.drop_table("kb_terms")
    op.drop_table("kb_articles")
