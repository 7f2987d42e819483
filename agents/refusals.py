"""What people and programs are told when something cannot be done."""


class Refused(Exception):
    """What was asked for cannot be done; the words are for the person who asked."""


class Forbidden(Refused):
    """It could be done, but not by this person."""


class Conflict(Refused):
    """It could have been done; meanwhile things stand otherwise."""
