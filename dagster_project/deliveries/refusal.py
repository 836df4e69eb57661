"""Why a whole delivery is turned away. Reasons carry places and rules, never a value from a row."""


class Refused(Exception):
    """The delivery cannot be accepted; the message is the reason its sender reads."""
