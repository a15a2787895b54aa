"""Set-up of a checkout, from a fresh Debian to a machine that can run and test the hotline.

Owns everything that must happen before the virtual environment exists, so it uses the standard
library only.  Each step finds out quickly whether its work is already there, does it otherwise,
and leaves a stamp only after success; an interrupted set-up goes on where it stopped.
"""
