"""The bank's services behind one port: what can be asked and ordered, who may, and what it did.

:class:`~crm_lookup.ports.BankAccounts` is what others use.  :mod:`crm_lookup.bank.desk` implements
it over a :class:`~crm_lookup.ports.BankCore`: checks the right, writes the audit, keeps the
deadline.  A core is the bank's ledger: in memory, in our database, or elsewhere over HTTP.
"""
