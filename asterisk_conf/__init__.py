"""Templates of every Asterisk configuration file (data; no code)."""
