"""Fetching and unpacking of corpora, offline."""

from __future__ import annotations

import io
import resource
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.kaldi.archives import archive_stem, download, is_archive, is_url, unpack

BODY = bytes(range(256)) * 40


TAG = '"1"'


class Server(BaseHTTPRequestHandler):
    """Answers with BODY; honors Range and If-Range; `/short` promises more than it sends, `/long`
    does not promise, `/plain` ignores If-Range."""

    def do_GET(self) -> None:
        if self.path.startswith("/expired"):
            self.send_error(403)
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        if self.path != "/plain" and self.headers.get("If-Range", TAG) != TAG:
            start = 0
        if self.path == "/none" or start >= len(BODY):
            self.send_response(404 if self.path == "/none" else 416)
            self.send_header("Content-Range", f"bytes */{len(BODY)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("ETag", TAG)
        if self.path != "/long":
            promised = len(BODY) - start + (10 if self.path == "/short" else 0)
            self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(BODY[start:])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def tar(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_names() -> None:
    assert is_url("https://x.org/a.tar.gz") and not is_url("/data/a.tar.gz")
    assert is_archive("https://x.org/a.tar.gz?signature=1") and not is_archive("mls_polish")
    assert archive_stem("mls_polish_opus.tar.gz") == "mls_polish_opus"


def test_an_expired_link_says_so_and_shows_no_signature(address: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="get a new one") as caught:
        download(f"{address}/expired/a.bin?signature=secret", tmp_path / "a.bin")
    assert "secret" not in str(caught.value)


def stopped(folder: Path, content: bytes, version: str | None = TAG) -> Path:
    """What a try leaves that stopped early; the path to fetch."""
    (folder / "a.bin.part").write_bytes(content)
    if version is not None:
        (folder / "a.bin.part.version").write_text(version)
    return folder / "a.bin"


@pytest.mark.parametrize("name", ["a.bin", "long", "plain"])
def test_download_goes_on_where_it_stopped(address: str, tmp_path: Path, name: str) -> None:
    """Also where the server does not say how much is left; marked bytes tell what was kept."""
    path = stopped(tmp_path, b"!" * 1000)
    assert download(f"{address}/{name}", path).read_bytes() == b"!" * 1000 + BODY[1000:]
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("name", ["a.bin", "long", "plain"])
@pytest.mark.parametrize("version", ['"0"', "", None])
def test_bytes_of_another_version_are_not_joined(
    address: str, tmp_path: Path, name: str, version: str | None
) -> None:
    path = stopped(tmp_path, b"!" * 1000, version)
    assert download(f"{address}/{name}", path).read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_download_that_stopped_after_its_last_byte(address: str, tmp_path: Path) -> None:
    assert download(f"{address}/a.bin", stopped(tmp_path, BODY)).read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_what_the_server_does_not_have(address: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"404.*check the address"):
        download(f"{address}/none", tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_file_of_the_user_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"mine")
    assert download("http://127.0.0.1:9/a.bin", tmp_path / "a.bin").read_bytes() == b"mine"


def test_too_few_bytes_are_an_error_and_kept_for_the_next_try(address: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"run again to go on|is this machine online"):
        download(f"{address}/short", tmp_path / "short")
    assert not (tmp_path / "short").exists()
    assert (tmp_path / "short.part").read_bytes() == BODY
    assert (tmp_path / "short.part.version").read_text() == TAG


def test_offline_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"online\? Or put a\.bin into"):
        download("http://127.0.0.1:9/a.bin", tmp_path / "new/a.bin")
    assert not (tmp_path / "new/a.bin").exists()


def test_unpack_once_and_leave_what_is_there(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar.gz", top__x=b"1")
    folder = unpack(archive, tmp_path / "out/a")
    assert (folder / "top/x").read_bytes() == b"1"
    (folder / "top/x").write_bytes(b"changed")
    assert (unpack(archive, folder) / "top/x").read_bytes() == b"changed"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


@pytest.mark.parametrize("cut", [40, 0])
def test_broken_archive_leaves_nothing(tmp_path: Path, cut: int) -> None:
    archive = tar(tmp_path / "a.tar.gz", x=bytes(100_000))
    archive.write_bytes(archive.read_bytes()[:cut] or b"no archive")
    with pytest.raises(DataError, match="fetch it again"):
        unpack(archive, tmp_path / "out/a")
    assert not list((tmp_path / "out").iterdir())


def test_archive_that_leads_out_is_refused(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar.gz", **{"..__x": b"1"})
    with pytest.raises(DataError, match=r"a\.tar\.gz"):
        unpack(archive, tmp_path / "out/a")
    assert not (tmp_path / "x").exists() and not (tmp_path / "out/x").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("target", ["x", "../../y"])
def test_links_and_special_files_are_refused(tmp_path: Path, kind: bytes, target: str) -> None:
    """Links inside the folder too: no corpus needs them."""
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
        entry = tarfile.TarInfo("y")
        entry.type, entry.linkname = kind, target
        archive.addfile(entry)
    with pytest.raises(DataError, match=r"a\.tar: .*'?y'? is a (link|special file)"):
        unpack(tmp_path / "a.tar", tmp_path / "out/a")
    assert not list((tmp_path / "out").iterdir())


def test_a_full_disk_is_no_fault_of_the_network(address: str, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(DataError, match=r"a\.bin\.part: cannot be written \(File too large\)"):
            download(f"{address}/a.bin", tmp_path / "a.bin")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert download(f"{address}/a.bin", tmp_path / "a.bin").read_bytes() == BODY
