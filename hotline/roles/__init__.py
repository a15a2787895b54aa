"""The processes of the hotline: each role builds its parts and runs until it is told to stop."""
