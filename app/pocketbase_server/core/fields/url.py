"""The address of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import domain_issues
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.addresses import is_url, url_host
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

_NO_URL = Issue("validation_invalid_url", "Must be a valid url.")
_DOMAIN = Issue("validation_url_domain_not_allowed", "Url domain is not allowed.")


@dataclass(slots=True)
class UrlField(Field):
    """One address."""

    type: ClassVar[str] = "url"

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
        if not is_url(value):
            return _NO_URL
        if self.only_domains and url_host(value) not in self.only_domains:
            return _DOMAIN
        return _DOMAIN if self.except_domains and url_host(value) in self.except_domains else None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse lists of domains that exclude each other, or hold what is no domain."""
        return domain_issues(self.only_domains, self.except_domains)
