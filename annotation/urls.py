"""Every route of the annotation app."""

from typing import Any, cast

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from annotation import pages
from annotation.api import (
    agents,
    audit,
    capture,
    cases,
    exports,
    filmnotes,
    home,
    images,
    imports,
    landmarks,
    measurements,
    oddities,
    people,
    projects,
    readerresults,
    readerstudies,
    remarks,
    reports,
    reviews,
    session,
    studies,
    subjects,
)
from annotation.consumers.agent import agent_socket
from annotation.consumers.viewer import viewer_socket
from capture_agent.protocol.messages import AGENT_SOCKET, VIEWER_SOCKET

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
    path("reader-studies/", pages.reader_studies),
    path("reader-studies/<uuid:reader_study_id>/", pages.reader_study),
    path("reader-studies/<uuid:reader_study_id>/read/", pages.read_blinded),
    path("capture/", pages.capture),
    path("agents/", pages.agents),
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
    path("studies/<uuid:study_id>/film-notes", filmnotes.FilmNotes.as_view()),
    path("film-notes/<uuid:note_id>", filmnotes.OneFilmNote.as_view()),
    path("acquisitions/<uuid:acquisition_id>", studies.OneAcquisition.as_view()),
    path("images/<uuid:image_id>", images.OneImage.as_view()),
    path("images/<uuid:image_id>/view", images.ImageBytes.as_view(variant="view"), name="image-view"),
    path("images/<uuid:image_id>/thumbnail", images.ImageBytes.as_view(variant="thumbnail")),
    path("images/<uuid:image_id>/depth", images.ImageBytes.as_view(variant="depth")),
    path("images/<uuid:image_id>/file", images.ImageBytes.as_view(variant="file")),
    path("images/<uuid:image_id>/known-length", images.KnownLength.as_view()),
    path("images/<uuid:image_id>/landmarks", landmarks.ImageLandmarks.as_view()),
    path("images/<uuid:image_id>/landmarks/<slug:schema>", landmarks.OwnLandmarks.as_view()),
    path("images/<uuid:image_id>/remarks", remarks.ImageRemarks.as_view()),
    path("remarks", remarks.Remarks.as_view()),
    path("remarks/<uuid:remark_id>/settle", remarks.RemarkSettled.as_view()),
    path("landmark-sets/<uuid:set_id>/revisions", landmarks.Revisions.as_view()),
    path("landmark-sets/<uuid:set_id>/revisions/<int:number>", landmarks.OneRevision.as_view()),
    path("landmark-sets/<uuid:set_id>/oddities", oddities.SetOddities.as_view()),
    path("landmark-sets/<uuid:set_id>/reviews", reviews.SetReviews.as_view()),
    path("label-cases/<uuid:image_id>", cases.LabelCase.as_view()),
    path("read-cases/<uuid:study_id>", cases.ReadCase.as_view()),
    path("reader-studies", readerstudies.ReaderStudies.as_view()),
    path("reader-studies/<uuid:reader_study_id>", readerstudies.OneReaderStudy.as_view()),
    path("reader-studies/<uuid:reader_study_id>/close", readerstudies.ReaderStudyClosed.as_view()),
    path("reader-studies/<uuid:reader_study_id>/next", readerstudies.BlindCase.as_view()),
    path("reader-studies/<uuid:reader_study_id>/films/<uuid:blinded_id>", readerstudies.BlindFilm.as_view()),
    path(
        "reader-studies/<uuid:reader_study_id>/films/<uuid:blinded_id>/reading",
        readerstudies.BlindReadings.as_view(),
    ),
    path("reader-studies/<uuid:reader_study_id>/results", readerresults.ReaderStudyResults.as_view()),
    path("reader-studies/<uuid:reader_study_id>/readings.csv", readerresults.ReaderStudyReadings.as_view()),
    # What a person brings in
    path("projects/<uuid:project_id>/imports", imports.ProjectImports.as_view()),
    path("imports/<uuid:import_id>", imports.OneImport.as_view()),
    path("imports/<uuid:import_id>/items", imports.ImportItems.as_view()),
    path("imports/<uuid:import_id>/items/<uuid:item_id>", imports.OneImportItem.as_view()),
    path("imports/<uuid:import_id>/items/<uuid:item_id>/content", imports.ImportContent.as_view()),
    path("imports/<uuid:import_id>/items/<uuid:item_id>/thumbnail", imports.ImportThumbnail.as_view()),
    path("imports/<uuid:import_id>/inspect", imports.ImportInspect.as_view()),
    path("imports/<uuid:import_id>/confirm", imports.ImportConfirm.as_view()),
    # What an agent beside a camera sends
    path("capture/shots/<uuid:shot_id>", agents.AgentShot.as_view()),
    path("capture/shots/<uuid:shot_id>/content", agents.AgentShotContent.as_view()),
    path("capture/shots/<uuid:shot_id>/finish", agents.AgentShotFinish.as_view()),
    path("capture/agents", capture.CaptureAgents.as_view()),
    path("capture/agents/<uuid:token_id>/shots", capture.CaptureAgentShots.as_view()),
    path("capture/agents/<uuid:token_id>/checks", capture.CaptureAgentChecks.as_view()),
    path("acquisitions/<uuid:acquisition_id>/noise", capture.AcquisitionNoise.as_view()),
    path("capture/checks/<uuid:check_id>", agents.AgentCheck.as_view()),
    path("audit", audit.Audit.as_view()),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="openapi", template_name="docs.html"),
        name="docs",
    ),
]

# An agent names no origin and has no session; a browser has both. See spineweb.asgi.
agent_websocket_urlpatterns = [path(AGENT_SOCKET.lstrip("/"), cast(Any, agent_socket))]
websocket_urlpatterns = [path(VIEWER_SOCKET.lstrip("/"), cast(Any, viewer_socket))]

urlpatterns = [
    *_pages,
    *(path("api/v1/" + str(route.pattern), route.callback, name=route.name) for route in _api),
]
