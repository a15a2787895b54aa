"""``hotline customers …``: the bank's customers; groups of commands have modules of their own."""

import typer

from hotline.cli import (
    customer_analysis,
    customer_import,
    customer_lookup,
    customer_models,
    customer_privacy,
    customer_segments,
)

app = typer.Typer(
    help="The bank's customers: who calls, imports, analysis, segments, export, erasure.",
    no_args_is_help=True,
)
customer_lookup.add_to(app)
customer_import.add_to(app)
customer_analysis.add_to(app)
customer_models.add_to(app)
customer_segments.add_to(app)
customer_privacy.add_to(app)
