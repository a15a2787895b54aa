"""The role ``console`` with a planted fault: 50 ms are lost before a pop is handed on.

``bench/pop.py`` runs it to show that its figures would notice.  Takes hotline's own arguments.
If the environment names a file in ``PLANTED_WHILE``, the fault is there only while that file is.
"""

import os
import time

from cti.pops import PopRaised
from hotline import desks
from hotline.cli import main as hotline

PLANTED = 0.05
WHILE = "PLANTED_WHILE"
_FILE = os.environ.get(WHILE)

_publish = desks.TappedBus.publish


def _slowly(self: desks.TappedBus, topic: str, message: object) -> int:
    if isinstance(message, PopRaised) and (_FILE is None or os.path.exists(_FILE)):
        time.sleep(PLANTED)
    return _publish(self, topic, message)


if __name__ == "__main__":
    desks.TappedBus.publish = _slowly  # type: ignore[method-assign] # the planted fault
    hotline()
