"""Commands of the command line, one module a topic, and what they share. They parse, call and print; no more."""
