"""The part of Matroska (RFC 9559) that camera recordings use: video and motion tracks, tags, attachments and
uncompressed blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from capture_agent.k4a.ebml import EbmlError, EbmlReader, Element

EBML, SEGMENT = 0x1A45DFA3, 0x18538067
INFO, TIMESTAMP_SCALE = 0x1549A966, 0x2AD7B1
TRACKS, TRACK_ENTRY, TRACK_NUMBER, TRACK_UID = 0x1654AE6B, 0xAE, 0xD7, 0x73C5
TRACK_NAME, CODEC_ID, CODEC_PRIVATE = 0x536E, 0x86, 0x63A2
VIDEO, PIXEL_WIDTH, PIXEL_HEIGHT, CONTENT_ENCODINGS = 0xE0, 0xB0, 0xBA, 0x6D80
ATTACHMENTS, ATTACHED_FILE, FILE_NAME, FILE_DATA = 0x1941A469, 0x61A7, 0x466E, 0x465C
TAGS, TAG, SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
CLUSTER, CLUSTER_TIME, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK = 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1

LEVEL_1 = {INFO, TRACKS, ATTACHMENTS, TAGS, CLUSTER, 0x114D9B74, 0x1C53BB6B, 0x1043A770}
VFW_CODEC, MOTION_CODEC = "V_MS/VFW/FOURCC", "S_K4A/IMU"
BI_COMPRESSION = slice(16, 20)
"""Where a Windows BITMAPINFOHEADER holds its four-character code, bytes."""

LACING = 0x06
MAX_TRACKS = 16
MAX_TAGS = 1000
MAX_ATTACHMENTS = 16


@dataclass(frozen=True)
class Track:
    """A track; `fourcc` is empty where the codec is not named by one, as of all that is no video."""

    number: int
    identifier: int
    name: str
    codec: str
    fourcc: str
    width: int
    height: int


@dataclass(frozen=True)
class Block:
    """One image or sample of motion: its track, its time since the recording began, where its bytes lie."""

    track: int
    time_ns: int
    content: Element


@dataclass
class Matroska:
    """What was found in a file; tags are those of the whole file, by name."""

    scale_ns: int = 1_000_000
    tracks: list[Track] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


def read_matroska(reader: EbmlReader) -> Matroska:
    """Index a file; EbmlError (one sentence) where it is no Matroska or is damaged."""
    top = reader.children(0, reader.size)
    head = next(top, None)
    if head is None or head.identifier != EBML or head.unsized:
        raise EbmlError("The file is not a Matroska recording.")
    segment = next((element for element in top if element.identifier == SEGMENT), None)
    if segment is None:
        raise EbmlError("The recording is cut off before its contents begin.")
    return _segment(reader, segment)


def _segment(reader: EbmlReader, segment: Element) -> Matroska:
    found = Matroska()
    readers: dict[int, Callable[[EbmlReader, Element, Matroska], None]] = {
        INFO: _info,
        TRACKS: _tracks,
        ATTACHMENTS: _attachments,
        TAGS: _tags,
    }
    position = segment.start
    while position < segment.end:
        element = next(reader.children(position, segment.end))
        if element.identifier == CLUSTER:
            position = _cluster(reader, element, found)
            continue
        if element.unsized:
            raise EbmlError("The recording was not closed properly, so its contents cannot be found.")
        if element.identifier in readers:
            readers[element.identifier](reader, element, found)
        position = element.end
    return found


def _info(reader: EbmlReader, info: Element, found: Matroska) -> None:
    for element in reader.children(info.start, info.end):
        if element.identifier == TIMESTAMP_SCALE:
            found.scale_ns = reader.unsigned(element)
            if not 0 < found.scale_ns <= 1_000_000_000:
                raise EbmlError("The recording counts time in an impossible unit.")


def _tracks(reader: EbmlReader, tracks: Element, found: Matroska) -> None:
    for entry in reader.children(tracks.start, tracks.end):
        if entry.identifier == TRACK_ENTRY:
            if len(found.tracks) == MAX_TRACKS:
                raise EbmlError("The recording claims too many tracks.")
            found.tracks.append(_track(reader, entry))


def _track(reader: EbmlReader, entry: Element) -> Track:
    parts = {element.identifier: element for element in reader.children(entry.start, entry.end)}
    if CONTENT_ENCODINGS in parts:
        raise EbmlError("The recording's tracks are compressed or encrypted, which is not supported.")
    fourcc = ""
    codec = reader.text(parts[CODEC_ID]) if CODEC_ID in parts else ""
    if CODEC_PRIVATE in parts and codec == VFW_CODEC:
        fourcc = reader.read(parts[CODEC_PRIVATE])[BI_COMPRESSION].decode("latin-1")
    width, height = _video(reader, parts[VIDEO]) if VIDEO in parts else (0, 0)
    return Track(
        number=reader.unsigned(parts[TRACK_NUMBER]) if TRACK_NUMBER in parts else 0,
        identifier=reader.unsigned(parts[TRACK_UID]) if TRACK_UID in parts else 0,
        name=reader.text(parts[TRACK_NAME]) if TRACK_NAME in parts else "",
        codec=codec,
        fourcc=fourcc,
        width=width,
        height=height,
    )


def _video(reader: EbmlReader, video: Element) -> tuple[int, int]:
    sizes = {PIXEL_WIDTH: 0, PIXEL_HEIGHT: 0}
    for element in reader.children(video.start, video.end):
        if element.identifier in sizes:
            sizes[element.identifier] = reader.unsigned(element)
    return sizes[PIXEL_WIDTH], sizes[PIXEL_HEIGHT]


def _attachments(reader: EbmlReader, attachments: Element, found: Matroska) -> None:
    for attached in reader.children(attachments.start, attachments.end):
        if attached.identifier != ATTACHED_FILE:
            continue
        if len(found.attachments) == MAX_ATTACHMENTS:
            raise EbmlError("The recording claims too many attachments.")
        name, content = "", b""
        for element in reader.children(attached.start, attached.end):
            if element.identifier == FILE_NAME:
                name = reader.text(element)
            elif element.identifier == FILE_DATA:
                content = reader.read(element)
        found.attachments[name] = content


def _tags(reader: EbmlReader, tags: Element, found: Matroska) -> None:
    for tag in reader.children(tags.start, tags.end):
        if tag.identifier != TAG:
            continue
        for simple in reader.children(tag.start, tag.end):
            if simple.identifier != SIMPLE_TAG:
                continue
            if len(found.tags) == MAX_TAGS:
                raise EbmlError("The recording claims too many tags.")
            name = value = ""
            for element in reader.children(simple.start, simple.end):
                if element.identifier == TAG_NAME:
                    name = reader.text(element)
                elif element.identifier == TAG_STRING:
                    value = reader.text(element)
            found.tags[name] = value


def _cluster(reader: EbmlReader, cluster: Element, found: Matroska) -> int:
    """Index the blocks of a cluster; returns where the next element of the segment begins."""
    time = 0
    for element in reader.children(cluster.start, cluster.end):
        if cluster.unsized and element.identifier in LEVEL_1:
            return element.head
        if element.identifier == CLUSTER_TIME:
            time = reader.unsigned(element)
        elif element.identifier == SIMPLE_BLOCK:
            _block(reader, element, time, found)
        elif element.identifier == BLOCK_GROUP:
            for part in reader.children(element.start, element.end):
                if part.identifier == BLOCK:
                    _block(reader, part, time, found)
    return cluster.end


def _block(reader: EbmlReader, block: Element, cluster_time: int, found: Matroska) -> None:
    head = reader.read(Element(block.identifier, block.head, block.start, min(block.start + 4, block.end)))
    if len(head) < 4 or not head[0] & 0x80:
        raise EbmlError("The recording is cut off or damaged: an image has no header.")
    track = head[0] & 0x7F
    if track not in {video.number for video in found.tracks if video.fourcc or video.codec == MOTION_CODEC}:
        return
    offset, flags = struct.unpack(">hB", head[1:])
    if flags & LACING:
        raise EbmlError("The recording packs several images into one block, which is not supported.")
    time_ns = (cluster_time + offset) * found.scale_ns
    if not 0 <= time_ns < 1 << 62:
        raise EbmlError("The recording holds an impossible time.")
    found.blocks.append(
        Block(track, time_ns, Element(block.identifier, block.head, block.start + 4, block.end))
    )
