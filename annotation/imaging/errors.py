"""The one family of errors that reading a picture may raise; those of camera recordings are its cousins."""

from capture_agent.k4a.errors import UnusableFile


class ImagingError(UnusableFile):
    """A file or an array cannot be used; the message is one plain sentence that a user can act on."""
