"""The web as people feel it: lists, cases, saves and exports of a project with 10,000 studies.

Two web processes behind one socket and the platform's own broker, as `make run` starts them; requests over
loopback with a signed-in session, permissions, audit rows and durable commits included.
"""

import datetime
import gzip
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import cv2
import django
import numpy as np
import psutil
from django.core.management import call_command
from measure import report, timed_ms

STUDIES = 10_000
SETS = 10_000
CLIENTS = 8
SAVE_SECONDS = 10


class Platform:
    """The broker and two web processes, on a port of their own."""

    def __init__(self) -> None:
        from spineweb.broker import answers, embedded_broker, find_server

        server = find_server()
        if server is None:
            sys.exit("no Redis or Valkey server: install redis-server")
        broker = embedded_broker(server, Path(os.environ["SPINEWEB_DATA"]))
        os.environ["REDIS_URL"] = broker.url
        self.children = [subprocess.Popen(broker.argv, stdout=subprocess.DEVNULL)]
        while not answers(broker.url):
            time.sleep(0.02)

    def serve(self) -> float:
        """Start the web processes; seconds until the first answers."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = listening.getsockname()[1]
        began = time.perf_counter()
        for _ in range(2):
            argv = [sys.executable, "-m", "spineweb.serve", str(listening.fileno())]
            self.children.append(subprocess.Popen(argv, pass_fds=[listening.fileno()]))
        self.web = [psutil.Process(child.pid) for child in self.children[1:]]
        Visitor(self.port, {}).get("/healthz")
        return time.perf_counter() - began

    def memory_mib(self) -> float:
        return sum(process.memory_info().rss for process in self.web) / 2**20

    def stop(self) -> None:
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait()


class Visitor:
    """A browser with one kept-alive connection and its cookies."""

    def __init__(self, port: int, cookies: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": cookies.get("csrftoken", ""),
            "Content-Type": "application/json",
        }

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        sent = json.dumps(body) if body is not None else None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, sent, {**self.headers, **named})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            sys.exit(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content

    def get(self, path: str) -> bytes:
        return self.ask("GET", path)


def seed() -> dict[str, Any]:
    """10,000 studies with a film each, one with a back; 10,000 saved landmark sets; a signed-in doctor."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from annotation.actions import files
    from annotation.models import Acquisition, Image, LandmarkSet, Membership, Project, Study, Subject, User
    from annotation.spine.schemas import BUILT_IN
    from spineweb.sessions import SessionStore

    project = Project.objects.create(name="Bench")
    doctor = User.objects.create(username="doctor")
    doctor.set_unusable_password()
    doctor.save()
    Membership.objects.create(user=doctor, project=project, role="admin")
    rng = np.random.default_rng(1)

    def store(content: bytes, media_type: str) -> Any:
        with tempfile.NamedTemporaryFile() as handle:
            handle.write(content)
            handle.flush()
            return files.store(path=Path(handle.name), media_type=media_type)

    film = store(_jpeg(rng, 2400, 1000), "image/jpeg")
    colour = store(_jpeg(rng, 720, 1280), "image/jpeg")
    thumbnail = store(_jpeg(rng, 256, 107), "image/jpeg")
    npy = io.BytesIO()
    np.save(npy, np.full((720, 1280), 1500, np.uint16) + rng.integers(0, 99, (720, 1280), dtype=np.uint16))
    depth = store(gzip.compress(npy.getvalue(), 6), "application/gzip")

    day = datetime.date(2020, 1, 1)
    subjects = Subject.objects.bulk_create(
        [Subject(project=project, pseudonym=f"S{number:05d}") for number in range(STUDIES // 2)], 500
    )
    studies = Study.objects.bulk_create(
        [
            Study(
                project=project,
                subject=subjects[number // 2],
                visit_date=day + datetime.timedelta(days=number % 2000),
                has_radiograph=True,
            )
            for number in range(STUDIES)
        ],
        500,
    )
    shots = Acquisition.objects.bulk_create(
        [Acquisition(study=study, kind="radiograph", side_confirmed=True) for study in studies], 500
    )
    common = {"project": project, "bit_depth": 8, "thumbnail": thumbnail}
    images = Image.objects.bulk_create(
        [
            Image(
                **common, study=shot.study, acquisition=shot, kind="radiograph", frame="radiograph",
                waiting=True, width=1000, height=2400, pixels=film, view=film,
            )
            for shot in shots
        ],
        500,
    )  # fmt: skip
    back_shot = Acquisition.objects.create(study=studies[0], kind="rgbd")
    back_common = {**common, "study": studies[0], "acquisition": back_shot, "frame": "colour", "width": 1280}
    back = Image.objects.create(**back_common, height=720, kind="colour", pixels=colour, view=colour)
    depth_image = Image.objects.create(
        **back_common,
        height=720,
        kind="depth",
        pixels=depth,
        view=colour,
        depth_npy=depth,
        registered_to=back,
    )
    points = [
        {"name": p.name, "x": 10.5 * n, "y": 20.25 * n, "state": "placed"}
        for n, p in enumerate(BUILT_IN["back6"].points)
    ]
    LandmarkSet.objects.bulk_create(
        [
            LandmarkSet(image=image, schema="back6", model_label="bench", revision=1, points=points)
            for image in images[:SETS]
        ],
        500,
    )
    session = SessionStore()
    session[SESSION_KEY] = str(doctor.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = doctor.get_session_auth_hash()
    session.create()
    return {
        "cookies": {"sessionid": session.session_key, "csrftoken": "b" * 32},
        "project": project.pk,
        "back": back.pk,
        "depth": depth_image.pk,
        "films": [image.pk for image in images],
        "points": points,
    }


def analyse() -> None:
    """What PostgreSQL's autovacuum does within a minute of so many new rows."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _jpeg(rng: np.random.Generator, height: int, width: int) -> bytes:
    """A smooth picture: as large as a real film of this size."""
    small = rng.integers(0, 255, (height // 16, width // 16), dtype=np.uint8)
    pixels = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())


def save(visitor: Visitor, image: object, points: Any, revision: int) -> None:
    visitor.ask(
        "PUT",
        f"/api/v1/images/{image}/landmarks/back6",
        {"points": points},
        If_Match=str(revision),
        Idempotency_Key=str(uuid.uuid4()),
    )


def saves_per_second(platform: Platform, lab: dict[str, Any], colours: list[object]) -> float:
    """Eight clients, each saving on an image of its own as fast as it is answered."""
    done = [0] * CLIENTS
    until = time.perf_counter() + SAVE_SECONDS

    def work(number: int) -> None:
        visitor = Visitor(platform.port, lab["cookies"])
        while time.perf_counter() < until:
            save(visitor, colours[number], lab["points"], done[number])
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SAVE_SECONDS


def more_backs(lab: dict[str, Any], count: int) -> list[object]:
    from annotation.models import Image

    first = Image.objects.get(pk=lab["back"])
    made = []
    for _ in range(count):
        first.pk, first._state.adding = uuid.uuid4(), True
        first.save()
        made.append(first.pk)
    return made


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "spineweb.settings"
    platform = Platform()
    try:
        # After the broker: the settings read its address.
        django.setup()
        call_command("migrate", verbosity=0)
        lab = seed()
        analyse()
        report("cold start of the web", [platform.serve()], unit="s")
        measure(platform, Visitor(platform.port, lab["cookies"]), lab)
    finally:
        platform.stop()


def measure(platform: Platform, visitor: Visitor, lab: dict[str, Any]) -> None:
    for _ in range(20):  # both processes have answered before anything counts
        Visitor(platform.port, lab["cookies"]).get(f"/api/v1/studies?project={lab['project']}")
    listing = f"/api/v1/studies?project={lab['project']}&page_size=50&ordering=-visit_date"
    report("list 50 of 10,000 studies", timed_ms(lambda: visitor.get(listing), 100), aim="<= 8")
    films = iter(lab["films"])

    def open_case() -> None:
        visitor.get(f"/api/v1/label-cases/{lab['back']}")
        visitor.get(f"/api/v1/images/{lab['back']}/view")
        visitor.get(f"/api/v1/images/{lab['depth']}/depth")

    report("open a case: data, colour and depth", timed_ms(open_case, 60), aim="<= 8")
    report("next case", timed_ms(lambda: visitor.get(f"/api/v1/label-cases/{next(films)}"), 100), aim="<= 5")
    revision = iter(range(10_000))
    one, *colours = more_backs(lab, CLIENTS + 1)
    report(
        "save a landmark, durable",
        timed_ms(lambda: save(visitor, one, lab["points"], next(revision)), 200),
        aim="<= 5",
    )
    report("saves with 8 clients", [saves_per_second(platform, lab, colours)], unit="1/s", aim=">= 300")
    visitor = Visitor(platform.port, lab["cookies"])  # the first one idled too long to be kept alive
    export = f"/api/v1/projects/{lab['project']}/export/landmarks.json"
    for _ in range(6):  # each process has exported once; what it keeps from then on would be a leak
        Visitor(platform.port, lab["cookies"]).get(export)
    before = platform.memory_mib()
    report(
        "export 10,000 landmark sets",
        [t / 1000 for t in timed_ms(lambda: visitor.get(export), 5, 1)],
        unit="s",
        aim="<= 1",
    )
    report("memory that further exports add", [platform.memory_mib() - before], unit="MiB", aim="flat")
    report("memory of both web processes", [platform.memory_mib()], unit="MiB")


if __name__ == "__main__":
    main()
