"""Dialplan templates, flows, prompt texts and recordings (data; no code)."""
