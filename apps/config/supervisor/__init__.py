"""Starts, watches and stops all parts of Whetstone on one machine: `python -m apps.config.supervisor`."""
