"""What reading a camera's files may raise."""


class UnusableFile(ValueError):
    """A file or an array cannot be used; the message is one plain sentence that a user can act on."""
