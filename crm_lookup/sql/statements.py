"""The customers' hot statements: one text each, for SQLite and for PostgreSQL.

Changing one changes it for both; the contract tests run them on both.
"""

from typing import Final

from crm_lookup.changes import ANNOUNCED as ANNOUNCED_TEXT
from crm_lookup.sql.port import Statement

MOST_CANDIDATES: Final = 20
"""A company's switchboard may stand for thousands of customers; more help nobody."""

_BY_NUMBER: Final = """
SELECT n.customer_id, c.kind, n.kind, n.is_primary, n.relation,
  (SELECT i.at FROM interactions AS i WHERE i.customer_id = n.customer_id
   AND i.channel = 'phone' ORDER BY i.at DESC LIMIT 1)
FROM customer_numbers AS n
JOIN customers AS c ON c.customer_id = n.customer_id
WHERE n.number IN (:number, :sealed, :older) AND c.status <> 'closed'
ORDER BY CASE n.relation WHEN 'own' THEN 0 WHEN 'household' THEN 1 ELSE 2 END,
  n.is_primary DESC, n.customer_id LIMIT :most
"""
_BY_TAIL: Final = """
SELECT DISTINCT k.customer_id FROM customer_numbers AS n
JOIN customers AS c ON c.customer_id = n.customer_id
JOIN cards AS k ON k.customer_id = n.customer_id
WHERE n.number IN (:number, :sealed, :older)
  AND k.tail = :tail AND k.status <> 'expired' AND c.status <> 'closed'
LIMIT 2
"""
_ANY: Final = "IN (:number, :sealed, :older)"

BY_NUMBER: Final = Statement(_BY_NUMBER.replace(_ANY, "= :number"), most="bigint")
BY_ANY_NUMBER: Final = Statement(_BY_NUMBER, most="bigint")
"""Where numbers may be sealed: as it is, or under the hash of either key."""

# Two rows tell that the tail leaves a choice.
BY_TAIL: Final = Statement(_BY_TAIL.replace(_ANY, "= :number"))
BY_ANY_TAIL: Final = Statement(_BY_TAIL)

BY_CARD: Final = Statement("""
SELECT k.customer_id FROM cards AS k
JOIN customers AS c ON c.customer_id = k.customer_id
WHERE k.number_hash = :hash AND k.status <> 'expired' AND c.status <> 'closed'
""")

SEGMENT: Final = Statement("SELECT segment FROM customers WHERE customer_id = :id")

BALANCES: Final = Statement("""
SELECT account_id, kind, tail, currency, balance FROM accounts
WHERE customer_id = :id AND status <> 'closed' ORDER BY account_id
""")

PERSONAL: Final = Statement("""
SELECT number, sealed FROM customer_numbers WHERE customer_id = :id
UNION SELECT tail, NULL FROM accounts WHERE customer_id = :id AND status <> 'closed'
UNION SELECT CAST(birth_year AS TEXT), NULL FROM customers
  WHERE customer_id = :id AND birth_year IS NOT NULL
""")

# An ended lock starts the count anew; the last allowed try locks at once.
ATTEMPT: Final = Statement(
    """
UPDATE pins SET
  failures = CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END,
  locked_until = CASE
    WHEN (CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END) >= :limit
    THEN :locked_until END
WHERE customer_id = :id AND (locked_until IS NULL OR locked_until <= :now)
RETURNING pin_hash, failures
""",
    limit="bigint",
    now="double precision",
    locked_until="double precision",
)
HAS_PIN: Final = Statement("SELECT 1 FROM pins WHERE customer_id = :id")
# Unknown and locked customers cost a durable write as well, so that no duration tells them apart.
REFUSED: Final = Statement("""
INSERT INTO crm_meta (name, value) VALUES ('refused_pin_attempts', '1')
ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(crm_meta.value AS INTEGER) + 1 AS VARCHAR)
""")
SUCCEED: Final = Statement("""
UPDATE pins SET failures = 0, locked_until = NULL, pin_hash = COALESCE(:hash, pin_hash)
WHERE customer_id = :id
""")
SET_PIN: Final = Statement(
    """
INSERT INTO pins (customer_id, pin_hash, failures, changed_at) VALUES (:id, :hash, 0, :now)
ON CONFLICT (customer_id) DO UPDATE SET pin_hash = excluded.pin_hash, failures = 0,
  locked_until = NULL, changed_at = excluded.changed_at
""",
    now="double precision",
)
HELD: Final = Statement("""
SELECT c.name, c.family_name, CAST(c.birth_year AS TEXT), d.id_number, d.address, d.email,
  n.number, n.sealed
FROM customers AS c
LEFT JOIN customer_details AS d ON d.customer_id = c.customer_id
LEFT JOIN customer_numbers AS n ON n.customer_id = c.customer_id
WHERE c.customer_id = :id ORDER BY n.is_primary DESC, n.number
""")
NOTE_LOOK: Final = Statement(
    """
INSERT INTO privacy_audit
  (at, actor, role, action, customer_id, field, level, reason, call_id, outcome)
VALUES (:at, :actor, :role, :action, :customer, :field, :level, :reason, :call, :outcome)
""",
    at="double precision",
)

