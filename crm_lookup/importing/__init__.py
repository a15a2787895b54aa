"""Getting customer data in: files of the bank's other systems into the tables of customers.

A file is read and checked as a whole into a private stage (:mod:`~crm_lookup.importing.stage`)
before the first customer is written; then the customers go in by short transactions that note
their own progress (:mod:`~crm_lookup.importing.run`).  Everything here blocks: it belongs to a
command, never to what serves calls.
"""
