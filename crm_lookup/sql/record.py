"""Everything that the storage holds of one customer, in one statement and so in one round trip.

Each row says in its first column what it is; the others are ten texts, ten whole numbers and four
reals, of which a kind of row fills the first ones.  :func:`record_of` makes the record of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from crm_lookup import sealing
from crm_lookup.brief import LOOKED_AT
from crm_lookup.model import AccountBalance, CustomerId, Interaction, OpenCase, Text
from crm_lookup.needs import FAILURE_DAYS, MATURING_DAYS
from crm_lookup.offers import HISTORY_SECONDS
from crm_lookup.records import (
    Bill,
    CardOrder,
    CustomerRecord,
    LastPlace,
    LoanDue,
    Maturing,
    NumberRecord,
    PaymentFailure,
)
from crm_lookup.scores import COLUMNS, Scores, scores_of
from crm_lookup.sealing import PLAIN, Sealer
from crm_lookup.sql.port import Statement

_TEXTS, _INTS, _REALS = 10, 10, 4
_N, _X = 1 + _TEXTS, 1 + _TEXTS + _INTS
"""Where the numbers and the reals of a row begin."""
_SCORE_TEXTS: Final = (
    *("rfm", "contact_preference", "pattern", "rhythm", "value_class", "propensity", "why"),
)
_SCORE_REALS: Final = ("as_of", "frequency", "tenure_years", "attrition")
_SCORE_INTS: Final = tuple(c for c in COLUMNS if c not in {*_SCORE_TEXTS, *_SCORE_REALS})

Row: TypeAlias = Any
"""A row of :data:`RECORD`, as the driver gives it."""


def _rows(what: str, texts: str, source: str, *, ints: str = "", reals: str = "") -> str:
    columns = [f"'{what}'"]
    for given, many, nothing in (
        (texts, _TEXTS, "''"),
        (ints, _INTS, "0"),
        (reals, _REALS, "0.0"),
    ):
        named = [part.strip() for part in given.split(";") if part.strip()]
        columns += [*named, *([nothing] * (many - len(named)))]
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608 - our own names


RECORD: Final = Statement(
    "\nUNION ALL ".join(
        (
            _rows(
                "customer",
                "kind; status; name; family_name; segment; segment_reason_zh; segment_reason_en; "
                "language; CAST(since AS TEXT); relationship_manager",
                "customers WHERE customer_id = :id",
                ints="birth_year",
            ),
            _rows(
                "number",
                "number; kind; relation; sealed",
                "customer_numbers WHERE customer_id = :id",
                ints="CASE WHEN is_primary THEN 1 ELSE 0 END",
            ),
            _rows(
                "details",
                "id_number; address; email",
                "customer_details WHERE customer_id = :id",
            ),
            _rows(
                "account",
                "account_id; kind; tail; currency",
                "accounts WHERE customer_id = :id AND status <> 'closed'",
                ints="balance",
            ),
            _rows("holding", "product; CAST(matures AS TEXT)", "holdings WHERE customer_id = :id"),
            _rows("flag", "flag", "customer_flags WHERE customer_id = :id"),
            _rows(
                "consent",
                "purpose",
                "consents WHERE customer_id = :id AND purpose = 'marketing' "
                "AND withdrawn_at IS NULL",
            ),
            _rows(
                "response",
                "response; offer_id",
                "offer_responses WHERE customer_id = :id AND at > :responses_since",
                reals="at",
            ),
            _rows(
                "interaction",
                "channel; summary_zh; summary_en; topic; menu_path",
                "(SELECT * FROM interactions WHERE customer_id = :id "
                "ORDER BY at DESC, interaction_id DESC LIMIT :last) AS recent",
                ints="interaction_id; satisfaction",
                reals="at",
            ),
            _rows(
                "case",
                "case_id; kind; status; subject_zh; subject_en; owner",
                "service_cases WHERE customer_id = :id AND status <> 'closed'",
                reals="opened_at; due_at",
            ),
            _rows(
                "bill",
                "a.tail; CAST(b.due_on AS TEXT); a.account_id",
                "accounts AS a JOIN card_bills AS b ON b.account_id = a.account_id "
                "WHERE a.customer_id = :id AND a.status <> 'closed' AND b.statement_on = "
                "(SELECT MAX(l.statement_on) FROM card_bills AS l "
                "WHERE l.account_id = a.account_id)",
                ints="b.amount; b.minimum; b.paid",
            ),
            _rows(
                "loan",
                "a.tail; l.product; CAST(l.due_on AS TEXT); a.account_id",
                "accounts AS a JOIN loans AS l ON l.account_id = a.account_id "
                "WHERE a.customer_id = :id AND a.status <> 'closed'",
                ints="l.overdue",
            ),
            _rows(
                "order",
                "o.order_id; o.kind; o.stage; CAST(o.ordered_on AS TEXT); "
                "CAST(o.expected_on AS TEXT)",
                "card_orders AS o LEFT JOIN cards AS k ON k.card_id = o.card_id "
                "WHERE o.customer_id = :id AND o.stage <> 'activated' "
                "AND COALESCE(k.status, 'inactive') = 'inactive'",
            ),
            _rows(
                "failure",
                "payee; cause",
                "payment_failures WHERE customer_id = :id AND at > :failures_since",
                ints="failure_id",
                reals="at",
            ),
            _rows(
                "deposit",
                "deposit_id; tail; CAST(matures_on AS TEXT); at_maturity",
                "deposits WHERE customer_id = :id "
                "AND CAST(matures_on AS TEXT) BETWEEN :today AND :soon",
            ),
            _rows("place", "topic; node", "menu_places WHERE customer_id = :id", reals="at"),
            _rows(
                "lock",
                "customer_id",
                "pins WHERE customer_id = :id AND locked_until > :now",
                reals="locked_until",
            ),
            _rows(
                "scores",
                "; ".join(_SCORE_TEXTS),
                "customer_scores WHERE customer_id = :id",
                ints="; ".join(_SCORE_INTS),
                reals="; ".join(_SCORE_REALS),
            ),
        )
    ),
    responses_since="double precision",
    failures_since="double precision",
    now="double precision",
    last="bigint",
)


def record_values(customer_id: CustomerId, *, now: float, today: date) -> dict[str, Any]:
    """Return the parameters of :data:`RECORD`."""
    return {
        "id": customer_id,
        "now": now,
        "last": LOOKED_AT,
        "responses_since": now - HISTORY_SECONDS,
        "failures_since": now - (FAILURE_DAYS + 1) * 86_400.0,
        "today": today.isoformat(),
        "soon": (today + timedelta(days=MATURING_DAYS)).isoformat(),
    }


def record_of(
    customer_id: CustomerId, rows: Iterable[Row], *, today: date, sealer: Sealer | None = None
) -> CustomerRecord | None:
    """Return the customer's record, or ``None`` if the rows name no customer.

    Raises :class:`crm_lookup.sealing.SealError` for a sealed value that does not open.
    """
    sealer = sealer or PLAIN
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parts[row[0]].append(row)
    if not parts["customer"]:
        return None
    (
        *(_, kind, status, name, family_name, segment, zh, en, language, since, manager),
        born,
    ) = parts["customer"][0][: _N + 1]
    return CustomerRecord(
        customer_id=customer_id,
        kind=kind,
        status=status,
        name=sealer.open(sealing.NAME, customer_id, name),
        family_name=sealer.open(sealing.FAMILY_NAME, customer_id, family_name),
        segment=segment,
        segment_reason=Text(zh, en),
        language=language,
        birth_year=born,
        since=since,
        relationship_manager=manager,
        numbers=tuple(
            sorted(
                (
                    NumberRecord(
                        number=sealer.phone(customer_id, row[1], row[4]),
                        kind=row[2],
                        relation=row[3],
                        is_primary=bool(row[_N]),
                    )
                    for row in parts["number"]
                ),
                key=lambda own: own.number,
            )
        ),
        accounts=tuple(
            AccountBalance(
                account_id=row[1], kind=row[2], tail=row[3], currency=row[4], balance=row[_N]
            )
            for row in sorted(parts["account"])
        ),
        holdings=tuple(sorted(row[1] for row in parts["holding"])),
        flags=tuple(sorted(row[1] for row in parts["flag"])),
        marketing_consent=bool(parts["consent"]),
        interactions=tuple(
            Interaction(
                at=row[_X],
                channel=row[1],
                summary=Text(row[2], row[3]),
                topic=row[4],
                menu_path=row[5] or "",
                satisfaction=row[_N + 1],
            )
            for row in sorted(parts["interaction"], key=lambda row: (-row[_X], -row[_N]))
        ),
        cases=tuple(
            OpenCase(
                case_id=row[1],
                kind=row[2],
                status=row[3],
                subject=Text(row[4], row[5]),
                owner=row[6],
                opened_at=row[_X],
                due_at=row[_X + 1],
            )
            for row in sorted(parts["case"], key=lambda row: (-row[_X], row[1]))
        ),
        scores=_scores(parts["scores"]),
        pin_locked_until=next((row[_X] for row in parts["lock"]), None),
        **_details(parts["details"], customer_id, sealer),
        place=next(
            (LastPlace(at=row[_X], topic=row[1], node=row[2]) for row in parts["place"]), None
        ),
        **_responses(parts["response"]),
        **_dues(parts, today),
    )


def _details(rows: Iterable[Row], customer_id: CustomerId, sealer: Sealer) -> dict[str, Any]:
    columns = {
        "id_number": sealing.ID_NUMBER,
        "address": sealing.ADDRESS,
        "email": sealing.EMAIL,
    }
    return {
        name: sealer.open(column, customer_id, stored)
        for row in rows
        for (name, column), stored in zip(columns.items(), row[1:], strict=False)
        if stored
    }


def _responses(rows: Iterable[Row]) -> dict[str, Any]:
    """Declined, accepted and presented offers, each newest first."""
    said: dict[str, list[tuple[str, float]]] = {"declined": [], "accepted": [], "presented": []}
    for row in rows:
        said[row[1]].append((row[2], row[_X]))
    return {
        response: tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))
        for response, pairs in said.items()
    }


def _dues(parts: Mapping[str, list[Row]], today: date) -> dict[str, Any]:
    """What is to be paid, is on its way, failed or ends."""
    first, last = today.isoformat(), (today + timedelta(days=MATURING_DAYS)).isoformat()
    maturing = [
        Maturing(product="term_deposit", tail=row[2], matures_on=row[3], renews=row[4] == "renew")
        for row in parts["deposit"]
    ]
    maturing += [
        Maturing(product=row[1], tail="", matures_on=row[2])
        for row in parts["holding"]
        if row[2] and first <= row[2] <= last
    ]
    return {
        "bills": tuple(
            Bill(tail=row[1], due_on=row[2], amount=row[_N], minimum=row[_N + 1], paid=row[_N + 2])
            for row in sorted(parts["bill"])
        ),
        "loans": tuple(
            LoanDue(tail=row[1], product=row[2], due_on=row[3], overdue=row[_N])
            for row in sorted(parts["loan"])
        ),
        "card_orders": tuple(
            CardOrder(
                order_id=row[1], kind=row[2], stage=row[3], ordered_on=row[4], expected_on=row[5]
            )
            for row in sorted(parts["order"])
        ),
        "failures": tuple(
            PaymentFailure(at=row[_X], payee=row[1], cause=row[2])
            for row in sorted(parts["failure"], key=lambda row: (-row[_X], -row[_N]))
        ),
        "maturing": tuple(sorted(maturing, key=lambda held: (held.matures_on, held.tail))),
    }


def _scores(rows: Iterable[Row]) -> Scores | None:
    for row in rows:
        values = {
            **dict(zip(_SCORE_TEXTS, row[1:], strict=False)),
            **dict(zip(_SCORE_INTS, row[_N:], strict=False)),
            **dict(zip(_SCORE_REALS, row[_X:], strict=False)),
        }
        return scores_of(tuple(values[column] for column in COLUMNS))
    return None
