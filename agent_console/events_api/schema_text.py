"""The hand-written part of the event API's document."""

from typing import Final

INTRODUCTION: Final = """\
Other programs, such as the bank's own CRM, learn here of pops, calls and agents as they happen. A
program reads over a WebSocket at `{path}`. All bodies are JSON; their schemas are in
[event-api.schema.json](event-api.schema.json). Times are seconds since the epoch by the server's
clock, durations are seconds; texts that people read come as `zh` and `en`.

Within `v1` fields, kinds of events and values may be added; nothing is renamed, removed or given
another meaning. **Ignore what you do not know.**

## Who sees what

    hotline tokens add "CRM" --queue vip --scope pops --scope customer
    hotline tokens list
    hotline tokens revoke TOKEN_ID

A token is shown once, at its making; only a hash is stored. It sees the queues and agents that it
was given, or all with `--all`, and ends after `--days`. An event that has no queue (an agent's
state) is hidden from a token that is bound to queues, and likewise for agents.

| scope | what it gives |
|---|---|
| `pops` | the pops, with ids and masked numbers only |
| `calls` | calls as they wait, are answered, given up, end |
| `agents` | agents' states |
| `customer` | adds the customer's brief to pops (name and number masked) |
| `numbers` | adds the caller's whole number to pops |

`customer` and `numbers` are personal data: give them only to programs that need them.

## WebSocket

1. Open `{path}` with the header `Authorization: Bearer <token>`; a program that cannot set headers
   puts the token into `hello`. An address with a query (`?…`) is refused, so that no token ends up
   in a log.
2. Send `hello` within {hello_within} seconds. The server answers `welcome`, then either the events
   that were missed since `resume`, or a `reset` that holds all pops there are now.
3. Every `event` has the next number of the stream; there are no gaps. Deal with it, then send
   `ack`: once for many is enough. The server sends at most {window} events ahead of the last
   `ack`, and keeps at most {buffered}; a program that lags more gets a `reset`.
4. After a lost connection come back with the stream's name and the number of the last event that
   was dealt with. The stream is kept for {kept} minutes; a restart of the server ends it.

Delivery is **at least once**: after a reconnection an event may come again. `id` tells repetitions
apart; `pop_id` names one offer of one call to one agent, and of each there is one `pop_raised`.
Two programs that share a token give themselves names in `client` (at most {names}); a second
connection with the same name closes the first.

    → {{"type":"hello","client":"crm-1"}}
    ← {{"type":"welcome","version":1,"stream":"5f0c…","resumed":false,"seq":0, …}}
    ← {{"type":"reset","seq":0,"reason":"start","pops":[]}}
    ← {{"type":"event","seq":1,"event":{{"kind":"pop_raised","id":"9b1d…-17", …}}}}
    → {{"type":"ack","seq":1}}

| close code | meaning | what the program does |
|---|---|---|
| 4400 | a message was not understood, or an `ack` was too high | is mended |
| 4401 | the token is not, or no longer, good | stops and tells somebody |
| 4408 | no `hello` in time | comes back |
| 4409 | the same token and name connected again | leaves it to the other |
| 4429 | too many connections or messages ({burst} at once, {rate} a second) | comes back later |
| 4503 | the server is going down | comes back after a while |

After wrong tokens an address has to wait: a few tries at once, then one every some seconds.
"""
