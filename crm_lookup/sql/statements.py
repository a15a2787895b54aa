"""The customers' hot statements: one text each, for SQLite and for PostgreSQL.

Changing one changes it for both; the contract tests run them on both.
"""

from typing import Final

from crm_lookup.scores import COLUMNS
from crm_lookup.sql.port import Statement

MOST_CANDIDATES: Final = 20
"""A company's switchboard may stand for thousands of customers; more help nobody."""

BY_NUMBER: Final = Statement(
    """
SELECT n.customer_id FROM customer_numbers AS n
JOIN customers AS c ON c.customer_id = n.customer_id
WHERE n.number = :number AND c.status <> 'closed'
ORDER BY n.customer_id LIMIT :most
""",
    most="bigint",
)

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
SELECT substr(number, 2) FROM customer_numbers WHERE customer_id = :id
UNION SELECT tail FROM accounts WHERE customer_id = :id AND status <> 'closed'
UNION SELECT CAST(birth_year AS TEXT) FROM customers
  WHERE customer_id = :id AND birth_year IS NOT NULL
""")

# One round trip for the whole brief: each row says in its first column what it is.
RECORD: Final = Statement(
    """
SELECT 'customer', kind, status, name, family_name, segment, segment_reason_zh,
  segment_reason_en, language, CAST(since AS TEXT), relationship_manager, birth_year, 0.0
  FROM customers WHERE customer_id = :id
UNION ALL SELECT 'number', number, kind, '', '', '', '', '', '', '', '',
  CASE WHEN is_primary THEN 1 ELSE 0 END, 0.0
  FROM customer_numbers WHERE customer_id = :id
UNION ALL SELECT 'account', account_id, kind, tail, currency, '', '', '', '', '', '', balance, 0.0
  FROM accounts WHERE customer_id = :id AND status <> 'closed'
UNION ALL SELECT 'holding', product, '', '', '', '', '', '', '', '', '', 0, 0.0
  FROM holdings WHERE customer_id = :id
UNION ALL SELECT 'flag', flag, '', '', '', '', '', '', '', '', '', 0, since
  FROM customer_flags WHERE customer_id = :id
UNION ALL SELECT 'consent', purpose, '', '', '', '', '', '', '', '', '', 0, granted_at
  FROM consents WHERE customer_id = :id AND purpose = 'marketing' AND withdrawn_at IS NULL
UNION ALL SELECT response, offer_id, '', '', '', '', '', '', '', '', '', 0, at
  FROM offer_responses WHERE customer_id = :id AND at > :responses_since
UNION ALL SELECT * FROM (
  SELECT 'interaction', channel, summary_zh, summary_en, '', '', '', '', '', '', '',
    satisfaction, at
  FROM interactions WHERE customer_id = :id ORDER BY at DESC, interaction_id DESC LIMIT :last
) AS recent
UNION ALL SELECT * FROM (
  SELECT 'case', case_id, kind, status, subject_zh, subject_en, '', '', '', '', '',
    CAST(due_at AS BIGINT), opened_at
  FROM service_cases WHERE customer_id = :id AND status <> 'closed'
  ORDER BY due_at IS NULL, due_at, opened_at, case_id LIMIT :cases
) AS pending
""",
    responses_since="double precision",
    last="bigint",
    cases="bigint",
)

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
CLAIM_KEY: Final = Statement("""
INSERT INTO crm_meta (name, value) VALUES ('key_check', :value) ON CONFLICT (name) DO NOTHING
""")
KEY_CHECK: Final = Statement("SELECT value FROM crm_meta WHERE name = 'key_check'")

SCORES: Final = Statement(
    f"SELECT {', '.join(COLUMNS)} FROM customer_scores WHERE customer_id = :id"  # noqa: S608 - our own names
)

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
