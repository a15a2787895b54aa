"""The event API: other programs take pops over a WebSocket with tokens, or by signed webhooks."""
