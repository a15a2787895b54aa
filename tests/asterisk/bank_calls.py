"""What callers ask of the bank, one service each: prompts, keys, and who may ask.

The prompts are the Mandarin ones of the shipped menu.
"""

from typing import Final

import msgspec

from hotline.demo_bank import DEMO_PIN

NEW_PIN: Final = "738291"
CARD: Final = "6222029900000019"
"""Given to a customer of the demo bank, whose cards are kept as hashes."""


class Ask(msgspec.Struct, frozen=True):
    """What a caller does, and the service that must be done."""

    steps: tuple[tuple[str, str], ...]
    """Prompts, and what is keyed when each is heard."""
    service: str
    owns: str = ""
    """SQL for the customers who have what is asked for."""
    also: tuple[str, ...] = ()
    """Services that are asked on the way."""
    times: int = 1

    @property
    def services(self) -> list[str]:
        return [*self.also, *[self.service] * self.times]


LANGUAGE = ("welcome", "1")
IDENTIFY = (("enter_card_number", "#"), ("enter_pin", DEMO_PIN))


def menu(*keys: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """The way through the main menu: prompts and what is keyed."""
    return (LANGUAGE, *keys)


ASKED = {
    "balance": Ask(menu(("main_menu", "1"), *IDENTIFY), "balance"),
    "transactions, two pages": Ask(
        menu(("main_menu", "2"), *IDENTIFY, ("more_transactions", "1")),
        "transactions",
        "SELECT a.customer_id FROM accounts a JOIN transactions t USING (account_id) "
        "GROUP BY a.customer_id HAVING count(*) > 8",
        times=2,
    ),
    "card bill": Ask(
        menu(("main_menu", "3"), ("cards_menu", "1"), *IDENTIFY),
        "card_bills",
        "SELECT customer_id FROM accounts JOIN card_bills USING (account_id)",
    ),
    "order of a card": Ask(
        menu(("main_menu", "3"), ("cards_menu", "2"), *IDENTIFY),
        "card_orders",
        "SELECT customer_id FROM card_orders WHERE stage != 'activated'",
    ),
    "activate a card": Ask(
        menu(("main_menu", "3"), ("cards_menu", "3"), *IDENTIFY),  # the only one is not asked for
        "activate_card",
        "SELECT customer_id FROM cards WHERE status = 'inactive' "
        "GROUP BY customer_id HAVING count(*) = 1",
        also=("cards_not_active",),
    ),
    "loan": Ask(
        menu(("main_menu", "4"), ("loans_menu", "1"), *IDENTIFY),
        "loans",
        "SELECT customer_id FROM accounts JOIN loans USING (account_id)",
    ),
    "deposit": Ask(
        menu(("main_menu", "4"), ("loans_menu", "2"), *IDENTIFY),
        "deposits",
        "SELECT customer_id FROM deposits",
    ),
    "limit": Ask(
        menu(("main_menu", "4"), ("loans_menu", "3"), *IDENTIFY),
        "transfer_limits",
        "SELECT customer_id FROM transfer_limits",
    ),
    "exchange rates": Ask(menu(("main_menu", "5"), ("rates_menu", "1")), "exchange_rates"),
    "deposit rates": Ask(menu(("main_menu", "5"), ("rates_menu", "2")), "deposit_rates"),
    "a branch": Ask(
        menu(("main_menu", "5"), ("rates_menu", "3"), ("enter_branch", "{branch}#")), "branch"
    ),
    "change the PIN": Ask(
        menu(
            ("main_menu", "6"),
            ("services_menu", "1"),
            *IDENTIFY,
            ("enter_new_pin", NEW_PIN),
            ("repeat_new_pin", NEW_PIN),
        ),
        "change_pin",
    ),
    "statement": Ask(
        menu(("main_menu", "6"), ("services_menu", "2"), *IDENTIFY, ("which_account", "1")),
        "request_statement",
        "SELECT customer_id FROM accounts GROUP BY customer_id HAVING count(*) > 1",
        also=("accounts",),
    ),
    "complaint": Ask(
        menu(("main_menu", "6"), ("services_menu", "3"), ("confirm_complaint", "1")), "complaint"
    ),
    "block a card": Ask(
        menu(
            ("main_menu", "7"),
            ("lost_menu", "1"),
            *IDENTIFY,
            ("which_card", "1"),
            ("confirm_block", "1"),
        ),
        "report_lost_card",
        "SELECT customer_id FROM cards WHERE status IN ('active', 'inactive') "
        "GROUP BY customer_id HAVING count(*) > 1",
        also=("cards_in_use",),
    ),
    "block by number": Ask(
        menu(
            ("main_menu", "7"),
            ("lost_menu", "2"),
            ("enter_card_to_block", f"{CARD}#"),
            ("confirm_block", "1"),
        ),
        "block_card_number",
    ),
}
