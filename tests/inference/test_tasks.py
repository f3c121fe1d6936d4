"""Tasks with small real programs in place of training: cancelling, poison, fencing, lost messages."""

import errno
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.db import OperationalError, connections, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueAway

from annotation.actions.errors import StorageFull
from inference import tasks
from inference.actions import jobs, materials, running
from inference.models import JobState, ModelVersion, TrainingJob, TrainingSample
from inference.models.jobs import MOST_ATTEMPTS
from inference.rundir import RunDir
from inference.runner import Order
from tests.factories import Factory
from tests.inference.rows import training_job
from tests.inference.test_runner import alive

pytestmark = pytest.mark.django_db(transaction=True)
PROGRAM = "task_under_test"


class Rung(list[str]):
    """Stands for the queue: what was sent, and nothing delivered by itself."""

    def delay(self, job_id: str) -> None:
        self.append(job_id)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Rung:
    rung = Rung()
    monkeypatch.setattr(tasks, "_TRAINING", _kind(tasks._TRAINING, task=rung))
    return rung


def _kind(kind: Any, **changes: Any) -> Any:
    return type(kind)(**{**vars(kind), **changes})


@pytest.fixture
def program(rung: Rung, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The training becomes a few lines; the run folder lies in the test's."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(materials, "run_of", lambda job: RunDir(tmp_path / str(job.pk)))
    monkeypatch.setattr(tasks, "_BEAT_S", 0.1)

    def write(body: str) -> None:
        head = "import os, pathlib, signal, sys, time\nrun = pathlib.Path(sys.argv[1])\n"
        (tmp_path / f"{PROGRAM}.py").write_text(head + body)
        kind = _kind(tasks._TRAINING, module=PROGRAM, prepare=lambda job, run, tick: None)
        monkeypatch.setattr(tasks, "_TRAINING", kind)

    return write


SLEEPS = "(run / 'pid').write_text(str(os.getpid()))\ntime.sleep(60)\n"


def in_thread(job: TrainingJob) -> threading.Thread:
    def work() -> None:
        try:
            tasks.train(str(job.pk))
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def pid_of(path: Path) -> int:
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text())


def test_cancelling_a_running_job_ends_its_program(make: Factory, program: Any, tmp_path: Path) -> None:
    program(SLEEPS)
    job = training_job(make)
    worker = in_thread(job)
    pid = pid_of(tmp_path / str(job.pk) / "pid")
    jobs.cancel(actor=make.user(), job=job)
    worker.join(30)
    job.refresh_from_db()
    assert (job.state, job.error, alive(pid)) == ("cancelled", "", False)


def test_a_fenced_worker_ends_its_program_and_writes_nothing(
    make: Factory, program: Any, tmp_path: Path
) -> None:
    program(SLEEPS)
    job = training_job(make)
    worker = in_thread(job)
    pid = pid_of(tmp_path / str(job.pk) / "pid")
    # As if its lease had run out unnoticed and another worker had come.
    TrainingJob.objects.filter(pk=job.pk).update(token=7, log="of the other")
    worker.join(30)
    job.refresh_from_db()
    assert (job.state, job.token, job.log, alive(pid)) == ("running", 7, "of the other", False)


def test_a_finish_that_comes_too_late_makes_no_model(
    make: Factory, tmp_path: Path, rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = training_job(make)
    hold = running.claim(model=TrainingJob, pk=job.pk)
    assert hold is not None
    run = RunDir(tmp_path / "run")
    run.write_spec({"commit": "c"}, [])
    (run.path / "weights.safetensors").write_bytes(b"weights")
    digest = "9a2fc92fe83f4ae8ddf4bdaa2b7be94ea7b8bd7c4c17d4fd9e8ddcd9c2b9cbe9"
    monkeypatch.setattr(running, "sha256_of", lambda path: digest)
    run.write_result({"weights_sha256": digest, "metrics": {}})
    TrainingJob.objects.filter(pk=job.pk).update(token=2)
    assert running.finish_training(hold=hold, run=run) is None
    assert not ModelVersion.objects.exists()
    TrainingJob.objects.filter(pk=job.pk).update(token=1)
    assert running.finish_training(hold=hold, run=run) is not None


def test_a_poison_job_fails_after_three_tries_with_its_reason(
    make: Factory, program: Any, rung: Rung
) -> None:
    program("print('reading image 7')\nos.kill(os.getpid(), signal.SIGKILL)\n")
    job = training_job(make)
    for tries in range(1, 6):
        tasks.train(str(job.pk))
        assert len(rung) == min(tries, 2)
    job.refresh_from_db()
    assert (job.state, job.token) == ("failed", 3)
    assert job.error.startswith("Gave up after 3 tries. The program was killed by SIGKILL")
    assert "reading image 7" in job.error


def test_a_snapshot_that_cannot_be_read_fails_its_job_at_once(make: Factory, rung: Rung) -> None:
    # Its manifest names no schema, as one of another release might not in our words.
    job = training_job(make)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error.startswith("The run folder cannot be filled: ")
    assert rung == []


def test_a_doubled_message_runs_it_once(make: Factory, program: Any, tmp_path: Path) -> None:
    program(
        f"with open({str(tmp_path / 'runs')!r}, 'a') as out: out.write('x')\n"
        "time.sleep(0.5)\n(run / 'failure.json').write_text('{\"reason\": \"enough\"}'); sys.exit(3)\n"
    )
    job = training_job(make)
    workers = [in_thread(job) for _ in range(3)]
    for worker in workers:
        worker.join(30)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert ((tmp_path / "runs").read_text(), job.state, job.error) == ("x", "failed", "enough")


def test_a_message_for_nothing_does_nothing(make: Factory, rung: Rung) -> None:
    tasks.train(str(uuid.uuid4()))
    job = training_job(make)
    jobs.cancel(actor=make.user(), job=job)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.token, rung) == ("cancelled", 0, [])


