"""Customers, accounts and PINs in SQL: statements apart from the connections that run them.

:mod:`~crm_lookup.sql.statements` holds one text for both databases, :mod:`~crm_lookup.sql.bank`
what is made of the rows, :mod:`~crm_lookup.sql.port` what a connection must do;
:mod:`crm_lookup.sqlite` and :mod:`crm_lookup.postgres` do it.
"""
