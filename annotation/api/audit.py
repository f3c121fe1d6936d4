"""The audit trail, for the admins of a project."""

from typing import TypedDict

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, iso, user_of
from annotation.api.listing import Listing, contains, exact, identifier
from annotation.api.wiretypes import page_of
from annotation.models import AuditEntry, Membership, User
from annotation.models.people import Role
from annotation.permissions import SignedIn


class AuditEntryWire(TypedDict):
    id: int
    at: str | None
    actor: str
    action: str
    target_kind: str
    target_id: str
    summary: str
    project: str | None


def audit_wire(row: AuditEntry) -> AuditEntryWire:
    return {
        "id": row.pk,
        "at": iso(row.at),
        "actor": row.actor.display_name if row.actor else "system",
        "action": row.action,
        "target_kind": row.target_kind,
        "target_id": row.target_id,
        "summary": row.summary,
        "project": str(row.project_id) if row.project_id else None,
    }


def audit_of(user: User) -> QuerySet[AuditEntry]:
    """The entries a person may read: those of projects they administer; all for a site admin."""
    rows = AuditEntry.objects.select_related("actor")
    if user.is_superuser:
        return rows
    mine = Membership.objects.filter(user=user, role=Role.ADMIN, project__deleted_at=None)
    return rows.filter(Q(project__in=mine.values("project")))


AUDIT = Listing[AuditEntry](
    filters={
        "project": identifier("project_id"),
        "actor": exact("actor__username"),
        "action": exact("action"),
        "q": contains("summary", "action", "target_id"),
    },
    orderings={"-at": ("-pk",), "at": ("pk",)},
    default_ordering="-at",
)


class Audit(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="audit_list", parameters=AUDIT.parameters(), responses=page_of(AuditEntryWire)
    )
    def get(self, request: Request) -> Response:
        rows = audit_of(user_of(request))
        return Response(
            AUDIT.page(rows, request.query_params, lambda found: [audit_wire(row) for row in found])
        )
