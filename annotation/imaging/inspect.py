"""The one entry for files of unknown origin: `python -m annotation.imaging.inspect IN OUT_DIR --options
JSON`.

It looks at the content, never at the name, and writes derived files and `result.json` into OUT_DIR: {kind,
files, found} or {error: one sentence}. It runs as a child (`sandbox`), limits its own memory, processor
time and output, and with `--serve` takes one request after another as lines of JSON from standard input,
so that a bulk import starts Python once. What reads a kind of file is imported when the first such file
comes: an X-ray does not wait for DICOM's libraries.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, TextIO

from annotation.imaging.errors import ImagingError
from annotation.imaging.results import Output, write_result
from capture_agent.k4a.errors import UnusableFile

MAX_FILE_BYTES = 512 << 20
MAX_OUTPUT_BYTES = 1 << 30
EBML_MAGIC = b"\x1a\x45\xdf\xa3"
RASTER_MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
OTHER_KINDS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive; unpack it and import the files in it",
    b"GIF8": "a GIF image; save it as PNG",
    b"BM": "a BMP image; save it as PNG",
    b"\x1f\x8b": "a gzip archive; unpack it and import the files in it",
    b"7z\xbc\xaf": "a 7z archive; unpack it and import the files in it",
    b"RIFF": "a RIFF file (WebP, AVI); save it as PNG",
}


def inspect_file(path: Path, folder: Path, options: dict[str, Any], camera: Path | None = None) -> None:
    """Inspect one file (with `camera`: a depth image and its camera file) into `folder`; ImagingError
    refuses it.
    """
    kind = "rgbd_pair" if camera else sniff(path)
    output = Output(folder, kind)
    if kind == "k4a_mkv":
        from annotation.imaging.inspect_rgbd import inspect_k4a

        inspect_k4a(path, output)
    elif camera:
        from annotation.imaging.inspect_rgbd import inspect_pair

        inspect_pair(_content(path), _content(camera), output, options)
    elif kind == "dicom_radiograph":
        from annotation.imaging.inspect_dicom import inspect_dicom

        inspect_dicom(_content(path), output, options)
    elif kind == "raster":
        from annotation.imaging.inspect_raster import inspect_raster

        inspect_raster(_content(path), output, options)
    elif kind == "camera_json":
        from annotation.imaging.inspect_rgbd import inspect_camera

        inspect_camera(_content(path), output)
    else:
        from annotation.imaging.inspect_table import inspect_table

        inspect_table(_content(path), output)
    output.write()


def sniff(path: Path) -> str:
    """The kind a file's content claims; ImagingError for what cannot be imported."""
    with path.open("rb") as file:
        head = file.read(256)
    if not head:
        raise ImagingError("The file is empty.")
    if head[128:132] == b"DICM":
        return "dicom_radiograph"
    if head.startswith(EBML_MAGIC):
        return "k4a_mkv"
    if head.startswith(RASTER_MAGICS):
        return "raster"
    for magic, name in OTHER_KINDS.items():
        if head.startswith(magic):
            raise ImagingError(f"The file is {name}.")
    if head[4:8] == b"ftyp":
        raise ImagingError("The file is a HEIC picture or an MP4 film; save the picture as PNG or JPEG.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "camera_json"
    if text and all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head):
        return "landmarks_csv"
    raise ImagingError(
        "The file is neither a picture, a DICOM radiograph, a recording, nor a table of landmarks."
    )


def inspect_request(request: dict[str, Any]) -> None:
    """Inspect what a request names, and leave a `result.json`; OSError only where the disk fails, not the
    file.
    """
    folder = Path(request["out_dir"])
    camera = request.get("camera")
    try:
        inspect_file(
            Path(request["path"]), folder, request.get("options") or {}, Path(camera) if camera else None
        )
    except UnusableFile as error:
        write_result(folder, {"error": str(error)})
    except MemoryError:
        write_result(folder, {"error": "The file needs more memory to be read than is allowed."})
    except RecursionError:
        write_result(folder, {"error": "The file nests its parts too deeply."})
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        sentence = "unpacks to more than may be stored" if error.errno == errno.EFBIG else "is damaged"
        write_result(folder, {"error": f"The file {sentence}."})
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything on hostile bytes; the file is refused
        sys.stderr.write(f"{type(error).__name__}\n")
        write_result(folder, {"error": "The file is damaged: its contents make no sense."})


def limit_self(memory_bytes: int) -> None:
    """Bound the address space, the size of written files and core dumps of this process, for good."""
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (ceiling, ceiling))


def limit_processor_time(seconds: int) -> None:
    """Let the process use this many more seconds of processor time; beyond them the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


def serve(requests: TextIO, replies: TextIO, cpu_s: int) -> None:
    """Answer each line of JSON with its id once its result lies in its folder (or with the errno of the
    disk).
    """
    replies.write(json.dumps({"ready": True}) + "\n")
    replies.flush()
    for line in requests:
        request = json.loads(line)
        limit_processor_time(cpu_s)
        reply = {"id": request["id"]}
        try:
            inspect_request(request)
        except OSError as error:
            reply["errno"] = error.errno
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 when a result was written, 1 when the file was refused."""
    parser = argparse.ArgumentParser(prog="python -m annotation.imaging.inspect", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, help="the file to inspect")
    parser.add_argument("out_dir", nargs="?", type=Path, help="an existing folder for the derived files")
    parser.add_argument(
        "--options", type=json.loads, default={}, help="JSON: as, date_shift_days, uid_key, ..."
    )
    parser.add_argument(
        "--pair", nargs=2, type=Path, metavar=("DEPTH", "CAMERA"), help="a depth image and its cameras"
    )
    parser.add_argument("--serve", action="store_true", help="take requests from standard input")
    parser.add_argument("--memory", type=int, default=2 << 30, help="bytes of address space")
    parser.add_argument("--cpu", type=int, default=60, help="seconds of processor time per file")
    chosen = parser.parse_args(arguments)
    limit_self(chosen.memory)
    if chosen.serve:
        replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        serve(sys.stdin, replies, chosen.cpu)
        return 0
    path, camera = chosen.pair or (chosen.path, None)
    folder = chosen.out_dir or (chosen.path if chosen.pair else None)
    if path is None or folder is None:
        parser.error("name the file and the folder")
    limit_processor_time(chosen.cpu)
    inspect_request({"path": str(path), "out_dir": str(folder), "options": chosen.options, "camera": camera})
    return 1 if "error" in json.loads((folder / "result.json").read_text(encoding="utf-8")) else 0


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ImagingError(
            f"The file is larger than {MAX_FILE_BYTES >> 20} MB, which no picture of this kind is."
        )
    return path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