SEAL_KEYS: Final = Statement("SELECT value FROM crm_meta WHERE name = 'seal_keys'")
SET_SEAL_KEYS: Final = Statement("""
INSERT INTO crm_meta (name, value) VALUES ('seal_keys', :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
""")
CLAIM_KEY: Final = Statement("""
INSERT INTO crm_meta (name, value) VALUES ('key_check', :value) ON CONFLICT (name) DO NOTHING
""")
KEY_CHECK: Final = Statement("SELECT value FROM crm_meta WHERE name = 'key_check'")

# Who answers was asked: every answer counts as presented, too.
NOTE_OFFER: Final = Statement(
    """
INSERT INTO offer_responses (customer_id, offer_id, at, response, agent_id, call_id, segment)
SELECT c.customer_id, :offer, :at, r.response, :agent, :call, c.segment
FROM customers AS c, (SELECT 'presented' AS response UNION SELECT :response) AS r
WHERE c.customer_id = :id AND NOT EXISTS (
  SELECT 1 FROM offer_responses AS o WHERE o.customer_id = c.customer_id
    AND o.offer_id = :offer AND o.call_id = :call AND o.response = r.response)
""",
    at="double precision",
)
TAKE_BACK: Final = Statement("""
DELETE FROM offer_responses WHERE customer_id = :id AND offer_id = :offer AND call_id = :call
  AND response IN ('accepted', 'declined') AND response <> :response
""")

NOTE_AGENT: Final = Statement(
    """
INSERT INTO last_agents (customer_id, agent_id, at)
SELECT customer_id, :agent, :at FROM customers WHERE customer_id = :id
ON CONFLICT (customer_id) DO UPDATE SET agent_id = excluded.agent_id, at = excluded.at
WHERE excluded.at >= last_agents.at
""",
    at="double precision",
)
LAST_AGENT: Final = Statement(
    "SELECT agent_id FROM last_agents WHERE customer_id = :id AND at > :since",
    since="double precision",
)

DROP_CONTACT: Final = Statement(
    "DELETE FROM interactions WHERE customer_id = :id AND call_id = :call"
)
CHANGE_CONTACT: Final = Statement(
    """
UPDATE interactions SET topic = :topic, summary_zh = :zh, summary_en = :en, agent_id = :agent,
  menu_path = :path, satisfaction = :score
WHERE customer_id = :id AND call_id = :call
""",
    score="bigint",
)
ADD_CONTACT: Final = Statement(
    """
INSERT INTO interactions (customer_id, at, channel, topic, summary_zh, summary_en, call_id,
  agent_id, menu_path, satisfaction)
SELECT c.customer_id, :at, 'phone', :topic, :zh, :en, :call, :agent, :path, :score
FROM customers AS c WHERE c.customer_id = :id AND NOT EXISTS (
  SELECT 1 FROM interactions AS i WHERE i.customer_id = c.customer_id AND i.call_id = :call)
""",
    at="double precision",
    score="bigint",
)

ANNOUNCED: Final = Statement(ANNOUNCED_TEXT)
