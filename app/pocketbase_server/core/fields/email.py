"""An e-mail address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import domain_issues
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.addresses import is_email
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

NO_EMAIL = Issue("validation_is_email", "Must be a valid email address.")
_DOMAIN = Issue("validation_email_domain_not_allowed", "Email domain is not allowed.")


@dataclass(slots=True)
class EmailField(Field):
    """One address."""

    type: ClassVar[str] = "email"

    except_domains: list[str] = field(default_factory=list)
    only_domains: list[str] = field(default_factory=list)

    def normalise(self, raw: Any) -> Any:
        """Return the text."""
        return to_text(raw)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is no address, or of a domain that is not allowed."""
        value: str = record.get(self.name)
        if not value:
            return REQUIRED if self.required else None
        if not is_email(value):
            return NO_EMAIL
        domain = value.rpartition("@")[2]
        if self.only_domains and domain not in self.only_domains:
            return _DOMAIN
        return _DOMAIN if domain in self.except_domains else None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse lists of domains that exclude each other, or hold what is no domain."""
        return domain_issues(self.only_domains, self.except_domains)
