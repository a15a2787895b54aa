"""Composition root and command line: settings, wiring, private Asterisk, demo, self-test."""
