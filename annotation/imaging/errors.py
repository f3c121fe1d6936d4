"""The one family of errors that reading a picture may raise."""


class ImagingError(ValueError):
    """A file or an array cannot be used; the message is one plain sentence that a user can act on."""
