"""One menu, told twice: as a flow of ours, and as plain dialplan that plays the same files.

Four prompts and two keys.  The caller keys some time after each question has ended, so that every
file is played in full and every key is waited for.
"""

from typing import Final

from hotline.asterisk.render import SOUNDS
from ivr import lengths

WELCOME, FIRST, SECOND, GOODBYE = "welcome", "rates_menu", "enter_pin", "goodbye"
PROMPTS: Final = (WELCOME, FIRST, SECOND, GOODBYE)
OURS: Final = "90001"
PLAIN: Final = "90002"
LATE: Final = 6.0
"""Seconds that either menu waits for a key; a call that missed one is so much longer."""

FLOW: Final = f"""
start: welcome
nodes:
  welcome: {{kind: play, prompts: [{WELCOME}], next: first}}
  first:
    kind: menu
    prompts: [{FIRST}]
    wait: {LATE:g}
    choices: {{"1": second}}
    failed: goodbye
  second:
    kind: menu
    prompts: [{SECOND}]
    wait: {LATE:g}
    choices: {{"2": goodbye}}
    failed: goodbye
  goodbye: {{kind: hangup, prompts: [{GOODBYE}]}}
"""

DIALPLAN: Final = (
    (f"{PLAIN},1", "Answer()", "from-trunk"),
    (f"{PLAIN},2", "Set(CHANNEL(language)=zh)", "from-trunk"),
    (f"{PLAIN},3", f"Playback(hotline/{WELCOME})", "from-trunk"),
    (f"{PLAIN},4", "Goto(bench-first,s,1)", "from-trunk"),
    ("s,1", f"Background(hotline/{FIRST})", "bench-first"),
    ("s,2", f"WaitExten({LATE:g})", "bench-first"),
    ("1,1", "Goto(bench-second,s,1)", "bench-first"),
    ("s,1", f"Background(hotline/{SECOND})", "bench-second"),
    ("s,2", f"WaitExten({LATE:g})", "bench-second"),
    ("2,1", f"Playback(hotline/{GOODBYE})", "bench-second"),
    ("2,2", "Hangup(16)", "bench-second"),
)
"""Extension and priority, application, context."""


def seconds(prompt: str) -> float:
    """How long a prompt plays."""
    return lengths.read(SOUNDS)["zh", prompt]


def thinking(call: float) -> float:
    """Seconds between a question's end and the key, so that a call takes ``call`` seconds."""
    return (call - sum(map(seconds, PROMPTS))) / 2
