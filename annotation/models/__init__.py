"""The rows of the annotation app: people, cohorts, images, landmarks, readings and the audit trail.

A rule about one row lives on its model; reads live on the QuerySets; writes across rows live in
`annotation.actions`. Django finds models through this package, so it is the one `__init__` with imports.
"""

from annotation.models.audit import AuditEntry, ImageAccess
from annotation.models.capture import CaptureAgent, CaptureOrder, CaptureShot, DeviceCheck
from annotation.models.cohort import Project, Study, Subject
from annotation.models.filmnotes import FilmNote
from annotation.models.images import Acquisition, Image, StoredFile
from annotation.models.imports import Import, ImportItem
from annotation.models.landmarks import LandmarkRevision, LandmarkSchema, LandmarkSet
from annotation.models.measurements import Measurement
from annotation.models.people import AgentToken, Membership, User
from annotation.models.readerstudies import BlindReading, ReaderStudy, ReaderStudyItem
from annotation.models.remarks import Remark
from annotation.models.reviews import Review

__all__ = [
    "Acquisition",
    "AgentToken",
    "AuditEntry",
    "BlindReading",
    "CaptureAgent",
    "CaptureOrder",
    "CaptureShot",
    "DeviceCheck",
    "FilmNote",
    "Image",
    "ImageAccess",
    "Import",
    "ImportItem",
    "LandmarkRevision",
    "LandmarkSchema",
    "LandmarkSet",
    "Measurement",
    "Membership",
    "Project",
    "ReaderStudy",
    "ReaderStudyItem",
    "Remark",
    "Review",
    "StoredFile",
    "Study",
    "Subject",
    "User",
]
