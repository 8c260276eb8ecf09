#!/usr/bin/env python3
"""Fetch the Asterisk core sounds (speech and texts) and the LibreOffice help of one language.

Debian and Ubuntu: `apt-get download` and `dpkg-deb -x`, state and cache in the downloads folder; no
root needed.
Elsewhere: the same sounds as tarballs from downloads.asterisk.org (no help text there).
What lies in the downloads folder already is used, never fetched again, changed or removed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from asrkit.arguments import boolean, run_main
from asrkit.files import DataError, atomic_folder, sha256, temporary_folder
from asrkit.kaldi.archives import download, unpack

URL = "https://downloads.asterisk.org/pub/telephony/sounds/releases"
RELEASE = "1.6.1"
HELP_LANG = {"en": "en-us"}


def sound_packages(lang: str) -> list[str]:
    """Names of the two sound packages: texts and 16 kHz G.722 speech."""
    return [f"asterisk-core-sounds-{lang}", f"asterisk-core-sounds-{lang}-g722"]


def help_package(lang: str) -> str:
    """Name of Debian's LibreOffice help package."""
    return f"libreoffice-help-{HELP_LANG.get(lang, lang)}"


class Apt:
    """apt-get with lists, cache and status in a folder of one's own, so that no root is needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._own_lists = False

    def _options(self) -> list[str]:
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        status = self.folder / "state/status"
        status.touch()
        # root need not become the user _apt, who may not write here; others stay who they are
        values = {"Dir::Cache": self.folder / "cache", "APT::Sandbox::User": "root"}
        if self._own_lists:
            values |= {"Dir::State": self.folder / "state", "Dir::State::status": status}
        return [word for key, value in values.items() for word in ("-o", f"{key}={value}")]

    def _run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        program, *rest = command
        return subprocess.run(
            [program, *self._options(), *rest],
            cwd=cwd, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip

    def checksum(self, package: str) -> str | None:
        """SHA-256 of the package that apt would download, or None if the lists do not know it."""
        shown = self._run("apt-cache", "show", "--no-all-versions", package)
        for line in shown.stdout.splitlines():
            if line.startswith("SHA256: "):
                return line.split()[1]
        return None

    def find(self, package: str) -> str:
        """As `checksum`, with lists of one's own where the system's are empty or old."""
        known = self.checksum(package)
        if known is None and not self._own_lists:
            self._own_lists = True
            print(
                "apt knows no such package yet: updating package lists of our own", file=sys.stderr
            )
            updated = self._run("apt-get", "update")
            known = self.checksum(package)
            if known is None:
                raise DataError(
                    f"apt cannot find {package} (is this machine offline?): "
                    f"{last_line(updated.stderr)}\n"
                    f"Put {package}_*.deb into the downloads folder by hand, or use --source http"
                )
        if known is None:
            raise DataError(
                f"apt does not know {package}; add Debian main or Ubuntu universe to its sources"
            )
        return known

    def download(self, package: str, downloads: Path) -> Path:
        """The .deb file in `downloads`, its checksum compared with apt's signed lists."""
        known = self.find(package)
        with temporary_folder(self.folder / package) as partial:
            for attempt in ("system", "own"):
                got = self._run("apt-get", "download", package, cwd=partial)
                files = list(partial.glob("*.deb"))
                if got.returncode == 0 and files:
                    break
                if attempt == "own" or self._own_lists:
                    raise DataError(
                        f"apt-get download {package}: {last_line(got.stderr)}; try again later"
                    )
                self._own_lists = True  # the system's lists may be older than the mirror
                self._run("apt-get", "update")
                known = self.checksum(package) or known
            found = sha256(files[0])
            if found != known:
                raise DataError(f"{package}: SHA-256 {found} instead of {known}; try again")
            return Path(shutil.move(files[0], downloads / files[0].name))


def last_line(text: str) -> str:
    """What a failed program said last."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


def unpack_deb(deb: Path, target: Path) -> None:
    """Unpack a .deb into `target`, which appears only when complete."""
    with atomic_folder(target) as partial:
        done = subprocess.run(["dpkg-deb", "-x", deb, partial], capture_output=True, text=True)
        if done.returncode:
            raise DataError(f"{deb}: {last_line(done.stderr)}; move the file away and run again")


def fetch_debian(package: str, downloads: Path, apt: Apt) -> None:
    """Make `downloads/<package>/` from the .deb there, or from one that apt downloads."""
    debs = sorted(downloads.glob(f"{package}_*.deb"))
    deb = debs[-1] if debs else apt.download(package, downloads)
    print(f"unpacking {deb.name}", file=sys.stderr)
    unpack_deb(deb, downloads / package)


def fetch_http(package: str, downloads: Path) -> None:
    """Make `downloads/<package>/` from the tarball there, or from downloads.asterisk.org."""
    lang_and_codec = package.removeprefix("asterisk-core-sounds-")
    name = package if "-" in lang_and_codec else f"{package}-g722"
    tarball = downloads / f"{name}-{RELEASE}.tar.gz"
    if not tarball.exists():
        download(f"{URL}/{tarball.name}", tarball)
        sha1 = download(f"{URL}/{tarball.name}.sha1", downloads / f"{tarball.name}.sha1")
        known = sha1.read_text().split()[0]
        found = hashlib.sha1(tarball.read_bytes()).hexdigest()
        if found != known:
            raise DataError(
                f"{tarball}: SHA-1 {found} instead of {known}; move the file away and run again"
            )
    unpack(tarball, downloads / package)


def fetch(lang: str, downloads: Path, source: str, *, lm_text: bool) -> None:
    """Leave unpacked packages of a language in `downloads`; those there already are not touched."""
    downloads.mkdir(parents=True, exist_ok=True)
    apt = Apt(downloads / ".apt")
    packages = sound_packages(lang)
    if lm_text:  # English, too: it shows what is untranslated
        packages += dict.fromkeys([help_package(lang), help_package("en")])
    for package in packages:
        if (downloads / package).is_dir():
            continue
        if source == "debian":
            print(f"fetching {package} with apt-get download", file=sys.stderr)
            fetch_debian(package, downloads, apt)
        elif package.startswith("libreoffice"):
            print(f"{package}: Debian only; no text for language models from it", file=sys.stderr)
        else:
            fetch_http(package, downloads)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lang", required=True, choices=("en", "es", "fr", "it", "ru"))
    parser.add_argument("--downloads", type=Path, default=Path("downloads"))
    parser.add_argument("--source", choices=("auto", "debian", "http"), default="auto")
    parser.add_argument("--lm_text", type=boolean, default=True, help="fetch the help text too")
    return parser


def run(args: argparse.Namespace) -> None:
    source = args.source
    if source == "auto":
        source = "debian" if shutil.which("apt-get") and shutil.which("dpkg-deb") else "http"
    fetch(args.lang, args.downloads, source, lm_text=args.lm_text)


def main(argv: list[str] | None = None) -> int:
    return run_main(get_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
