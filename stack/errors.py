"""What can go wrong while parts are started; every message is a sentence that says what to do."""


class StackError(Exception):
    """A part cannot be started, or died; the message is for the person who typed the command."""


class PartFailed(StackError):
    """A part ended, or was not ready in time; the message ends with the last lines of its log."""
