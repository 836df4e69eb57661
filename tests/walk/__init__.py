"""Every step of a message on its way, killed; every way a server can behave. The table of docs/reliability.md."""
