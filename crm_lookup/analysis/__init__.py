"""The analysis of all customers: from the bank's rows to scores with reasons.

Needs the optional dependencies ``analysis``; nothing that a call passes through imports this.
:mod:`read` gets rows as columns, :mod:`features` says what they show of each customer,
:mod:`yardsticks` what is usual, :mod:`method` makes the scores, :mod:`run` goes through them all.
"""
