"""ELAN's annotation files, format 3.0: for each speaker a tier of segments, and below it one of
words and one of tokens, whose intervals lie within those above (mpi.nl/tools/elan/EAFv3.0.xsd)."""

from __future__ import annotations

import datetime
import mimetypes
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from asrkit.formats.tiers import Interval, speakers
from asrkit.transcript import Transcript

NAMES = ("segments", "words", "tokens")
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_CONSTRAINTS = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps "
    "allowed within this interval",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation. Annotations refering to "
    "the same parent are ordered",
    "Symbolic_Association": "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps "
    "are allowed",
}
_MIME = {".wav": "audio/x-wav"}  # the name that ELAN knows


class _Document:
    """Time slots and annotations of a file, numbered as they come."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.count = 0

    def tier(self, parent: Element, attributes: dict[str, str], level: Iterable[Interval]) -> None:
        tier = SubElement(parent, "TIER", attributes)
        for interval in level:
            self.count += 1
            slots = len(self.times) + 1
            self.times += [interval.start, interval.end]
            annotation = SubElement(
                SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{self.count}",
                TIME_SLOT_REF1=f"ts{slots}",
                TIME_SLOT_REF2=f"ts{slots + 1}",
            )
            SubElement(annotation, "ANNOTATION_VALUE").text = interval.text


def eaf(transcript: Transcript, path: Path) -> str:
    """The file as it is to lie at ``path``: its link to the recording is relative to that, and
    absolute too."""
    root = Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": transcript.model or "",
            "DATE": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": _INSTANCE,
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if transcript.audio not in ("", "-"):
        SubElement(header, "MEDIA_DESCRIPTOR", _media(Path(transcript.audio), path))
    last = SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId")
    order = SubElement(root, "TIME_ORDER")
    document = _Document()
    used = 1
    for speaker in speakers(transcript):
        level, above = list(speaker.segments), ""
        for depth, kind in enumerate(NAMES):
            if not level and depth:
                break
            used = max(used, depth + 1)
            name = f"{kind}: {speaker.name}" if speaker.name else kind
            attributes = {"LINGUISTIC_TYPE_REF": kind, "TIER_ID": name}
            if speaker.name:
                attributes["PARTICIPANT"] = speaker.name
            if above:
                attributes["PARENT_REF"] = above
            document.tier(root, attributes, level)
            level, above = [part for interval in level for part in interval.parts], name
    last.text = str(document.count)
    for number, time in enumerate(document.times, 1):
        SubElement(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{number}", TIME_VALUE=str(time))
    order[:] = sorted(order, key=lambda slot: int(slot.attrib["TIME_VALUE"]))
    for depth, kind in enumerate(NAMES[:used]):
        attributes = {
            "GRAPHIC_REFERENCES": "false",
            "LINGUISTIC_TYPE_ID": kind,
            "TIME_ALIGNABLE": "true",
        }
        if depth:
            attributes["CONSTRAINTS"] = "Included_In"
        SubElement(root, "LINGUISTIC_TYPE", attributes)
    for name, description in _CONSTRAINTS.items():
        SubElement(root, "CONSTRAINT", DESCRIPTION=description, STEREOTYPE=name)
    ElementTree.indent(root)
    found: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{found}\n'


def _media(audio: Path, path: Path) -> dict[str, str]:
    whole = audio.absolute()
    relative = os.path.relpath(whole, path.absolute().parent)
    kind = _MIME.get(audio.suffix.lower()) or mimetypes.guess_type(audio.name)[0] or "audio/*"
    return {
        "MEDIA_URL": f"file://{quote(str(whole))}",
        "MIME_TYPE": kind,
        "RELATIVE_MEDIA_URL": quote(relative if relative.startswith("..") else f"./{relative}"),
    }
