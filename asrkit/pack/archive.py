"""The container of a pack: a zip of uncompressed files, and manifest.json with their hashes.

Nothing is compressed, so a pack cannot unfold to more than its own size, and the same content is
the same bytes: names sorted, dates fixed. Reading refuses whatever packing would not have written.
"""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tqdm import tqdm

from asrkit.files import DataError, atomic, atomic_folder, endless, sha256

FORMAT = "asrkit pack 1"
MANIFEST = "manifest.json"
MOST_FILES = 10_000
LARGEST_MANIFEST = 10_000_000
_DATE = (1980, 1, 1, 0, 0, 0)
_REGULAR = (stat.S_IFREG | 0o644) << 16
_BLOCK = 1 << 20
Content = Path | bytes


class PackError(DataError):
    """A pack that is damaged, dangerous, or cannot be made."""


def is_pack(path: Path) -> bool:
    """True for a zip file; read_manifest says whether it is a good pack.

    A checkpoint of torch is a zip as well, and has another ending.
    """
    return path.suffix == ".zip" and path.is_file()


def refuse_pack(path: Path, what: str) -> None:
    """Raises PackError for a pack where ``what`` is to be written beside the model."""
    if is_pack(path):
        raise PackError(
            f"{path}: {what} goes into the model's folder, and a pack is not changed; give the "
            "folder (asrkit unpack makes one), and pack it again"
        )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr, entry.create_system = _REGULAR, 3
    entry.compress_type = zipfile.ZIP_STORED
    return entry


def _facts(content: Content) -> dict[str, Any]:
    if isinstance(content, bytes):
        return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {"bytes": content.stat().st_size, "sha256": sha256(content)}


def write_archive(path: Path, contents: Mapping[str, Content], facts: Mapping[str, Any]) -> None:
    """Writes ``contents`` (name in the pack -> file or bytes) whole or not at all.

    facts: further keys of the manifest.
    """
    files = {name: _facts(contents[name]) for name in sorted(contents)}
    manifest = json.dumps({"format": FORMAT, **facts, "files": files}, indent=1, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic(path, "wb") as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive,
        _bar("pack", files) as bar,
    ):
        archive.writestr(_entry(MANIFEST), manifest + "\n")
        for name in files:
            content = contents[name]
            if isinstance(content, bytes):
                archive.writestr(_entry(name), content)
                continue
            entry = _entry(name)
            entry.file_size = files[name]["bytes"]
            with open(content, "rb") as source, archive.open(entry, "w") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
                    bar.update(len(block))


def _bar(what: str, files: Mapping[str, Any]) -> tqdm[Any]:
    """Progress over bytes, shown to people who wait for more than two seconds."""
    total = sum(row["bytes"] for row in files.values())
    return tqdm(total=total, desc=what, unit="B", unit_scale=True, delay=2, disable=None)


def _refuse(path: Path, what: str) -> PackError:
    return PackError(f"{path}: refused: {what}; a pack that asrkit wrote has no such thing")


def _check_name(path: Path, name: str) -> None:
    """Names stay inside the folder they are unpacked to, on every system."""
    parts = PurePosixPath(name).parts
    inside = parts and "/".join(parts) == name and not name.startswith("/")
    if (
        not inside
        or ".." in parts
        or any(c in name for c in '\\:*?"<>|\0')
        or not name.isprintable()
    ):
        raise _refuse(path, f"the file name {name!r} leads out of the folder or is not portable")


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    _check_name(path, entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or entry.is_dir():
        raise _refuse(path, f"{entry.filename} is a link or no regular file")
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise _refuse(path, f"{entry.filename} is compressed")
    if entry.flag_bits & 1:
        raise _refuse(path, f"{entry.filename} is encrypted")


def _entries(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of the zip by name, each looked at before any is opened."""
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise _refuse(path, f"it holds {len(entries)} files")
    for entry in entries:
        _check_entry(path, entry)
    found = {entry.filename: entry for entry in entries}
    if len(found) != len(entries):
        raise _refuse(path, "duplicate file name")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise _refuse(path, "its files claim to be larger than the pack (a zip bomb)")
    return found


def _manifest(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    """The checked manifest: exactly the zip's files, with sizes and hashes."""
    entries = _entries(path, archive)
    if MANIFEST not in entries or entries[MANIFEST].file_size > LARGEST_MANIFEST:
        raise PackError(f"{path}: holds no {MANIFEST} of its own; not a pack of asrkit")
    try:
        manifest = json.loads(archive.read(MANIFEST))
        listed = {name: (row["bytes"], row["sha256"]) for name, row in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackError(f"{path}: its {MANIFEST} cannot be read ({error})") from None
    if manifest.get("format") != FORMAT:
        raise PackError(f"{path}: format {manifest.get('format')!r}; this asrkit reads {FORMAT!r}")
    if different := sorted(listed.keys() ^ (entries.keys() - {MANIFEST})):
        raise _refuse(path, f"{different[0]} is only in the zip or only in its manifest")
    for name, (size, _) in listed.items():
        if entries[name].file_size != size:
            raise _refuse(path, f"{name} has {entries[name].file_size} bytes, not {size}")
    found: dict[str, Any] = manifest
    return found


def _copy(source: IO[bytes], target: Path, expected: str, where: str) -> None:
    total = hashlib.sha256()
    # "x": a file that is there already, or a link, is never written to
    with open(target, "xb") as out:
        while block := source.read(_BLOCK):
            total.update(block)
            out.write(block)
    if total.hexdigest() != expected:
        raise PackError(
            f"{where}: its SHA-256 is not that of the manifest; it was changed or damaged"
        )


def _open(path: Path) -> zipfile.ZipFile:
    if fault := endless(path):
        raise PackError(f"{path}: {fault}")
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise PackError(f"{path}: no such pack") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise PackError(f"{path}: damaged or no zip file ({error})") from None


def read_manifest(path: Path) -> dict[str, Any]:
    """What a pack says it holds, names and sizes checked. Raises PackError."""
    with _open(path) as archive:
        return _manifest(path, archive)


def unpack(path: Path, folder: Path) -> dict[str, Any]:
    """All files of a pack to a new or empty folder, hashes checked; returns the manifest.

    Raises PackError or DataError; the folder is then as it was.
    """
    with _open(path) as archive, atomic_folder(folder) as unfinished:
        manifest = _manifest(path, archive)
        bar = _bar("unpack", manifest["files"])
        try:
            for name, row in manifest["files"].items():
                target = unfinished / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source:
                    _copy(source, target, row["sha256"], f"{path}: {name}")
                bar.update(row["bytes"])
            (unfinished / MANIFEST).write_bytes(archive.read(MANIFEST))
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise PackError(f"{path}: damaged ({error}); fetch it again") from None
        finally:
            bar.close()
    return manifest
