"""What an action raises when the caller can mend it."""


class ActionError(Exception):
    """A refusal in one sentence that says what to do. `code` is stable and `status` its HTTP meaning.

    `field`: the input of a form that the sentence is about. `fields`: where there is more to say of them.
    """

    code = "invalid"
    status = 400

    def __init__(
        self, detail: str, *, field: str | None = None, fields: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = {field: [detail]} if field else fields


class Conflict(ActionError):
    """The row is not in a state that allows this."""

    code = "conflict"
    status = 409


class Unreadable(ActionError):
    """A file that is broken, or not what it claims to be."""

    code = "unreadable"
    status = 422


class TooLarge(ActionError):
    code = "too_large"
    status = 413


class StorageFull(ActionError):
    """The disk or bucket did not take the bytes. Nothing was stored."""

    code = "storage_full"
    status = 507


class Unavailable(ActionError):
    """The database did not take the change, or did not answer. Nothing was saved."""

    code = "unavailable"
    status = 503
