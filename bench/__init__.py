"""Timing of the whole program from outside. Nothing here is imported by the program or fails by time."""
