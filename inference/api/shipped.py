"""Models that come with the program, and taking one into a project."""

from typing import TypedDict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions.errors import ActionError
from annotation.api.base import Endpoint, Input, parse, user_of
from annotation.api.wiretypes import list_of, wire
from annotation.models import Project
from annotation.permissions import Capability, InProject
from inference.actions import shipping
from inference.api.versions import ModelVersionDetailWire, version_detail_wire, visible_versions
from inference.shipped import Shipped, all_shipped, shipped


class ShippedModelWire(TypedDict):
    name: str
    title: str
    summary: str
    schema: str
    target: str
    bytes: int


class ShippedInput(Input):
    project = serializers.UUIDField()
    name = serializers.CharField(max_length=60)


def shipped_wire(each: Shipped) -> ShippedModelWire:
    return {
        "name": each.name,
        "title": each.card["title"],
        "summary": each.card["summary"],
        "schema": each.card["schema"],
        "target": each.card["target"],
        "bytes": each.path.stat().st_size,
    }


class ShippedModels(Endpoint):
    """Models that come with the program. A POST makes one a version of a project; twice makes it once."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.TRAIN}

    @extend_schema(responses=list_of(ShippedModelWire))
    def get(self, request: Request) -> Response:
        return Response([shipped_wire(each) for each in all_shipped()])

    @extend_schema(request=ShippedInput, responses={201: wire(ModelVersionDetailWire)})
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(ShippedInput, request)
        project = self.row(Project.objects.visible_to(user), pk=given["project"])
        try:
            chosen = shipped(given["name"])
        except KeyError as error:
            raise ActionError("No model of this name comes with the program.", field="name") from error
        version = shipping.install(actor=user, project=project, shipped=chosen)
        return Response(version_detail_wire(self.row(visible_versions(user), pk=version.pk)), status=201)
