"""Models learned from past responses: train, judge, keep and apply them to any table.

Needs the optional dependencies ``analysis``.  Nothing that a call passes through imports this
package: what it finds is written down as data beforehand.  No telephony, no web, no database.
"""
