"""The exchange: finding an Asterisk, rendering its files, running one of our own."""
