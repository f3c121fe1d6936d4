"""What `make` says and does before anything is installed."""

import ast
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from spineweb import bootstrap

SOURCE = Path(bootstrap.__file__)


def test_an_old_python_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as left:
        bootstrap.change_python((3, 9), "/usr/bin/python3")
    said = str(left.value)
    assert "needs Python 3.11 or newer; /usr/bin/python3 is Python 3.9" in said
    assert "apt-get install python3.11" in said
    assert "\n" not in said


def test_an_old_python_hands_over_to_a_newer_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken, good = tmp_path / "python3.13", tmp_path / "python3.12"
    broken.write_text("#!/bin/sh\nexit 127\n")
    good.write_text("#!/bin/sh\nexit 0\n")
    for program in (broken, good):
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    called: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda path, argv: called.append((path, argv)))
    bootstrap.change_python((3, 9), "/usr/bin/python3")
    assert called == [(str(good), [str(good), *sys.argv])]


def test_a_new_enough_python_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("changed Python without need"))
    bootstrap.change_python((3, 11), "/usr/bin/python3")


def test_python_3_6_can_read_the_file_up_to_its_version_check() -> None:
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 6))
    check = next(i for i, node in enumerate(tree.body) if isinstance(node, ast.If))
    for node in ast.walk(ast.Module(tree.body[:check], type_ignores=[])):
        if isinstance(node, ast.FunctionDef):
            annotations = [arg.annotation for arg in node.args.args]
            assert not any([*annotations, node.returns]), f"{node.name}: annotations run in an old Python"
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names


def test_the_command_line_says_one_line_when_the_port_is_in_use(tmp_path: Path) -> None:
    holder = bootstrap.listen("127.0.0.1", 0)
    port = holder.getsockname()[1]
    argv = [sys.executable, str(SOURCE), "run", "--port", str(port)]
    environment = {**os.environ, "SPINEWEB_DATA": str(tmp_path)}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    holder.close()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in done.stderr
    assert f"PORT={port + 1} make run" in done.stderr


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(bootstrap.Refusal, match="PORT=8000 make run"):
        bootstrap.listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_called_that(host: str) -> None:
    with pytest.raises(bootstrap.Refusal, match=f"{host} is no address of this machine.*BIND="):
        bootstrap.listen(host, 8000)


def test_a_data_folder_that_is_a_file_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(bootstrap.Refusal, match=r"cannot be written \(it is a file\)"):
        bootstrap.make_data_folder(tmp_path / "data")


def test_a_start_beside_another_one_is_told_where_that_is(tmp_path: Path) -> None:
    held = bootstrap.lock(tmp_path)
    with pytest.raises(bootstrap.Refusal, match=r"on this data: it is just starting\. Stop"):
        bootstrap.lock(tmp_path)
    os.pwrite(held, b'{"address": "http://127.0.0.1:8000/", "process": 7}', 0)
    with pytest.raises(bootstrap.Refusal, match=r"http://127.0.0.1:8000/ \(process 7\)\. Stop"):
        bootstrap.lock(tmp_path)
    os.close(held)


