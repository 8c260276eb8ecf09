"""No name in a corpus becomes a command of wav.scp, whichever recipe prepares it.

Each corpus here is the least that its preparation takes, with one name that a shell would run: it
would make a file called `marker`, and nothing else.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commonvoice_tiny import line, make_release
from corpora.sphere import sphere
from make_audio import tone

import babel_prepare
import cv_librispeech
import cv_prepare
import fleurs_prepare
import mls_prepare
import prepare as asterisk_prepare
import voxpopuli_prepare
from asrkit.files import DataError
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.utterances import Utterance, write_data_dir
from voxpopuli_tables import NEEDED

FILE = "x;touch${IFS}marker|"  # a name of a file
FOLDER = "x\nb touch marker |\nc"  # of a folder: its path would be three lines of wav.scp
AWAY = "../../x"  # of a table: a file outside the corpus
OWN_DATA = Path(__file__).resolve().parents[2] / "docs/own_data.md"


def fleurs(corpus: Path, data: Path) -> int:
    for part, wav in (("train", FILE), ("dev", "1.wav"), ("test", "1.wav")):
        (corpus / f"it_it/audio/{part}").mkdir(parents=True)
        (corpus / f"it_it/audio/{part}/{wav}").touch()
        row = ("7", wav, "Uno.", "uno", "u n o |", "16000", "MALE")
        (corpus / f"it_it/{part}.tsv").write_text("\t".join(row) + "\n")
    return fleurs_prepare.main(["--lang", "it", "--fleurs", str(corpus), "--data", str(data)])


def own_data(corpus: Path, data: Path, name: str = FILE) -> int:
    """The program that docs/own_data.md shows."""
    corpus.mkdir()
    for part in ("train", "valid", "test"):
        (corpus / f"{part}.tsv").write_text(f"{name}\ts\tuno\n")
    program = re.findall("```python\n(.*?)```", OWN_DATA.read_text("utf-8"), re.DOTALL)[0]
    (data.parent / "own.py").write_text(program)
    options = ["--lang", "it", "--corpus", str(corpus), "--data", str(data)]
    done = subprocess.run(
        [sys.executable, "own.py", *options], cwd=data.parent, capture_output=True, text=True
    )
    print(done.stderr.splitlines()[-1], file=sys.stderr)
    return done.returncode


def own_data_outside(corpus: Path, data: Path) -> int:
    return own_data(corpus, data, AWAY)


def librispeech(corpus: Path, data: Path, name: str = "1-2-0", folder: str = FOLDER) -> int:
    chapter = corpus / "train-clean-100" / folder / "2"
    chapter.mkdir(parents=True)
    (chapter / f"{folder}-2.trans.txt").write_text(f"{name} ONE\n")
    (chapter / f"{name}.flac").touch()
    options = ["--corpus", str(corpus), "--data", str(data)]
    return cv_librispeech.main([*options, "--part", "librispeech_100h"])


def librispeech_outside(corpus: Path, data: Path) -> int:
    return librispeech(corpus, data, AWAY, "1")


def commonvoice(corpus: Path, data: Path) -> int:
    make_release(corpus / FOLDER / "it", [line("it", number) for number in range(3)])
    options = ["--splits", "official", "--parts", "labeled", "--downloads", str(corpus)]
    return cv_prepare.main(["--lang", "it", "--corpus", str(corpus), "--data", str(data), *options])


def mls(corpus: Path, data: Path) -> int:
    for part in ("train", "dev", "test"):
        audio = corpus / f"mls_italian/{part}/audio" / FOLDER
        audio.mkdir(parents=True)
        (audio / "1_2_3.flac").touch()
        (corpus / f"mls_italian/{part}/transcripts.txt").write_text("1_2_3\tuno\n")
    options = ["--lm_text", "false", "--downloads", str(corpus)]
    return mls_prepare.main(["--lang", "it", "--mls", str(corpus), "--data", str(data), *options])


def voxpopuli(corpus: Path, data: Path) -> int:
    """Sessions are files that end in .ogg, and its tables have no line breaks: only outside."""
    (corpus / "raw_audios").mkdir(parents=True)
    (corpus / "annotations/asr").mkdir(parents=True)
    row = dict.fromkeys(NEEDED, "1") | {"session_id": AWAY, "end_time": "2", "split": "train"}
    with gzip.open(corpus / "annotations/asr/asr_it.tsv.gz", "wt") as stream:
        stream.write("|".join(row) + "\n" + "|".join(row.values()) + "\n")
    options = ["--voxpopuli", str(corpus), "--downloads", str(corpus)]
    return voxpopuli_prepare.main(["--lang", "it", "--data", str(data), *options])


def babel(corpus: Path, data: Path) -> int:
    for part in ("training", "dev"):
        folder = corpus / FOLDER / "conversational" / part
        (folder / "audio").mkdir(parents=True)
        (folder / "transcription").mkdir()
        for number in ("10161", "11096"):
            name = f"BABEL_OP3_404_{number}_20130112_103010_inLine"
            (folder / f"audio/{name}.sph").write_bytes(sphere(tone(2.0, 8000), 8000, "alaw"))
            (folder / f"transcription/{name}.txt").write_text("[0.0]\nuno\n[1.5]\n")
    return babel_prepare.main(["--lang", "ka", "--babel", str(corpus), "--data", str(data)])


def mini_asterisk(corpus: Path, data: Path) -> int:
    (corpus / "asterisk-core-sounds-it").mkdir(parents=True)
    keys = ["vm-goodbye", *(f"x{number}" for number in range(60))]
    texts = "".join(f"{key}: frase {'a' * number} qui\n" for number, key in enumerate(keys))
    (corpus / "asterisk-core-sounds-it/core-sounds-it.txt").write_text(texts)
    speech = corpus / "asterisk-core-sounds-it-g722" / FOLDER
    speech.mkdir(parents=True)
    for key in keys:
        (speech / f"{key}.g722").write_bytes(b"\xff" * 32000)
    return asterisk_prepare.main(["--lang", "it", "--downloads", str(corpus), "--data", str(data)])


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (fleurs, "wav.scp would run it as a command"),
        (own_data, "wav.scp would run it as a command"),
        (own_data_outside, "not in this folder"),
        (librispeech, "does not fit in a line"),
        (librispeech_outside, "not in this folder"),
        (commonvoice, "does not fit in a line"),
        (mls, "does not fit in a line"),
        (voxpopuli, "not in this folder"),
        (babel, "does not fit in a line"),
        (mini_asterisk, "does not fit in a line"),
    ],
)
def test_refused_in_one_line_and_never_run(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path, Path], int],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    status = prepare(tmp_path / "corpus", data)
    told = [row for row in capsys.readouterr().err.splitlines() if "error" in row.lower()]
    for folder in data.glob("*"):  # were anything accepted, stage 3 would run it
        with contextlib.suppress(DataError):
            format_dir(folder, tmp_path / "dump" / folder.name)
    assert not list(tmp_path.rglob("marker"))
    assert not list(data.glob("*/wav.scp"))
    assert status == 1 and len(told) == 1 and message in told[0]


def test_the_command_that_babel_writes_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files may lie in folders of any name."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "it's $(touch marker); `touch marker`"
    folder.mkdir()
    path = folder / "x.sph"
    data = sphere(tone(0.1, 8000), 8000, "shorten")
    path.write_bytes(
        data.replace(b"-s26 pcm,", b"-s27 ulaw,").replace(b"end_head\n ", b"end_head\n")
    )
    (tmp_path / "sph2pipe").write_text('#!/bin/sh\necho "$4" > given\n')
    (tmp_path / "sph2pipe").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    source = babel_prepare.source_of(path)
    write_data_dir(tmp_path / "data", [Utterance("a", "a", source, "uno")], "ka")
    with pytest.raises(DataError, match="1 of 1 utterances"):  # our sph2pipe gives no audio
        format_dir(tmp_path / "data", tmp_path / "dump")
    assert (tmp_path / "given").read_text() == f"{path}\n"
    assert not (tmp_path / "marker").exists()
