"""A thousand consoles without browsers, and the console that they talk to."""
