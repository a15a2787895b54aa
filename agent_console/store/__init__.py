"""The only SQL of the console: users, phones, sessions."""
