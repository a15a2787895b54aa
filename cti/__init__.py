"""The CTI engine: follows every call, agent and queue of Asterisk over AMI.

Knows Asterisk; knows neither the web nor the prompts that a caller hears.
"""
