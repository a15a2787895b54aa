"""The voice menu: FastAGI server, flow engine, prompts, PIN dialogue.  Knows no AMI, no web."""
