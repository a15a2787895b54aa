"""Every channel variable that the dialplan, the voice menu and the engine share.

This is the only place where these names are spelled in Python; the dialplan templates receive them
from here.  A name that a leg must inherit is set with two leading underscores by the dialplan.
AGI truncates a value at 1,023 characters (``AST_MAX_...`` buffer in ``res_agi.c``), so values stay
short.
"""

from typing import Final

CALL_ID: Final = "HOTLINE_CALL_ID"
"""Our key of the call (a UUID), inherited by every leg."""

SERVER: Final = "HOTLINE_SERVER"
"""Name of the Asterisk that took the call."""

DNIS: Final = "HOTLINE_DNIS"
"""The number that the customer dialled."""

TRUNK: Final = "HOTLINE_TRUNK"
"""Name of the SIP trunk over which the call came."""

LANGUAGE: Final = "HOTLINE_LANGUAGE"
"""``zh`` or ``en``: the language in which the customer is served."""

CUSTOMER: Final = "HOTLINE_CUSTOMER"
"""Customer id, empty while unknown."""

VERIFIED: Final = "HOTLINE_VERIFIED"
"""How sure we are of the caller: ``none``, ``number`` or ``pin``."""

REASON: Final = "HOTLINE_REASON"
"""Topic for which the customer wants a person, e.g. ``balance`` or ``general``."""

MENU_PATH: Final = "HOTLINE_MENU_PATH"
"""Ids of the menu nodes that were visited, joined by ``>``; the oldest are dropped first."""

QUEUE: Final = "HOTLINE_QUEUE"
"""Queue that the menu chose; the number's default queue stands here before the menu runs."""

PRIORITY: Final = "HOTLINE_PRIORITY"
"""Priority in the queue: an integer, higher is served first (copied to ``QUEUE_PRIO``)."""

POSITION: Final = "HOTLINE_POSITION"
"""Place in the queue that a caller who comes from another queue takes over; mostly empty."""

PREFER: Final = "HOTLINE_PREFER"
"""Address of the agent who is asked first (:mod:`cti.core.own_queue`); mostly empty."""

PREFER_WAIT: Final = "HOTLINE_PREFER_WAIT"
"""For how many seconds that agent is asked."""

NEXT: Final = "HOTLINE_NEXT"
"""What the dialplan does after the menu: ``queue``, ``hangup``, ``voicemail`` or ``transfer``.

The menu sets it as its very last act.  If it is empty when ``AGI()`` returns, the menu was lost
and the dialplan sends the caller to the default queue.
"""

TRANSFER: Final = "HOTLINE_TRANSFER"
"""Name of the settings' ``[[transfers]]`` to which the menu puts the caller through."""

TARGET: Final = "HOTLINE_TARGET"
"""Agent to whom the call is being transferred, or who is consulted; set by the engine."""

CUSTOMER_CHANNEL: Final = "HOTLINE_CUSTOMER_CHANNEL"
"""Name of the customer's channel, on the legs of agents who consult; set by the engine."""

PARTNER: Final = "HOTLINE_PARTNER"
"""Name of the agent's channel whose conversation the customer joins; set by the engine."""

HEARD: Final = "HOTLINE_HEARD"
"""Uniqueid of the agent's leg that a supervisor hears; on the supervisor's leg alone."""

CALLBACK_NUMBER: Final = "HOTLINE_CALLBACK_NUMBER"
"""The number that the caller confirmed for a callback (E.164), and the one that is dialled."""

CALLBACK_STATE: Final = "HOTLINE_CALLBACK_STATE"
"""The engine's answer to a caller who wants a callback: ``noted`` or ``refused``."""

CALLBACK_CALL: Final = "HOTLINE_CALLBACK_CALL"
"""What becomes the call id of a dialled customer with the answer, not before."""

CALLBACK_DIAL: Final = "HOTLINE_CALLBACK_DIAL"
"""The number as the trunk wants it."""

CLOSED_QUEUES: Final = "HOTLINE_CLOSED"
"""Global, set by the engine: the queues that take no new callers, as ``,service,vip,``."""

ANNOUNCE_ZH: Final = "HOTLINE_ANNOUNCE_zh"
"""Global, set by the engine: what every new caller in Mandarin hears first; mostly empty."""

ANNOUNCE_EN: Final = "HOTLINE_ANNOUNCE_en"
"""The same for callers in English."""

ANNOUNCEMENTS: Final = {"zh": ANNOUNCE_ZH, "en": ANNOUNCE_EN}

ATTACHED: Final = (CALL_ID, CUSTOMER, VERIFIED, LANGUAGE, REASON, MENU_PATH, PRIORITY, DNIS, TRUNK)
"""The variables that Asterisk attaches to every AMI event (``channelvars`` in manager.conf)."""