def test_the_secret_key_is_made_once_for_its_owner_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SPINEWEB_SECRET_KEY")
    for name in ("a", "b"):
        bootstrap.make_data_folder(tmp_path / name)
    bootstrap.make_secret_key(tmp_path / "a")
    first = (tmp_path / "a" / "secret_key").read_text()
    bootstrap.make_secret_key(tmp_path / "a")
    bootstrap.make_secret_key(tmp_path / "b")
    assert (tmp_path / "a" / "secret_key").read_text() == first
    assert (tmp_path / "b" / "secret_key").read_text() != first
    assert len(first.strip()) >= 50
    assert stat.S_IMODE((tmp_path / "a" / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_key_from_the_environment_leaves_no_file(tmp_path: Path) -> None:
    bootstrap.make_secret_key(tmp_path)
    assert not (tmp_path / "secret_key").exists()


def test_a_data_folder_that_cannot_be_made_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SPINEWEB_SECRET_KEY")
    (tmp_path / "file").write_text("")
    with pytest.raises(bootstrap.Refusal, match="SPINEWEB_DATA=/some/folder make run"):
        bootstrap.make_data_folder(tmp_path / "file" / "data")


@pytest.mark.parametrize("with_key", [True, False], ids=["own key", "no key"])
def test_whatever_the_data_folder_is_the_command_line_says_one_line(tmp_path: Path, with_key: bool) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "running.json").mkdir(parents=True)
    environment = {**os.environ, **({"SPINEWEB_SECRET_KEY": "k"} if with_key else {})}
    for data in ("file", "file/inside", "taken"):
        argv = [sys.executable, str(SOURCE), "run", "--port", "0"]
        environment["SPINEWEB_DATA"] = str(tmp_path / data)
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1, done.stderr
        assert f"The data folder {tmp_path / data} cannot be written" in done.stderr


def test_a_start_with_a_key_of_its_own_makes_its_data_folder(tmp_path: Path) -> None:
    holder = bootstrap.listen("127.0.0.1", 0)
    argv = [sys.executable, str(SOURCE), "run", "--port", str(holder.getsockname()[1])]
    environment = {**os.environ, "SPINEWEB_DATA": str(tmp_path / "new"), "SPINEWEB_SECRET_KEY": "k"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    holder.close()
    # As far as it goes without installing anything.
    assert "cannot be used (Address already in use)" in done.stderr
    assert not (tmp_path / "new" / "secret_key").exists()


def test_a_second_start_is_told_where_the_first_one_runs(tmp_path: Path) -> None:
    held = bootstrap.lock(tmp_path)
    os.pwrite(held, b'{"address": "http://127.0.0.1:8000/", "process": 4711}', 0)
    with pytest.raises(bootstrap.Refusal, match=r"already runs .* http://127.0.0.1:8000/ \(process 4711\)"):
        bootstrap.lock(tmp_path)
    os.close(held)
    os.close(bootstrap.lock(tmp_path))


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(bootstrap.Refusal, match=r"needs 900000000\.0 GB in .* GB are free"):
        bootstrap.require_space(tmp_path / "not" / "there", 900_000_000_000, "the Python packages")
    assert list(tmp_path.iterdir()) == []


class TestSteps:
    """Steps are done once, and again when what they are made from changes."""

    @pytest.fixture(autouse=True)
    def tree(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
        monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
        monkeypatch.setattr(bootstrap, "BUILD", tmp_path / "build")
        monkeypatch.setattr(bootstrap, "FRONTEND", tmp_path / "frontend")
        for folder in (".venv", "build/tmp", "frontend/src", "frontend/node_modules", "frontend/dist"):
            (tmp_path / folder).mkdir(parents=True)
        for file in (
            "pyproject.toml",
            "constraints.txt",
            "frontend/package.json",
            "frontend/package-lock.json",
        ):
            (tmp_path / file).write_text("1")
        (tmp_path / "frontend/dist/manifest.json").write_text("{}")
        self.done: list[str] = []
        monkeypatch.setattr(bootstrap, "perform", lambda number, title, argv, **_: self.done.append(title))
        monkeypatch.setattr(bootstrap, "node_is_good", lambda: True)

    def test_packages_are_installed_once_and_again_when_a_pin_changes(self, tmp_path: Path) -> None:
        bootstrap.install_packages("run")
        bootstrap.install_packages("run")
        assert self.done == ["Python packages"]
        (tmp_path / "constraints.txt").write_text("2")
        bootstrap.install_packages("run")
        assert self.done == ["Python packages"] * 2

    def test_what_the_tests_need_includes_what_a_run_needs(self) -> None:
        bootstrap.install_packages("dev")
        bootstrap.install_packages("run")
        assert self.done == ["Python packages"]

    def test_an_installation_that_failed_is_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bootstrap.install_packages("run")

        def fail(*_: object, **__: object) -> None:
            raise bootstrap.Refusal("no network")

        monkeypatch.setattr(bootstrap, "perform", fail)
        with pytest.raises(bootstrap.Refusal):
            bootstrap.install_packages("dev")
        with pytest.raises(bootstrap.Refusal):
            bootstrap.install_packages("run")

    def test_the_browser_side_is_built_again_when_a_source_changes(self, tmp_path: Path) -> None:
        for _ in range(2):
            bootstrap.build_browser_side(build=True)
        assert self.done == ["Browser packages", "Browser build"]
        (tmp_path / "frontend/src/new.ts").write_text("export {};")
        (tmp_path / "frontend/node_modules/ignored.js").write_text("")
        bootstrap.build_browser_side(build=True)
        assert self.done == ["Browser packages", "Browser build", "Browser build"]

    def test_a_build_that_was_deleted_is_made_again(self, tmp_path: Path) -> None:
        bootstrap.build_browser_side(build=True)
        (tmp_path / "frontend/dist/manifest.json").unlink()
        bootstrap.build_browser_side(build=True)
        assert self.done[-1] == "Browser build"
        assert len(self.done) == 3


def test_a_step_that_fails_shows_its_last_lines_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "BUILD", tmp_path)
    argv = [sys.executable, "-c", "print('ERROR: no matching distribution'); raise SystemExit(1)"]
    with pytest.raises(bootstrap.Refusal, match=r"Python packages: this step failed .* Check the network\."):
        bootstrap.perform(2, "Python packages", argv, advice="Check the network.", env=dict(os.environ))
    assert "ERROR: no matching distribution" in capsys.readouterr().out


def test_an_interrupted_step_leaves_nothing_running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "BUILD", tmp_path)
    pid = tmp_path / "pid"
    program = (
        "import subprocess, sys;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(pid)!r}, 'w').write(str(p.pid)); p.wait()"
    )

    def interrupt(_: float) -> None:
        if pid.exists() and pid.read_text():
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.perform(
            3, "Browser packages", [sys.executable, "-c", program], advice="", env=dict(os.environ)
        )
    monkeypatch.undo()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(int(pid.read_text())):
        assert time.monotonic() < deadline, "the program's child still runs"
        time.sleep(0.05)