def test_a_lost_message_is_sent_again(make: Factory, rung: Rung, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "RING_AGAIN_S", -1.0)
    job = training_job(make)
    tasks.sweep()
    assert rung == [str(job.pk)]


def test_the_bell_rings_after_the_commit_and_a_dead_broker_costs_no_job(
    make: Factory, rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        job = training_job(make)
        tasks.ring(job)
        assert rung == []
    assert rung == [str(job.pk)]

    def refuse(job_id: str) -> None:
        raise ConnectionError("no broker")

    rung.delay = refuse  # type: ignore[method-assign]
    with transaction.atomic():
        tasks.ring(job)
    assert TrainingJob.objects.filter(state=JobState.PENDING).count() == 1


def test_a_worker_that_is_told_to_stop_hands_its_job_back(
    make: Factory, program: Any, rung: Rung, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(SLEEPS)
    job = training_job(make)
    worker = in_thread(job)
    pid = pid_of(tmp_path / str(job.pk) / "pid")
    try:
        tasks._hand_back()
        worker.join(30)
    finally:
        tasks._stopping.clear()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.error, alive(pid)) == ("pending", 0, "", False)
    assert rung == [str(job.pk)]


def prepared_by(monkeypatch: pytest.MonkeyPatch, prepare: Any) -> None:
    monkeypatch.setattr(tasks, "_TRAINING", _kind(tasks._TRAINING, prepare=prepare))


def test_a_folder_that_takes_long_to_fill_keeps_its_lease(
    make: Factory, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("(run / 'failure.json').write_text('{\"reason\": \"enough\"}'); sys.exit(3)\n")
    job = training_job(make)

    def slow(job: TrainingJob, run: RunDir, tick: Any) -> None:
        for _ in range(3):
            # As if the lease were about to end: nobody has beaten since.
            TrainingJob.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now())
            time.sleep(0.15)
            assert TrainingJob.objects.expired().filter(pk=job.pk).exists()
            tick()
            assert not TrainingJob.objects.expired().filter(pk=job.pk).exists()

    prepared_by(monkeypatch, slow)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "enough")


def test_cancelling_while_the_folder_is_filled_ends_it_there(
    make: Factory, program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(SLEEPS)
    job = training_job(make)

    def cancelled_meanwhile(job: TrainingJob, run: RunDir, tick: Any) -> None:
        jobs.cancel(actor=make.user(), job=job)
        time.sleep(0.15)
        tick()

    prepared_by(monkeypatch, cancelled_meanwhile)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error) == ("cancelled", "")
    assert not (tmp_path / str(job.pk) / "pid").exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "the object store did not answer"),
        PermissionError(errno.EACCES, "Permission denied"),
    ],
)
def test_a_store_that_fails_costs_no_try_and_is_asked_again_in_a_minute(
    make: Factory, program: Any, rung: Rung, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    program("(run / 'failure.json').write_text('{\"reason\": \"enough\"}'); sys.exit(3)\n")
    job, good = training_job(make), tasks._TRAINING.prepare

    def fail(*_: object) -> None:
        raise error

    prepared_by(monkeypatch, fail)
    for _ in range(MOST_ATTEMPTS + 2):
        tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempt, rung) == ("pending", 0, [])
    assert str(error.strerror) in job.error
    prepared_by(monkeypatch, good)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "enough")


