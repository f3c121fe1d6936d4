"""What the worker does for this app by the clock. Run twice, each does nothing the second time."""

from celery import shared_task

from annotation.actions import captureshots, imports


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def sweep_imports() -> int:
    """Discard the uploads that nobody confirmed within a day, and what shots left behind."""
    return imports.sweep() + captureshots.sweep()
