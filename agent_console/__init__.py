"""The agent console: web application for agents and supervisors."""
