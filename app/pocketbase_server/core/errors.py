"""What can go wrong, in domain words; only the HTTP edge knows status codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(slots=True, frozen=True)
class Issue:
    """Why one field was refused: a stable code, a message for people, and its numbers."""

    code: str
    message: str
    params: Mapping[str, Any] | None = None

    def export(self) -> dict[str, Any]:
        """Return the issue as the API prints it: `{code, message, params?}`."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.params:
            body["params"] = dict(self.params)
        return body


IssueTree = Mapping[str, Any]
"""A tree: field name (or list index as text) to `Issue` or to another tree."""

REQUIRED = Issue("validation_required", "Cannot be blank.")
NOT_UNIQUE = Issue("validation_not_unique", "Value must be unique.")
INVALID_VALUE = Issue("validation_invalid_value", "Invalid value.")


class AppError(Exception):
    """The base of all we refuse on purpose; `data` goes to the caller, the cause to the log."""

    default_message: ClassVar[str] = "Something went wrong while processing your request."

    def __init__(self, message: str = "", data: IssueTree | None = None) -> None:
        self.message = message or self.default_message
        self.data = data or {}
        super().__init__(self.message)

    def export_data(self) -> dict[str, Any]:
        """Return `data` with every `Issue` printed, nested as it is."""
        return _export_tree(self.data)


def _export_tree(tree: IssueTree) -> dict[str, Any]:
    return {
        key: value.export()
        if isinstance(value, Issue)
        else (_export_tree(value) if isinstance(value, Mapping) else value)
        for key, value in tree.items()
    }


class BadRequestError(AppError):
    """The request cannot be carried out as it was put."""


class UnauthorizedError(AppError):
    """The caller is a guest where someone signed in is needed, or the credentials are wrong."""

    default_message = "Missing or invalid authentication."


class ForbiddenError(AppError):
    """The caller is known, but may not do this."""

    default_message = "You are not allowed to perform this request."


class NotFoundError(AppError):
    """There is no such thing, or the caller may not know that there is."""

    default_message = "The requested resource wasn't found."


class TooLargeError(AppError):
    """The body is over its limit."""

    default_message = "Request entity too large."


class TooManyRequestsError(AppError):
    """The caller must slow down."""

    default_message = "Too Many Requests."


class InternalError(AppError):
    """We failed; the cause is in the log, never in the answer."""


class ValidationErrors(AppError):  # noqa: N818 - several issues at once
    """Fields were refused: `issues` maps field name to `Issue` (or to a nested map).

    Services turn it into a `BadRequestError` with the message of their use case and the same data.
    """

    default_message = "An error occurred while validating the submitted data."

    def __init__(self, issues: IssueTree) -> None:
        super().__init__("", issues)
        self.issues = issues


class RuleSyntaxError(AppError):
    """A rule, filter or sort cannot be understood; `position` counts from 0, or is -1."""

    default_message = "Invalid filter expression."

    def __init__(self, message: str, position: int = -1) -> None:
        super().__init__(message)
        self.position = position


class OffloadError(Exception):
    """The work at hand may wait or take long: run the same request again on a pool thread.

    Raised only where nothing may wait (inline) and only before anything was changed.
    """
