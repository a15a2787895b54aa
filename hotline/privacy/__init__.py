"""Customers' personal data as the operator handles them: seal, unseal, erase, export, audit."""
