"""What can be wrong with a file."""


class FileError(Exception):
    """A file that is not what it should be; the message is meant for the user."""
