"""Fetching, help text and splits of egs/mini_asterisk, on a corpus made here."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import fetch
import help_text
import prepare
from asrkit.files import DataError

LOCAL = Path(fetch.__file__).parent
ROOT = LOCAL.parents[3]


def corpus(downloads: Path, prompts: dict[str, tuple[str, float]], lang: str = "it") -> None:
    """A corpus as Debian's packages unpack it: texts, and G.722 files of the given seconds."""
    texts = downloads / f"asterisk-core-sounds-{lang}/usr/share/doc/asterisk-core-sounds-{lang}"
    speech = downloads / f"asterisk-core-sounds-{lang}-g722/usr/share/asterisk/sounds/it_IT_m_Carlo"
    texts.mkdir(parents=True)
    lines = [f"{key}: {text}" for key, (text, _) in prompts.items()]
    (texts / f"core-sounds-{lang}.txt").write_text("; comment\n" + "\n".join(lines) + "\n", "utf-8")
    for key, (_, seconds) in prompts.items():
        path = speech / f"{key}.g722"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff" * round(seconds * 8000))


def read(path: Path) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in path.read_text("utf-8").splitlines())


def test_split_is_a_tenth_a_tenth_and_the_rest_and_never_moves() -> None:
    parts = [prepare.split_of(f"sentence {number}") for number in range(5000)]
    assert 0.08 < parts.count("test") / 5000 < 0.12
    assert 0.08 < parts.count("valid") / 5000 < 0.12
    assert prepare.split_of("attivato", "salt") == prepare.split_of("attivato", "salt")


def test_prepare_writes_disjoint_sorted_folders(tmp_path: Path) -> None:
    words = ["uno", "due", "tre", "quattro", "cinque", "sei", "sette"]
    prompts = {"vm-goodbye": ("Arrivederci", 1.0)}
    prompts |= {f"x/{a}-{b}": (f"{a} {b}.", 1.0) for a in words for b in words}
    prompts |= {f"again-{a}": (f"{a.upper()} due!", 1.0) for a in words}
    prompts |= {"beep": ("[beep]", 1.0), "fast": ("molte parole in niente tempo", 0.1)}
    corpus(tmp_path / "downloads", prompts)
    data = tmp_path / "data"
    arguments = ["--lang", "it", "--downloads", str(tmp_path / "downloads"), "--data", str(data)]
    assert prepare.main(arguments) == 0
    seen: dict[str, str] = {}
    keys = []
    for split in prepare.SPLITS:
        texts = read(data / f"it_{split}/text")
        keys += texts
        assert list(texts) == sorted(texts, key=str.encode)
        assert list(read(data / f"it_{split}/wav.scp")) == list(texts)
        assert set(read(data / f"it_{split}/utt2lang").values()) == {"it"}
        for words_said in texts.values():
            assert seen.setdefault(words_said, split) == split
    assert len(keys) == len(set(keys)) == 57
    assert all(key.startswith("it_carlo-") and "/" not in key for key in keys)
    before = (data / "it_train/text").read_bytes()
    assert prepare.main(arguments) == 0
    assert (data / "it_train/text").read_bytes() == before


def test_prepare_keeps_held_out_sentences_from_the_language_model(tmp_path: Path) -> None:
    prompts = {
        f"p{n}": (f"frase numero {chr(97 + n % 26)}{chr(97 + n // 26)}", 2.0) for n in range(60)
    }
    corpus(tmp_path, {"vm-goodbye": ("Arrivederci", 1.0), **prompts})
    sentences = [text for text, _ in prompts.values()]
    (tmp_path / "help.txt").write_text(
        "\n".join([*sentences, "altra frase ancora"]) + "\n", "utf-8"
    )
    arguments = ["--lang", "it", "--downloads", str(tmp_path), "--data", str(tmp_path / "data")]
    assert prepare.main([*arguments, "--help_text", str(tmp_path / "help.txt")]) == 0
    kept = set((tmp_path / "data/lm_text/it.txt").read_text("utf-8").splitlines())
    held_out = {
        text
        for split in ("valid", "test")
        for text in read(tmp_path / f"data/it_{split}/text").values()
    }
    assert held_out and not kept & held_out
    assert "altra frase ancora" in kept


def test_prepare_without_corpus_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        prepare.main(["--lang", "it", "--downloads", str(tmp_path), "--data", str(tmp_path / "d")])
        == 1
    )
    assert "run local/fetch.py --lang it" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_help_sentences() -> None:
    page = """<html><head><title>Un titolo lungo qui</title>
    <script>var a = "non questo testo qui";</script></head>
    <body><p>Fate clic su <b>Apri file</b> per aprire. È l&rsquo;ultima frase qui.</p>
    <ul><li>Uno due</li><li>Premete il tasto 5 adesso</li><li>x = y + z non va</li></ul>
    <p>Русский текст не здесь</p><footer><p>Help content debug info</p></footer></body></html>"""
    assert list(help_text.sentences(page, "it")) == [
        "fate clic su apri file per aprire",
        "è l'ultima frase qui",
    ]


