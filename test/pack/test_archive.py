"""Packs that somebody made to do harm, or that were damaged: each is refused, nothing is written
outside the folder, and no code runs."""

import hashlib
import json
import os
import stat
import struct
import zipfile

import pytest
import torch

from asrkit.bin import unpack as program
from asrkit.files import DataError
from asrkit.infer import Speech2Text
from asrkit.pack.archive import FORMAT, PackError, read_manifest, unpack, write_archive


def good(path, **contents):
    write_archive(path, {"model/a.txt": b"hello", "README.md": b"# x"} | contents, {"name": "x"})
    return path


def forge(path, files, *, change=lambda info: info, extra=(), manifest=None):
    """A zip with a manifest that agrees with ``files``, its entries changed as told."""
    rows = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    }
    listed = {
        "format": FORMAT,
        "name": "x",
        "kind": "recogniser",
        "files": rows,
        **(manifest or {}),
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(listed))
        for name, data in [*files.items(), *extra]:
            info = change(zipfile.ZipInfo(name))
            archive.writestr(info, data, compress_type=info.compress_type)
    return path


def refused(path, tmp_path, message):
    with pytest.raises(PackError, match=message):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))
    assert not (tmp_path / "evil").exists()


def test_a_good_pack(tmp_path):
    unpack(good(tmp_path / "x.zip"), tmp_path / "out")
    assert (tmp_path / "out/model/a.txt").read_bytes() == b"hello"
    assert (tmp_path / "out/manifest.json").exists()


def test_order_and_time_do_not_change_a_byte(tmp_path):
    one = good(tmp_path / "one.zip", z=b"1", a=b"2")
    write_archive(
        tmp_path / "two.zip",
        {"a": b"2", "README.md": b"# x", "z": b"1", "model/a.txt": b"hello"},
        {"name": "x"},
    )
    assert one.read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "a/../../evil", "./evil", "a//b", "..", "C:evil", "a\\..\\..\\evil",
     "dir/", "evil\n", "a/./b", "x\x1bevil"],
)  # fmt: skip
def test_names_that_leave_the_folder(tmp_path, name):
    path = forge(tmp_path / "x.zip", {"ok": b"1", name: b""})
    refused(path, tmp_path, "leads out of the folder|no regular file")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices(tmp_path, kind):
    def change(info):
        info.external_attr = (kind | 0o777) << 16
        return info

    path = forge(tmp_path / "x.zip", {"link": b"../evil"}, change=change)
    refused(path, tmp_path, "link is a link or no regular file")


def test_compressed_files_a_zip_bomb_s_first_half(tmp_path):
    def change(info):
        info.compress_type = zipfile.ZIP_DEFLATED
        return info

    path = forge(tmp_path / "x.zip", {"zeros": bytes(10_000_000)}, change=change)
    assert path.stat().st_size < 100_000
    refused(path, tmp_path, "zeros is compressed")


def test_a_size_that_the_file_cannot_hold(tmp_path):
    """Overlapping entries: every directory row points at the same bytes."""
    path = forge(tmp_path / "x.zip", {"data": bytes(3000)})
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        row = manifest["files"]["data"]
    files = {f"data{n}": row for n in range(9)}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data", bytes(3000))
        archive.writestr("manifest.json", json.dumps({**manifest, "files": files}))
        first, listed = archive.infolist()
        rows = []
        for number in range(9):
            copy = zipfile.ZipInfo(f"data{number}")
            for field in ("header_offset", "file_size", "compress_size", "CRC"):
                setattr(copy, field, getattr(first, field))
            rows.append(copy)
        archive.filelist[:] = [*rows, listed]
    assert path.stat().st_size < 9 * 3000
    refused(path, tmp_path, "larger than the pack")


def test_a_wrong_size_in_the_directory(tmp_path):
    path = good(tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 20 : at + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(data)
    refused(path, tmp_path, "larger than the pack")


def test_changed_content(tmp_path):
    path = good(tmp_path / "x.zip")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"hello", b"jello"))
    refused(path, tmp_path, "damaged")  # the zip's own checksum
    rows = {"a": {"bytes": 2, "sha256": hashlib.sha256(b"no").hexdigest()}}
    forge(path, {"a": b"ab"}, manifest={"files": rows})
    refused(path, tmp_path, "SHA-256 is not that")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"files": {"a": b"1"}, "extra": [("b", b"2")]}, "b is only in the zip"),
        ({"files": {"a": b"1"}, "extra": [("a", b"2")]}, "duplicate file name"),
        ({"files": {"a": b"1"}, "manifest": {"files": {}}}, "a is only in the zip"),
        ({"files": {}, "manifest": {"files": {"a": {"bytes": 1, "sha256": ""}}}}, "only in"),
        ({"files": {"a": b"1"}, "manifest": {"format": "asrkit pack 9"}}, "this asrkit reads"),
        ({"files": {"a": b"1"}, "manifest": {"files": 3}}, "cannot be read"),
        ({"files": {"a": b"1"}, "manifest": {"files": {"a": {"bytes": 5, "sha256": ""}}}},
         "has 1 bytes, not 5"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_manifest_that_disagrees(tmp_path, options, message):
    refused(forge(tmp_path / "x.zip", **options), tmp_path, message)


def test_no_pack_at_all(tmp_path, capsys):
    (tmp_path / "x.zip").write_bytes(b"PK nonsense")
    with pytest.raises(PackError, match="no zip file"):
        read_manifest(tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("a", "b")
    assert program.main(["--pack", str(tmp_path / "y.zip"), "--out", str(tmp_path / "out")]) == 1
    assert "not a pack of asrkit" in capsys.readouterr().err
    with pytest.raises(PackError, match="no such pack"):
        read_manifest(tmp_path / "nothing.zip")
    torch.save({"a": torch.zeros(1)}, tmp_path / "z.zip")
    with pytest.raises(PackError):
        Speech2Text(tmp_path / "z.zip")


def test_a_truncated_pack(tmp_path):
    path = good(tmp_path / "x.zip")
    path.write_bytes(path.read_bytes()[:-40])
    refused(path, tmp_path, "no zip file")


def test_a_folder_in_use_and_links_in_it_are_left_alone(tmp_path):
    path = good(tmp_path / "x.zip")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/model").symlink_to(tmp_path)
    with pytest.raises(DataError, match="exists already"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "a.txt").exists()


def test_weights_that_would_run_code_do_not(tmp_path):
    class Bad:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/evil",)

    torch.save({"format": 1, "model": Bad(), "config": {}, "step": 0}, tmp_path / "bad.pt")
    write_archive(tmp_path / "x.zip", {"model/best.pt": tmp_path / "bad.pt"}, {"name": "x"})
    with pytest.raises(ValueError, match="damaged or no checkpoint"):
        Speech2Text(tmp_path / "x.zip")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "manifest", ["[" * 100_000, "[1]", "null", '{"files": [1]}', '{"files": 1}']
)
def test_a_manifest_of_another_structure(tmp_path, manifest):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("manifest.json", manifest)
    refused(tmp_path / "x.zip", tmp_path, r"its manifest\.json cannot be read")
