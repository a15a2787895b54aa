"""The hand-written part of the event API's document."""

from typing import Final

INTRODUCTION: Final = """\
Other programs, such as the bank's own CRM, learn here of pops, calls and agents as they happen. A
program reads over a WebSocket at `{path}`, or gets signed requests (webhooks). All bodies
are JSON; their schemas are in [event-api.schema.json](event-api.schema.json). Times are seconds
since the epoch by the server's clock, durations are seconds; texts that people read come as `zh`
and `en`.

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
| `alarms` | alarms of the supervisors' board: raised, seen by somebody, cleared |
| `floor` | what supervisors do to all: a queue closed or opened, an announcement on or off |
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

## Webhooks

    hotline webhooks add https://crm.bank.example/pops --queue vip --kind pop_raised
    hotline webhooks test WEBHOOK_ID        # one event of the kind `test`, now
    hotline webhooks list
    hotline webhooks dead                   # what was given up
    hotline webhooks retry [DELIVERY_ID]
    hotline webhooks remove WEBHOOK_ID

Every event that the webhook may see (queues, agents, scopes and kinds as for tokens) is sent as
the body of a `POST` of its own. A receiver answers 2xx within {timeout} seconds once it has kept
the event; anything else, a redirect too, is a failure. Failed deliveries are tried again after
{first} seconds, then after twice as long each time, up to an hour, with jitter, for
`integrations.webhook_give_up_hours`; 410 ends them at once. What was given up stays in the
dead-letter list for `integrations.dead_letter_days`. Deliveries are stored before they are sent
and outlive a restart of ours; a delivery's body is deleted once it is made. Delivery is **at least
once** and may be out of order: use the event's `id` and `at`.

Requests are signed as [Standard Webhooks](https://www.standardwebhooks.com) describes; its
libraries check them:

| header | holds |
|---|---|
| `webhook-id` | the event's `id`, the same in every attempt |
| `webhook-timestamp` | when this attempt was signed, in whole seconds |
| `webhook-signature` | `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` |

The key is the base64 after `whsec_`. **Refuse** a wrong signature, and a timestamp more than
{window_s} seconds away from your clock, so that nobody can replay an old request:

    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{{webhook_id}}.{{webhook_timestamp}}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    fresh = abs(time.time() - int(webhook_timestamp)) <= {window_s}
    good = fresh and hmac.compare_digest(expected, webhook_signature)

Webhooks go to `https:` addresses on the public internet, and to this machine. A bank's own
networks are allowed in `integrations.webhook_networks`, plain HTTP for single hosts in
`integrations.plain_http_hosts`; link-local and metadata addresses are refused. The host's
addresses are looked up and checked before every attempt. An own certification authority goes into
`integrations.webhook_authority`.
"""
