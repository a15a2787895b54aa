"""``hotline customers lookup NUMBER``: what a calling number is, and who may be behind it."""

import asyncio
from datetime import datetime
from typing import Any, Final

import msgspec
import typer
from rich.table import Table

from crm_lookup.masking import masked_phone
from crm_lookup.model import Candidate, CustomerBrief, Recognition, Text
from crm_lookup.numbers import CallerNumber, NumberReader
from hotline.cli.common import clear_errors, out, state
from hotline.settings import Settings

_KINDS: Final = {
    "mobile": Text("手机", "mobile"),
    "fixed": Text("固定电话", "fixed line"),
    "toll_free": Text("400/800 号码", "400 or 800 number"),
    "other": Text("其他号码", "another kind of line"),
    "service": Text("短号码（如 95588），不属于任何客户", "short service number; nobody's own"),
    "extension": Text("内部分机，不属于任何客户", "internal telephone; nobody's own"),
    "withheld": Text("未显示号码", "withheld"),
}
_FAULTS: Final = {
    "malformed": Text("格式错误，不是电话号码", "malformed: this is no telephone number"),
    "implausible": Text(
        "不存在的号码，任何编号计划都没有", "implausible: no numbering plan has such a number"
    ),
}
_STATUS: Final = {
    "recognised": Text("一位客户", "one customer"),
    "ambiguous": Text("多位客户，不作猜测", "several customers; nobody is guessed"),
    "unknown": Text("没有客户使用该号码", "no customer has this number"),
    "withheld": Text("无法识别", "nothing to go by"),
    "invalid": Text("无法识别", "nothing to go by"),
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints."""

    number: CallerNumber
    international: bool
    """Of another region than the bank's own."""
    status: str
    candidates: tuple[Candidate, ...]
    briefs: tuple[CustomerBrief, ...]
    """Masked; one for each candidate, in their order."""


def add_to(app: typer.Typer) -> None:
    """Add the command to ``hotline customers``."""
    app.command()(lookup)


@clear_errors
def lookup(
    context: typer.Context,
    number: str = typer.Argument(
        ..., metavar="NUMBER", help="As a carrier sends it; in quotes if it has blanks."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
    language: str = typer.Option("en", "--language", help="zh or en.", metavar="LANGUAGE"),
) -> None:
    """Say what a calling number is, who may be behind it and why, and what an agent would see.

    Nothing is shown unmasked.  Exit status 0 whoever is found, also nobody.
    """
    if language not in ("zh", "en"):
        raise typer.BadParameter("choose zh or en", param_hint="--language")
    settings = state(context).settings
    found = asyncio.run(_look_up(settings, number))
    if as_json:
        print(msgspec.json.encode(found).decode())  # noqa: T201 - for programs, without colours
        return
    _print(found, language)


async def _look_up(settings: Settings, raw: str) -> Found:
    from crm_lookup.keys import DataKey
    from hotline import db
    from hotline.asterisk.secrets import load_secrets
    from hotline.storage import open_bank

    db.require_current(settings.database_url)
    reader = NumberReader(settings.home_region)
    key = DataKey(bytes.fromhex(load_secrets(settings).lookup))
    with db.in_use(settings.database_url):
        async with await open_bank(settings, key) as bank:
            recognised: Recognition = await bank.recognise(raw)
            briefs = [await bank.brief(one.customer_id) for one in recognised.candidates]
    number = reader.read(raw)
    return Found(
        number=number,
        international=bool(number.region) and number.region != reader.home_region,
        status=recognised.status,
        candidates=recognised.candidates,
        briefs=tuple(
            msgspec.structs.replace(brief, held=msgspec.UNSET)
            for brief in briefs
            if brief is not None
        ),
    )


def _print(found: Found, language: str) -> None:
    def said(text: Text) -> str:
        return text.zh if language == "zh" else text.en

    number = found.number
    kind = said(_FAULTS[number.fault] if number.fault else _KINDS[number.kind])
    head = Table(show_header=False, box=None, pad_edge=False)
    head.add_row("kind", kind)
    if number.e164:
        where = "international" if found.international else "home"
        head.add_row("number", f"{masked_phone(number.e164)} ({number.region or '-'}, {where})")
    if number.extension:
        what = "extension" if number.kind != "service" else "number"
        head.add_row(what, number.extension)
    head.add_row("recognised", said(_STATUS[found.status]))
    out.print(head)
    for place, (candidate, brief) in enumerate(
        zip(found.candidates, found.briefs, strict=True), start=1
    ):
        out.print()
        why = "; ".join(said(reason) for reason in candidate.reasons)
        out.print(f"{place}. {candidate.customer_id}: {why}", markup=False, style="bold")
        out.print(_card(brief, said))


def _card(brief: CustomerBrief, said: Any) -> Table:
    card = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 3))
    card.add_column(no_wrap=True)
    card.add_column(overflow="fold")
    card.add_row("name", brief.name)
    card.add_row("telephone", brief.phone or "-")
    card.add_row("segment", f"{brief.segment}: {said(brief.segment_reason)}")
    card.add_row("balance", said(brief.balance_band))
    card.add_row("products", ", ".join(said(one) for one in brief.products) or "-")
    card.add_row("manager", brief.relationship_manager or "-")
    if brief.flags:
        card.add_row("flags", ", ".join(brief.flags))
    for need in brief.needs:
        card.add_row("calls about", f"{said(need.title)} ({need.weight}): {said(need.reason)}")
    for case in brief.cases:
        card.add_row("open case", f"{case.case_id} {case.kind}: {said(case.subject)}")
    for past in brief.interactions:
        card.add_row("contact", f"{_day(past.at)} {past.channel}: {said(past.summary)}")
    for path in brief.menu_paths:
        card.add_row("menu path", f"{_day(path.at)} {path.path}")
    if brief.satisfaction is not None:
        told = brief.satisfaction
        card.add_row("satisfaction", f"last {told.last}, mean {told.mean} of {told.count}")
    for offer in brief.offers:
        card.add_row("offer", f"{said(offer.title)}: {said(offer.reason)}")
    return card


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().date().isoformat()