def test_help_text_leaves_out_what_is_untranslated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {
        "en": "<p>The users\u2019 file opens. Click OK again. See the caf\u00e9 here.</p>",
        "es": "El archivo se abre.<p>The users\u2019 file opens.<p>See the caf\u00e9 here!",
    }
    for lang, page in pages.items():
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "1.html").write_text(page, "utf-8")
    out = tmp_path / "es.txt"
    spanish = ["--lang", "es", "--help_dir", str(tmp_path / "es"), "--output", str(out)]
    assert help_text.main(spanish) == 1
    assert "--english_dir" in capsys.readouterr().err and not out.exists()
    assert help_text.main([*spanish, "--english_dir", str(tmp_path / "en")]) == 0
    assert out.read_text("utf-8") == "el archivo se abre\n"
    assert "1 sentences; 2 untranslated ones left out" in capsys.readouterr().out
    out.unlink()
    assert help_text.main([*spanish, "--english_dir", str(tmp_path / "es")]) == 1
    assert not out.exists()


def test_help_text_limits_and_duplicates(tmp_path: Path) -> None:
    for folder in ("a", "en"):
        (tmp_path / folder).mkdir()
    (tmp_path / "en/1.html").write_text("<p>Three words here.</p>", "utf-8")
    long = " ".join(["parola"] * 41)
    for name in ("1.html", "b/2.html"):
        (tmp_path / "a/b").mkdir(exist_ok=True)
        (tmp_path / "a" / name).write_text(
            f"<p>Tre parole qui.</p><p>{long}</p><p>Due parole.</p>", "utf-8"
        )
    out = tmp_path / "out/it.txt"
    italian = ["--lang", "it", "--english_dir", str(tmp_path / "en"), "--output", str(out)]
    assert help_text.main([*italian, "--help_dir", str(tmp_path / "a")]) == 0
    assert out.read_text("utf-8") == "tre parole qui\n"
    assert help_text.main([*italian, "--help_dir", str(tmp_path / "out")]) == 1


def fake_apt(folder: Path, script: str) -> dict[str, str]:
    """An environment whose apt-get and apt-cache are the given script."""
    folder.mkdir()
    for name in ("apt-get", "apt-cache"):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def test_offline_apt_says_what_to_do_and_leaves_nothing(tmp_path: Path) -> None:
    env = fake_apt(tmp_path / "bin", 'echo "E: Could not resolve mirror.example" >&2; exit 100')
    command = [sys.executable, str(LOCAL / "fetch.py"), "--lang", "it", "--source", "debian"]
    done = subprocess.run(
        [*command, "--downloads", str(tmp_path / "d")], env=env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "error: apt cannot find asterisk-core-sounds-it" in done.stderr
    assert "offline" in done.stderr and "by hand" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "d").iterdir()] == [".apt"]


def test_wrong_checksum_is_refused(tmp_path: Path) -> None:
    script = 'case "$*" in *show*) echo "SHA256: 0000";; *download*) echo bad >x_1_all.deb;; esac'
    env = fake_apt(tmp_path / "bin", script)
    command = [sys.executable, str(LOCAL / "fetch.py"), "--lang", "it", "--source", "debian"]
    done = subprocess.run(
        [*command, "--downloads", str(tmp_path / "d")], env=env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "SHA-256" in done.stderr
    assert not list((tmp_path / "d").glob("*.deb"))


def test_users_broken_package_is_named_and_kept(tmp_path: Path) -> None:
    deb = tmp_path / "asterisk-core-sounds-it_1_all.deb"
    deb.write_bytes(b"broken")
    with pytest.raises(DataError, match="move the file away"):
        fetch.fetch_debian("asterisk-core-sounds-it", tmp_path, fetch.Apt(tmp_path / ".apt"))
    assert deb.read_bytes() == b"broken"
    assert [path.name for path in tmp_path.iterdir()] == [deb.name]


def test_offline_http_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "URL", "http://127.0.0.1:9/nothing")
    with pytest.raises(DataError, match="online"):
        fetch.fetch_http("asterisk-core-sounds-it-g722", tmp_path)
    assert not (tmp_path / "asterisk-core-sounds-it-g722").exists()


def test_tarball_of_the_user_is_used_and_checked(tmp_path: Path) -> None:
    (tmp_path / "hello.g722").write_bytes(b"\xff" * 100)
    tarball = tmp_path / "asterisk-core-sounds-it-g722-1.6.1.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(tmp_path / "hello.g722", "hello.g722")
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    fetch.fetch("it", tmp_path, "http", lm_text=False)
    assert (tmp_path / "asterisk-core-sounds-it-g722/hello.g722").read_bytes() == b"\xff" * 100
    assert hashlib.sha256(tarball.read_bytes()).hexdigest() == digest
    tarball.write_bytes(b"no archive")
    (tmp_path / "asterisk-core-sounds-it-g722/hello.g722").unlink()
    (tmp_path / "asterisk-core-sounds-it-g722").rmdir()
    with pytest.raises(DataError, match="cannot be unpacked"):
        fetch.fetch_http("asterisk-core-sounds-it-g722", tmp_path)
