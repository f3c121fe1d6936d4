"""Every route of the annotation app."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from annotation import pages
from annotation.api import (
    audit,
    cases,
    exports,
    home,
    images,
    landmarks,
    measurements,
    people,
    projects,
    reports,
    session,
    studies,
    subjects,
)

_pages = [
    path("", pages.home),
    path("login/", pages.login),
    path("account/", pages.account),
    path("help/", pages.help_page),
    path("projects/", pages.projects),
    path("projects/<uuid:project_id>/", pages.project),
    path("projects/<uuid:project_id>/import/", pages.import_files),
    path("subjects/", pages.subjects),
    path("subjects/<uuid:subject_id>/", pages.subject),
    path("studies/", pages.studies),
    path("studies/<uuid:study_id>/", pages.study),
    path("studies/<uuid:study_id>/read/", pages.read),
    path("studies/<uuid:study_id>/report/", pages.report),
    path("images/<uuid:image_id>/label/", pages.label),
    path("people/", pages.people),
    path("audit/", pages.audit),
]

_api = [
    path("session", session.Session.as_view()),
    path("session/password", session.OwnPassword.as_view()),
    path("home", home.Home.as_view()),
    path("users", people.Users.as_view()),
    path("users/<uuid:user_id>", people.OneUser.as_view()),
    path("users/<uuid:user_id>/password-reset", people.PasswordReset.as_view()),
    path("projects", projects.Projects.as_view()),
    path("projects/<uuid:project_id>", projects.OneProject.as_view()),
    path("projects/<uuid:project_id>/members", people.Members.as_view()),
    path("members/<uuid:member_id>", people.OneMember.as_view()),
    path("projects/<uuid:project_id>/tokens", people.Tokens.as_view()),
    path("tokens/<uuid:token_id>", people.OneToken.as_view()),
    path("projects/<uuid:project_id>/export/<str:name>", exports.Export.as_view()),
    path("schemas", projects.Schemas.as_view()),
    path("subjects", subjects.Subjects.as_view()),
    path("subjects/<uuid:subject_id>", subjects.OneSubject.as_view()),
    path("subjects/<uuid:subject_id>/consent", subjects.SubjectConsent.as_view()),
    path("studies", studies.Studies.as_view()),
    path("studies/<uuid:study_id>", studies.OneStudy.as_view()),
    path("studies/<uuid:study_id>/restore", studies.StudyRestore.as_view()),
    path("studies/<uuid:study_id>/measurements", measurements.Measurements.as_view()),
    path("studies/<uuid:study_id>/report", reports.Report.as_view()),
    path("measurements/<uuid:measurement_id>", measurements.OneMeasurement.as_view()),
    path("acquisitions/<uuid:acquisition_id>", studies.OneAcquisition.as_view()),
    path("images/<uuid:image_id>", images.OneImage.as_view()),
    path("images/<uuid:image_id>/view", images.ImageBytes.as_view(variant="view"), name="image-view"),
    path("images/<uuid:image_id>/thumbnail", images.ImageBytes.as_view(variant="thumbnail")),
    path("images/<uuid:image_id>/depth", images.ImageBytes.as_view(variant="depth")),
    path("images/<uuid:image_id>/file", images.ImageBytes.as_view(variant="file")),
    path("images/<uuid:image_id>/landmarks", landmarks.ImageLandmarks.as_view()),
    path("images/<uuid:image_id>/landmarks/<slug:schema>", landmarks.OwnLandmarks.as_view()),
    path("landmark-sets/<uuid:set_id>/revisions", landmarks.Revisions.as_view()),
    path("landmark-sets/<uuid:set_id>/revisions/<int:number>", landmarks.OneRevision.as_view()),
    path("label-cases/<uuid:image_id>", cases.LabelCase.as_view()),
    path("read-cases/<uuid:study_id>", cases.ReadCase.as_view()),
    path("audit", audit.Audit.as_view()),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
]

urlpatterns = [
    *_pages,
    *(path("api/v1/" + str(route.pattern), route.callback, name=route.name) for route in _api),
]
