"""Failures that people read. Nothing else."""


class PlainError(Exception):
    """Its message is a sentence for the one who ran the command, and holds no value from a row."""