def test_a_run_folder_that_cannot_be_made_is_waited_for(
    make: Factory, rung: Rung, settings: Any, tmp_path: Path
) -> None:
    settings.RUNS_DIR = tmp_path / "a file"
    settings.RUNS_DIR.write_text("in the way")
    job = training_job(make)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("pending", 0)
    assert "does not work: Not a directory" in job.error


@pytest.mark.parametrize(
    "error", [StorageFull("The file store is full."), OSError(errno.EIO, "the object store is away")]
)
def test_a_finished_training_waits_for_a_store_that_takes_no_weights(
    make: Factory, program: Any, rung: Rung, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    program("(run / 'result.json').write_text('{}')\n")
    job, leases = training_job(make), list[Any]()

    def fail(*, hold: Any, run: RunDir) -> None:
        leases.append(TrainingJob.objects.get(pk=job.pk).lease_expires_at - timezone.now())
        raise error

    monkeypatch.setattr(tasks, "_TRAINING", _kind(tasks._TRAINING, finish=fail))
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempt, rung) == ("pending", 0, [])
    assert "Tried again every minute" in job.error
    # Nobody beats while weights go to a slow store.
    assert leases[0].total_seconds() > 500


def test_every_epoch_is_in_the_history_when_a_beat_went_unheard_at_the_end(
    make: Factory, program: Any, rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [{"kind": "epoch", "epoch": epoch, "epochs": 2} for epoch in (1, 2)]
    program(
        f"import json\nfor line in {lines!r}:\n"
        "    with open(run / 'progress.jsonl', 'a') as out: out.write(json.dumps(line) + '\\n')\n"
        "(run / 'result.json').write_text('{}')\n"
    )
    job, beat, calls = training_job(make), running.beat, list[int]()

    def away_at_first(**given: Any) -> Any:
        calls.append(1)
        if len(calls) < 8:
            raise OperationalError("the database is away")
        return beat(**given)

    histories = []
    monkeypatch.setattr(running, "beat", away_at_first)
    finish = lambda *, hold, run: histories.append(TrainingJob.objects.get(pk=job.pk).history)  # noqa: E731
    monkeypatch.setattr(tasks, "_TRAINING", _kind(tasks._TRAINING, finish=finish))
    tasks.train(str(job.pk))
    assert [entry["epoch"] for entry in histories[0]] == [1, 2]


def test_a_queue_that_is_away_is_told_in_one_line(
    make: Factory, rung: Rung, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(job_id: str) -> None:
        raise QueueAway("Error 111 connecting to broker:6379. Connection refused.")

    rung.delay = refuse  # type: ignore[method-assign]
    tasks.ring(training_job(make))
    (said,) = caplog.records
    assert "the queue does not answer" in said.getMessage()
    assert said.exc_info is None


def test_a_database_that_does_not_answer_is_an_unheard_beat(
    make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = running.claim(model=TrainingJob, pk=training_job(make).pk)
    assert hold is not None

    def locked(**_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(running, "beat", locked)
    assert tasks._beat(hold, [], "") is Order.UNHEARD


def test_a_failed_training_that_goes_on_finds_its_folder_as_it_left_it(
    make: Factory, program: Any, tmp_path: Path
) -> None:
    program(
        "steps = run / 'steps'\n"
        "steps.write_text(steps.read_text() + 'again' if steps.exists() else 'first, ')\n"
        "(run / 'failure.json').write_text('{\"reason\": \"The loss became nan.\"}')\n"
        "sys.exit(3)\n"
    )
    job = training_job(make)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The loss became nan.")
    jobs.resume_training(actor=make.user(), job=job)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.token) == ("failed", 2)
    assert (tmp_path / str(job.pk) / "steps").read_text() == "first, again"


def test_pictures_of_the_epochs_come_with_the_beats(make: Factory, program: Any, tmp_path: Path) -> None:
    png = cv2.imencode(".png", np.zeros((4, 4), dtype=np.uint8))[1].tobytes()
    program(
        f"import json\npng = {png!r}\n"
        "(run / 'samples').mkdir()\n"
        "for epoch in (1, 2, 3):\n"
        "    (run / 'samples' / f'epoch-{epoch:05d}.png').write_bytes(png + bytes([epoch]))\n"
        "    line = json.dumps({'kind': 'epoch', 'epoch': epoch, 'train_loss': 0.5})\n"
        "    with (run / 'progress.jsonl').open('a') as out:\n"
        "        out.write(line + '\\n')\n"
        "    time.sleep(0.3)\n"
        "(run / 'failure.json').write_text('{\"reason\": \"enough\"}')\n"
        "sys.exit(3)\n"
    )
    job = training_job(make)
    tasks.train(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "enough")
    assert [*TrainingSample.objects.order_by("epoch").values_list("epoch", flat=True)] == [1, 2, 3]
