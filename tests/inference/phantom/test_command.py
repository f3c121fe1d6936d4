"""``python -m inference.phantom``: same seed same bytes, resumable, whole studies only, clear messages."""

import errno
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from inference.phantom import __main__ as command
from inference.phantom import batch, study
from inference.phantom.options import Options

PICTURES = {"colour.jpg", "depth.png", "radiograph.png", "skin_thickness.png", "skin_distance.png"}
FILES = PICTURES | {"camera.json", "labels.json", "truth.json"}


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _run(out: Path, *more: str) -> int:
    return command.main([str(out), *more])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("phantoms")
    assert _run(out, "--count", "2", "--seed", "4") == 0
    return out


def test_a_study_is_complete(made: Path) -> None:
    assert {p.name for p in made.iterdir()} == {"phantom-0001", "phantom-0002"}
    assert {p.name for p in (made / "phantom-0001").iterdir()} == FILES
    labels = json.loads((made / "phantom-0001" / "labels.json").read_text())
    assert labels["subject"]["pseudonym"] == "PHANTOM-0001"
    assert labels["radiograph"]["direction"] == "PA"


def test_same_seed_same_bytes_and_a_study_depends_only_on_its_index(made: Path, tmp_path: Path) -> None:
    study.write_study(tmp_path, 4, 1, Options())
    assert _digests(tmp_path / "phantom-0002") == _digests(made / "phantom-0002")


def test_another_seed_is_another_child(made: Path, tmp_path: Path) -> None:
    study.write_study(tmp_path, 5, 1, Options())
    ours, theirs = _digests(tmp_path / "phantom-0002"), _digests(made / "phantom-0002")
    assert all(ours[name] != theirs[name] for name in FILES)


def test_goes_on_where_it_stopped(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "phantom-0001").symlink_to(made / "phantom-0001")
    (tmp_path / ".phantom-0002.partial").mkdir()
    (tmp_path / ".phantom-0002.partial" / "colour.jpg").write_bytes(b"half")
    assert _run(tmp_path, "--count", "2", "--seed", "4") == 0
    assert _digests(tmp_path / "phantom-0002") == _digests(made / "phantom-0002")
    assert not (tmp_path / ".phantom-0002.partial").exists()


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "no space left"), (errno.EACCES, "Permission denied")]
)
def test_a_refusing_disk_leaves_no_half_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, words: str
) -> None:
    def refuse(path: Path, content: object) -> None:
        raise OSError(code, "Permission denied" if code == errno.EACCES else "No space", str(path))

    monkeypatch.setattr(study, "_json", refuse)
    assert _run(tmp_path, "--count", "1", "--seed", "4") == 1
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_keeps_whole_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "write_study", interrupt)
    assert _run(tmp_path, "--count", "3", "--seed", "4") == 130
    assert "go on" in capsys.readouterr().err


def test_processes_end_with_the_one_that_was_killed(tmp_path: Path) -> None:
    argv = [
        "-m",
        "inference.phantom",
        str(tmp_path / "out"),
        "--count",
        "50",
        "--seed",
        "4",
        "--workers",
        "2",
    ]
    running = psutil.Popen([sys.executable, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/phantom-*")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    workers = running.children(recursive=True)
    assert len(workers) >= 2
    running.kill()
    running.wait()
    assert psutil.wait_procs(workers, timeout=20)[1] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--count", "0", "--seed", "1"], "--count must be"),
        (["--count", "2", "--seed", "-1"], "--seed must be"),
        (["--count", "2", "--seed", "1", "--workers", "0"], "--workers must be"),
        (["--count", "100001", "--seed", "1"], "--count must be"),
    ],
)
def test_bad_numbers_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert _run(tmp_path, *arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--count", "2"], ["--count", "x", "--seed", "1"], ["--severity", "bad"]]
)
def test_missing_or_unreadable_arguments_end_with_usage(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        _run(tmp_path, *arguments)
    assert stop.value.code == 2


def test_a_file_in_the_way_and_a_foreign_folder_are_refused(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    assert _run(blocked, "--count", "1", "--seed", "4") == 2
    assert "is a file" in capsys.readouterr().err
    assert _run(made, "--count", "2", "--seed", "9") == 2
    assert "seed 4" in capsys.readouterr().err
    assert _run(made, "--count", "2", "--seed", "4", "--direction", "AP") == 2
    assert "direction PA, not AP" in capsys.readouterr().err


def test_a_broken_or_foreign_study_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "phantom-0001").mkdir()
    for content in ("{", "[]", '{"seed": 4}'):
        (tmp_path / "phantom-0001" / "truth.json").write_text(content)
        assert _run(tmp_path, "--count", "1", "--seed", "4") == 2
        assert "not written by this version" in capsys.readouterr().err


def test_workers_write_the_same_bytes(made: Path, tmp_path: Path) -> None:
    """As a person runs it: another program, with processes of its own."""
    line = [sys.executable, "-m", "inference.phantom", str(tmp_path), "--seed", "4"]
    done = subprocess.run(
        [*line, "--count", "2", "--workers", "2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "2/2 studies" in done.stderr
    assert _digests(tmp_path) == _digests(made)
