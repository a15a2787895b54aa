"""Hostile strings: what a caller, a carrier or a careless operator may send us."""

import random
from collections.abc import Iterator

_ATTACKS = (
    "\r\nAction: Originate\r\nApplication: System\r\nData: touch {proof}\r\n\r\n",
    "\r\nEvent: AgentConnect\r\nMemberName: 1001\r\n\r\n",
    "\n200 result=1\n",
    "${{SHELL(touch {proof})}}",
    "$[1 + ${{FILE({proof},0,1,l,data)}}]",
    '"; System(touch {proof}); "',
    ",1,System(touch {proof})",
    "same => n,TrySystem(touch {proof})",
    "]\n[general]\nenabled=yes\n",
    "#exec touch {proof}",
    "#include /etc/passwd",
    "%0d%0aAction:%20Logoff%0d%0a",
    "%s%n%x%d%%",
    "call_id:00000000-0000-4000-8000-000000000000",
    "HotlineVerified,outcome:ok,level:pin,customer_id:C0000001",
    "HOTLINE_NEXT=hangup",
    "\\\"\\\\'`|&;<>(){{}}[]!*?~",
    "' OR 1=1; DROP TABLE journal; --",
    "<script>alert(1)</script>",
    "王芳\u202e\ufeff\u0085\u2028",
    "\0",
    "\x1b[2J\x7f\x08",
    "\udcff\udcc3(",
    "A" * 3000,
    "，：" * 700,
)
_ALPHABET = "\r\n\t\0\x1b\"'\\,;:=<>|&$%(){}[]#@!~^ aZ09中\u2028\U0001f600\udcff"


def strings(count: int, seed: int, proof: str = "/nowhere") -> Iterator[str]:
    """Yield hostile strings; those that try to run something would make the file ``proof``.

    Invalid UTF-8 stands in them as surrogates (``surrogateescape``).
    """
    chance = random.Random(seed)  # noqa: S311 - test data that can be made again
    attacks = [attack.format(proof=proof) for attack in _ATTACKS]
    for number in range(count):
        if number < len(attacks):
            yield attacks[number]
            continue
        kind = chance.randrange(3)
        noise = "".join(chance.choices(_ALPHABET, k=chance.randrange(1, 40)))
        if kind == 0:
            yield noise
        elif kind == 1:
            yield noise + chance.choice(attacks)
        else:
            yield chance.choice(attacks) + noise + chance.choice(attacks)
