"""Faults given to a load, and what comes of each. The tables of docs/reliability.md."""
