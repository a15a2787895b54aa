"""The identifiers that travel through the whole system, as distinct types."""

from typing import NewType

CallId = NewType("CallId", str)
"""Our own key of one customer call: a UUID set by the dialplan when the call arrives."""

AgentId = NewType("AgentId", str)
"""A person who takes calls; also the ``member_name`` of the queue member."""

QueueName = NewType("QueueName", str)
"""The name of an ``app_queue`` queue."""

CustomerId = NewType("CustomerId", str)
"""The bank's own id of a customer."""

CallbackId = NewType("CallbackId", str)
"""Our own key of one callback: a UUID."""
