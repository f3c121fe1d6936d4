"""Run folders: whole files or none, progress that survives a kill in mid-line, checkpoints by their hash."""

from pathlib import Path

import pytest

from inference.rundir import Case, Film, RunDir, RunError, write_durably

CASE = Case("a", "train", 10, 20, "images/a.png", None, ((1.5, 2.5), None))
FILM = Film("f", "images/f.png", 30, 40, True, ((3.5, 4.5), None))
PAIR = Case("b", "train", 10, 20, "images/a.png", None, (None,), FILM)


def test_spec_and_cases_come_back(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    run.file("images", "a.png").write_bytes(b"x")
    run.file("images", "f.png").write_bytes(b"x")
    run.write_spec({"kind": "training"}, [CASE, PAIR])
    assert (run.spec(), run.cases()) == ({"kind": "training"}, [CASE, PAIR])


def test_what_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    with pytest.raises(RunError, match="json is missing from the run"):
        run.spec()
    run.write_spec({}, [CASE])
    with pytest.raises(RunError, match="png is missing from the run"):
        run.cases()
    run.file("images", "a.png").write_bytes(b"x")
    run.write_spec({}, [CASE, PAIR])
    with pytest.raises(RunError, match=r"f\.png is missing from the run"):
        run.cases()
    (run.path / "spec.json").write_text("{half")
    with pytest.raises(RunError, match="not valid JSON"):
        run.spec()


def test_progress_after_a_kill_in_mid_line(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    run.append_progress({"step": 1})
    with (run.path / "progress.jsonl").open("ab") as out:
        out.write(b'{"step": 2, "lo')
    first = run.read_progress()
    assert first.lines == [{"step": 1}]
    run.append_progress({"step": 3, "loss": float("nan")})
    assert run.read_progress(first.offset).lines == [{"step": 3, "loss": None}]


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_text("old")

    def full(partial: Path) -> None:
        partial.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_durably(path, full)
    assert [file.name for file in tmp_path.iterdir()] == ["weights"]
    assert path.read_text() == "old"


def test_the_last_whole_checkpoint_counts(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    assert run.last_checkpoint() is None
    for epoch in (1, 2, 3):
        text = f"epoch {epoch}"
        run.save_checkpoint(epoch, lambda path, text=text: path.write_text(text) and None)  # type: ignore[misc]
    names = sorted(file.name for file in run.checkpoints.glob("epoch-*"))
    assert names == ["epoch-00002.safetensors", "epoch-00003.safetensors"]
    last = run.last_checkpoint()
    assert last is not None
    assert last[0] == 3
    last[1].write_text("bits rot")
    second = run.last_checkpoint()
    assert second is not None
    assert second[0] == 2


def test_two_programs_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.rundir._LOCK_WAIT_S", 0.2)
    run = RunDir(tmp_path / "run")
    with run.locked(), pytest.raises(BlockingIOError, match="still working"), RunDir(run.path).locked():
        pass
    with run.locked():
        pass
