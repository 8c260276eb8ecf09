"""Tables, releases, few-shot lists and selection of egs/commonvoice, on small made-up releases."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from corpora.commonvoice import COLUMNS_4, COLUMNS_17, Line, mp3, table

import cv_check_lists
import cv_librispeech
import cv_prepare
from asrkit.data.validate import validate
from asrkit.files import DataError
from cv_languages import locales_of
from cv_lengths import file_seconds, measure, mp3_seconds
from cv_lists import difference, read_lists, resolve
from cv_release import find
from cv_select import select
from cv_tables import Row, clip_name, read_clips, read_durations

SECOND = b"\xff\xfb\x54\xc4" + b"\0" * 7996  # 64 kbit/s, 48 kHz, mono: 8000 bytes are a second


def line(locale: str, number: int, sentence: str = "Una frase.", speaker: str = "s1") -> Line:
    name = f"common_voice_{locale}_{number}"
    return Line(name, speaker, sentence, f"{name}.mp3", 1.0)


def make_release(
    folder: Path, lines: list[Line], columns: list[str] = COLUMNS_4, *, suffix: str = ".mp3"
) -> Path:
    """A release whose clips are a second each; train, dev and test hold one of the first three."""
    (folder / "clips").mkdir(parents=True)
    for one in lines:
        (folder / "clips" / one.file).write_bytes(SECOND)
    parts = {"train": lines[:1], "dev": lines[1:2], "test": lines[2:3], "validated": lines}
    for name, part in {**parts, "other": [], "invalidated": []}.items():
        table(folder / f"{name}.tsv", columns, part, suffix=suffix)
    return folder


def make_lists(folder: Path, train: list[str], valid: list[str], test: list[str]) -> Path:
    """UniSpeech's layout; every clip is labelled ``a b``, its .phone ``a |``."""
    folder.mkdir(parents=True)
    (folder / "phonesMatches_reduced.json").write_text('{"a": 0, "b": 1, "": 2}')
    names = {"trainSeqs_1.0": train, "valSeqs_1.0": valid, "testSeqs": test}
    for start, clips in names.items():
        name = f"{start}_uniform_new_version"
        rows = [f"{clip}.wav\t16000\t16000\n" for clip in clips]
        (folder / f"{name}_16k.tsv").write_text("WAV_PATH\n" + "".join(rows))
        (folder / f"{name}_16k.id").write_text("0 2 1 \n" * len(clips))
        (folder / f"{name}.phone").write_text("a | \n" * len(clips))
        rows = [f'{clip}\t"Un ""altra"" frase."\n' for clip in clips]
        (folder / f"{name}.text").write_text("".join(rows))
    return folder


def names(*numbers: int) -> list[str]:
    return [f"common_voice_it_{number}" for number in numbers]


def prepare(tmp_path: Path, *options: str) -> int:
    places = ["--data", str(tmp_path / "data"), "--downloads", str(tmp_path / "downloads")]
    return cv_prepare.main([*places, *options])


def keys(path: Path) -> list[str]:
    return [row.split()[0].split("-", 1)[1] for row in path.read_text("utf-8").splitlines()]


# -- Tables


@pytest.mark.parametrize("columns", [COLUMNS_4, COLUMNS_17, ["sentence", "path", "client_id"]])
def test_columns_are_found_by_name(columns: list[str], tmp_path: Path) -> None:
    table(tmp_path / "train.tsv", columns, [line("it", 1, 'Un "solo segno')])
    assert list(read_clips(tmp_path / "train.tsv", Counter())) == [
        Row("common_voice_it_1", "s1", 'Un "solo segno')
    ]


def test_a_table_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("path\tsentence\n")
    with pytest.raises(DataError, match=r"train.tsv:1: no column client_id"):
        list(read_clips(tmp_path / "train.tsv", Counter()))


@pytest.mark.parametrize("columns", [COLUMNS_4, COLUMNS_17])
def test_a_tab_in_a_sentence_is_mended_and_counted(columns: list[str], tmp_path: Path) -> None:
    table(tmp_path / "x.tsv", columns, [line("it", 1, "uno\tdue\ttre"), line("it", 2)])
    counts: Counter[str] = Counter()
    rows = list(read_clips(tmp_path / "x.tsv", counts))
    assert [row.sentence for row in rows] == ["uno due tre", "Una frase."]
    assert counts == {"x.tsv: tab in a sentence": 1}


def test_a_row_that_was_cut_is_left_out_and_counted(tmp_path: Path) -> None:
    table(tmp_path / "x.tsv", COLUMNS_4, [line("it", 1)])
    with open(tmp_path / "x.tsv", "a") as stream:
        stream.write("s1\tcommon_voice_it_2.mp3\n\ns1\t\tfrase\t2\t0\t\t\t\n")
    counts: Counter[str] = Counter()
    assert [row.clip for row in read_clips(tmp_path / "x.tsv", counts)] == names(1)
    assert counts == {"x.tsv: broken row": 1, "x.tsv: row without a clip": 1}


def test_bom_line_ends_and_separators_inside_sentences(tmp_path: Path) -> None:
    text = "\ufeffclient_id\tpath\tsentence\r\ns1\tclips/common_voice_it_1\tuno\u2028due\r\n"
    (tmp_path / "x.tsv").write_text(text, "utf-8", newline="")
    assert list(read_clips(tmp_path / "x.tsv", Counter())) == [
        Row("common_voice_it_1", "s1", "uno\u2028due")
    ]


def test_clip_names() -> None:
    for path in ("a_1.mp3", "clips/a_1.MP3", "a_1", "it/clips/a_1.wav"):
        assert clip_name(path) == "a_1"
    assert clip_name("v1.2") == "v1.2"


@pytest.mark.parametrize(
    "head, unit", [("clip\tduration[ms]\n", 1), ("duration_ms\tclip\n", 1), ("", 1),
                   ("path\tduration[s]\n", 1000)],
)  # fmt: skip
def test_durations_whatever_their_header(head: str, unit: int, tmp_path: Path) -> None:
    row = f"{1500 // unit if unit == 1 else 1.5}\ta_1.mp3\n"
    if not head.startswith("duration"):
        row = "\t".join(reversed(row.strip().split("\t"))) + "\n"
    (tmp_path / "clip_durations.tsv").write_text(head + row)
    assert read_durations(tmp_path) == {"a_1": 1.5}


def test_times_txt_and_no_table(tmp_path: Path) -> None:
    assert read_durations(tmp_path) == {}
    (tmp_path / "times.txt").write_text("a_1.mp3 2500\n")
    assert read_durations(tmp_path) == {"a_1": 2.5}
    (tmp_path / "times.txt").write_text("a_1.mp3 2500\na_2.mp3 long\n")
    with pytest.raises(DataError, match=r"times.txt:2"):
        read_durations(tmp_path)


# -- Lengths


@pytest.mark.parametrize("rate, channels", [(48000, 1), (44100, 2), (16000, 1)])
def test_length_from_the_head_of_an_mp3(rate: int, channels: int) -> None:
    samples = np.zeros((channels, 2 * rate), np.float32)
    data = mp3(samples, rate)
    assert mp3_seconds(data[:4096], len(data)) == pytest.approx(2, abs=0.15)
    assert mp3_seconds(SECOND, 3 * len(SECOND)) == pytest.approx(3)
    assert mp3_seconds(b"ID3\4\0\0\0\0\0\x0a" + b"\0" * 10 + SECOND, 8020) == pytest.approx(1)


def test_what_is_no_mp3_has_no_length(tmp_path: Path) -> None:
    assert mp3_seconds(b"<html>", 6) is None
    (tmp_path / "a.mp3").write_bytes(b"<html>")
    (tmp_path / "b.mp3").write_bytes(b"")
    assert file_seconds(tmp_path / "a.mp3") == file_seconds(tmp_path / "b.mp3") == 0


def test_lengths_are_measured_once(tmp_path: Path) -> None:
    files = {"a": tmp_path / "a.mp3", "b": tmp_path / "b.mp3", "c": tmp_path / "c.mp3"}
    for path in files.values():
        path.write_bytes(SECOND)
    files["c"].write_bytes(b"")
    known, cache = {"b": 5.0, "c": 5.0, "gone": 5.0}, tmp_path / "seconds.tsv"
    wanted = {"a": 1.0, "b": 5.0, "c": 0.0}
    assert measure([*files, "gone"], files, known, cache) == wanted
    files["a"].write_bytes(b"")
    assert measure(files, files, known, cache) == wanted


# -- Releases


@pytest.mark.parametrize(
    "place, version",
    [
        ("cv-corpus-6.1-2020-12-11/it", "6.1"),
        ("cv-corpus-17.0-2024-03-15-it/cv-corpus-17.0-2024-03-15/it", "17.0"),
        ("cv-corpus-3_it", "3"),
        ("it", ""),
        (".", ""),
    ],
)
def test_a_release_is_found_wherever_its_folders_begin(
    place: str, version: str, tmp_path: Path
) -> None:
    folder = make_release(tmp_path / "corpus" / place, [line("it", n) for n in range(3)])
    release = find(tmp_path / "corpus", "it", unpack_to=tmp_path)
    assert (release.folder.resolve(), release.version) == (folder.resolve(), version)


def test_two_releases_are_not_mixed(tmp_path: Path) -> None:
    for version in ("5.1", "6.1"):
        make_release(tmp_path / f"cv-corpus-{version}-2020/it", [line("it", 1)])
    with pytest.raises(DataError, match=r"several releases hold it.*--release"):
        find(tmp_path, "it", unpack_to=tmp_path)
    assert find(tmp_path, "it", version="5.1", unpack_to=tmp_path).version == "5.1"
    with pytest.raises(DataError, match=r"no release 4 of it; there is 5.1, 6.1"):
        find(tmp_path, "it", version="4", unpack_to=tmp_path)


def test_archives_are_unpacked_elsewhere_and_once(tmp_path: Path) -> None:
    source = make_release(tmp_path / "made/cv-corpus-7.0-2021/sv-SE", [line("sv-SE", 1)])
    (tmp_path / "corpus").mkdir()
    archive = tmp_path / "corpus/cv-corpus-7.0-2021-sv-SE.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(source, "cv-corpus-7.0-2021/sv-SE")
    for corpus in (tmp_path / "corpus", archive):
        release = find(corpus, "sv-SE", unpack_to=tmp_path / "downloads")
        assert release.version == "7.0" and (tmp_path / "downloads") in release.folder.parents
    assert sorted(p.name for p in (tmp_path / "corpus").iterdir()) == [archive.name]
    with pytest.raises(DataError, match="no release of it"):
        find(archive, "it", unpack_to=tmp_path / "downloads")


def test_what_is_no_whole_release_is_refused(tmp_path: Path) -> None:
    make_release(tmp_path / "a/cv-corpus-10.0-delta-2022-07-04/it", [line("it", 1)])
    with pytest.raises(DataError, match="the part delta of a release"):
        find(tmp_path / "a", "it", unpack_to=tmp_path)
    make_release(tmp_path / "a/cv-corpus-10.0-2022-07-04/it", [line("it", 1)])
    assert find(tmp_path / "a", "it", unpack_to=tmp_path).folder.parent.name.endswith(
        "0-2022-07-04"
    )
    (tmp_path / "b").mkdir()
    (tmp_path / "b/ss-corpus-it.tsv").touch()
    with pytest.raises(DataError, match="Spontaneous Speech"):
        find(tmp_path / "b", "it", unpack_to=tmp_path)
    with pytest.raises(DataError, match="no such folder or archive"):
        find(tmp_path / "c", "it", unpack_to=tmp_path)


def test_locales() -> None:
    assert locales_of("sv") == ["sv-SE"] and locales_of("zh") == ["zh-CN"]
    assert locales_of("zh", "zh-CN,zh-TW") == ["zh-CN", "zh-TW"]
    assert locales_of("it", "zh-CN,zh-TW") == ["it"]
    with pytest.raises(ValueError, match="no locale"):
        locales_of("it", "../it")


# -- Selection


def test_so_many_hours_by_rule_and_seed() -> None:
    rows = [Row(f"c{n}", f"s{n % 7}", "x") for n in range(100)]
    seconds = {row.clip: 36.0 for row in rows[:-2]} | {"c98": 0.0}
    held_out = {"c0": "in dev or test", "c1": "in a few-shot list"}
    chosen = {
        hours: select(rows, seconds, held_out, hours=hours, max_seconds=60)
        for hours in (0, 0.2, 0.5)
    }
    assert [len(chosen[hours].rows) for hours in (0, 0.2, 0.5)] == [96, 20, 50]
    assert set(chosen[0.2].rows) < set(chosen[0.5].rows) < set(chosen[0].rows)
    assert dict(chosen[0.5].left_out) == {
        "in dev or test": 1, "in a few-shot list": 1, "empty or unreadable file": 1,
        "no audio file": 1,
    }  # fmt: skip
    again = select(reversed(rows), seconds, held_out, hours=0.5, max_seconds=60)
    assert again.rows == chosen[0.5].rows
    other = select(rows, seconds, held_out, hours=0.5, seed=1, max_seconds=60)
    assert other.rows != chosen[0.5].rows
    assert not chosen[0.5].short() and select(rows, seconds, {}, hours=5).short()


# -- Few-shot lists


def test_both_layouts_say_the_same(tmp_path: Path) -> None:
    folder = make_lists(tmp_path / "a/it", names(1, 2), names(3), names(4))
    (tmp_path / "b").mkdir()
    with tarfile.open(tmp_path / "b/common_voices_splits.tar.gz", "w:gz") as tar:
        for split, clips in (("trainSeqs_1.0", (1, 2)), ("valSeqs_1.0", (3,)), ("testSeqs", (4,))):
            path = tmp_path / "b" / f"{split}_uniform_new_version.txt"
            path.write_text("\n".join(names(*clips)))
            tar.add(path, f"common_voices_splits/it/{path.name}")
        (tmp_path / "b/labels").write_text("".join(f"{name} 0 1\n" for name in names(1, 2, 3, 4)))
        tar.add(tmp_path / "b/labels", "common_voices_splits/it/validated_phones_reduced.txt")
        tar.add(
            folder / "phonesMatches_reduced.json",
            "common_voices_splits/it/phonesMatches_reduced.json",
        )
    first = read_lists(tmp_path / "a", ["it"])
    second = read_lists(tmp_path / "b/common_voices_splits.tar.gz", ["it"])
    assert first is not None and second is not None
    assert (
        first.splits == second.splits == {"train": names(1, 2), "valid": names(3), "test": names(4)}
    )
    assert first.phones == second.phones == {key: ["a", "b"] for key in names(1, 2, 3, 4)}
    assert first.texts["common_voice_it_1"] == 'Un "altra" frase.'
    assert first.seconds["common_voice_it_4"] == 1
    assert read_lists(tmp_path / "a", ["fr"]) is None


def test_labels_that_do_not_belong_to_the_clips_are_refused(tmp_path: Path) -> None:
    folder = make_lists(tmp_path / "it", names(1, 2), names(3), names(4))
    labels = folder / "trainSeqs_1.0_uniform_new_version_16k.id"
    labels.write_text("0 1\n")
    with pytest.raises(DataError, match="has 1 lines for 2 clips"):
        read_lists(tmp_path, ["it"])
    labels.write_text("0 1\n0 7\n")
    with pytest.raises(DataError, match=r"id:2: a label that phonesMatches_reduced.json lacks"):
        read_lists(tmp_path, ["it"])


def test_a_missing_list_and_a_clip_in_two_lists_are_refused(tmp_path: Path) -> None:
    folder = make_lists(tmp_path / "it", names(1, 2), names(2), names(4))
    with pytest.raises(DataError, match="1 clips stand in two lists"):
        read_lists(tmp_path, ["it"])
    with pytest.raises(DataError, match=r"no list trainSeqs_5.0_uniform_new_version.txt"):
        read_lists(tmp_path, ["it"], train_hours=5)
    (folder / "phonesMatches_reduced.json").write_text("[]")
    with pytest.raises(DataError, match="not phones to numbers"):
        read_lists(tmp_path, ["it"])


def test_difference_is_an_error_rate_over_the_first_labels() -> None:
    first = {"a": ["x", "y"], "b": ["x", "x"], "c": ["z"]}
    second = {"a": ["x", "y"], "b": ["x", "q", "q"], "d": ["z"]}
    found = difference("abcd", first, second)
    assert found == (2, 1, 2, 4) and found.rate == 50


def test_the_resolver_reports_and_refuses(tmp_path: Path) -> None:
    make_lists(tmp_path / "it", names(1, 2), names(3), names(4))
    lists = read_lists(tmp_path, ["it"])
    assert lists is not None
    there = dict.fromkeys(names(1, 3, 4), tmp_path)
    matches = resolve(lists, there, min_matched=0.5, allow_missing=False)
    assert (matches["train"].matched, matches["train"].missing) == (names(1), names(2))
    with pytest.raises(
        DataError, match=r"train: 1 of 2 clips \(50.0 %\); missing: common_voice_it_2"
    ):
        resolve(lists, there, min_matched=0.95, allow_missing=False)
    assert resolve(lists, there, min_matched=0.95, allow_missing=True) == matches
    with pytest.raises(DataError, match=r"test: 0 of 1 clips"):
        resolve(lists, dict.fromkeys(names(1, 2, 3)), min_matched=0.95, allow_missing=True)


# -- The program


def test_few_shot_folders_and_what_is_left_to_pre_train_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line("it", n, f"Frase {'abcdefghij'[n]}!", f"s{n % 3}") for n in range(10)]
    lines[8] = lines[8]._replace(sentence="")
    release = make_release(tmp_path / "cv-corpus-4-2019-12-10/it", lines)
    (release / "clips/common_voice_it_9.mp3").rename(release / "clips/common_voice_it_9.MP3")
    (release / "clips/common_voice_it_7.mp3").write_bytes(b"")
    make_lists(tmp_path / "lists/it", names(3, 7), names(4), names(5))
    options = [
        "--lang",
        "it",
        "--corpus",
        str(tmp_path),
        "--fewshot_lists",
        str(tmp_path / "lists"),
    ]
    assert prepare(tmp_path, *options) == 1
    assert "train: 1 of 2 clips" in capsys.readouterr().err
    assert not (tmp_path / "data/it_train").exists()

    assert prepare(tmp_path, *options, "--allow_missing", "true") == 0
    said = capsys.readouterr().out
    assert "it: train: the lists' .phone differ from their .id by 50.00 % (1 of 1 clips)" in said
    assert "3 sentences of the lists read otherwise in the release" in said
    data = tmp_path / "data"
    for part in ("train", "valid", "test", "pretrain"):
        assert not validate(data / f"it_{part}").errors
    assert keys(data / "it_train/text") == names(3)
    assert (data / "it_train/text").read_text().split()[1:] == ["frase", "d"]
    assert (data / "it_test/text.lists").read_text().split()[1:] == ["a", "b"]
    assert (data / "local/it_fewshot_missing.txt").read_text() == "train common_voice_it_7\n"
    # 0 to 2 are train, dev and test; 3 to 5 and 7 are in the lists; 8 has no sentence.
    assert sorted(keys(data / "it_pretrain/text")) == names(0, 6, 9)
    assert (data / "it_pretrain/wav.scp").read_text().count(".MP3") == 1
    record = json.loads((data / "it_pretrain/selection.json").read_text())
    assert record["hours_wanted"] == 90 and record["clips"] == 3
    assert record["release"] == "Common Voice 4 it"
    assert record["left_out"] == {"in a few-shot list": 4, "in dev or test": 2, "no sentence": 1}


def test_official_splits_and_the_labels_of_an_earlier_run(tmp_path: Path) -> None:
    lines = [line("it", n, "Frase.", f"s{n}") for n in range(4)]
    make_release(tmp_path / "it", lines)
    make_lists(tmp_path / "lists/it", names(0), names(1), names(2))
    options = ["--lang", "it", "--corpus", str(tmp_path), "--parts", "labelled"]
    assert prepare(tmp_path, *options, "--fewshot_lists", str(tmp_path / "lists")) == 0
    assert (tmp_path / "data/it_train/text.lists").exists()
    assert prepare(tmp_path, *options, "--splits", "official") == 0
    assert not (tmp_path / "data/it_train/text.lists").exists()
    for number, split in enumerate(("train", "valid", "test")):
        assert keys(tmp_path / f"data/it_{split}/text") == names(number)


def test_listed_clips_are_held_out_of_pre_training_with_official_splits_too(tmp_path: Path) -> None:
    make_release(tmp_path / "it", [line("it", n) for n in range(6)])
    make_lists(tmp_path / "lists/it", names(3), names(4), names(0))
    options = ["--lang", "it", "--corpus", str(tmp_path), "--splits", "official"]
    assert prepare(tmp_path, *options, "--parts", "pretrain") == 0
    assert sorted(keys(tmp_path / "data/it_pretrain/text")) == names(0, 3, 4, 5)
    options += ["--fewshot_lists", str(tmp_path / "lists")]
    assert prepare(tmp_path, *options, "--parts", "pretrain") == 0
    assert sorted(keys(tmp_path / "data/it_pretrain/text")) == names(5)


def test_digits_are_left_out_of_official_splits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line("en", n, sentence) for n, sentence in enumerate(("Room 12.", "Two.", "Three."))]
    folder = make_release(tmp_path / "en", lines)
    table(folder / "train.tsv", COLUMNS_4, [lines[0], line("en", 3), line("en", 4, "...")])
    (folder / "clips/common_voice_en_3.mp3").write_bytes(SECOND)
    options = ["--lang", "en", "--corpus", str(tmp_path), "--parts", "labelled"]
    assert prepare(tmp_path, *options) == 0
    assert "1 clips; left out: 1 digits, 1 no audio" in capsys.readouterr().out
    assert prepare(tmp_path, *options, "--digits", "keep") == 0
    assert len(keys(tmp_path / "data/en_train/text")) == 2


def test_hours_of_the_parts(tmp_path: Path) -> None:
    assert cv_prepare.hours_of("pretrain", "fr") == 353
    assert cv_prepare.hours_of("pretrain", "en") == 557
    assert cv_prepare.hours_of("pretrain_1350h", "en") == 1350
    assert cv_prepare.hours_of("pretrain", "de") == 0  # all there are
    assert prepare(tmp_path, "--lang", "en", "--parts", "pretrain_much") == 1


def test_what_is_not_given_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(tmp_path, "--lang", "it", "--corpus", str(tmp_path)) == 1
    assert "where are the few-shot lists? Give --fewshot_lists" in capsys.readouterr().err
    assert prepare(tmp_path, "--lang", "en") == 1
    assert "where is Common Voice? Give --corpus" in capsys.readouterr().err
    (tmp_path / "urls").write_text("# links\nen https://x.org/en.tar.gz more\n")
    assert prepare(tmp_path, "--lang", "en", "--urls", str(tmp_path / "urls")) == 1
    assert "urls:2: write a language and a link" in capsys.readouterr().err
    (tmp_path / "urls").write_text("it https://x.org/it.tar.gz\n")
    assert prepare(tmp_path, "--lang", "en", "--urls", str(tmp_path / "urls")) == 1
    assert "no line for en" in capsys.readouterr().err


def test_an_archive_that_is_there_is_not_fetched(tmp_path: Path) -> None:
    source = make_release(tmp_path / "made/en", [line("en", n) for n in range(3)])
    (tmp_path / "downloads").mkdir()
    with tarfile.open(tmp_path / "downloads/cv-corpus-9.0-en.tar.gz", "w:gz") as tar:
        tar.add(source, "cv-corpus-9.0/en")
    (tmp_path / "urls").write_text("en http://127.0.0.1:9/cv-corpus-9.0-en.tar.gz?signature=1\n")
    options = ["--lang", "en", "--urls", str(tmp_path / "urls"), "--parts", "labelled"]
    assert prepare(tmp_path, *options) == 0
    assert len(keys(tmp_path / "data/en_test/text")) == 1


def test_check_of_lists_tells_what_is_not_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lists(tmp_path / "it", names(1, 2), names(3), names(4))
    assert cv_check_lists.main(["--fewshot_lists", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "| it | train | 2 | 0.001 | 4 | 3, 0 | 50.00 % (2 of 2 clips) | - |" in said.out
    assert "it: clips: (2, 1, 1), published (720, 223, 706)" in said.err


def test_librispeech_of_m_cpc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chapter = tmp_path / "LibriSpeech/train-clean-100/103/1240"
    chapter.mkdir(parents=True)
    (chapter / "103-1240.trans.txt").write_text("103-1240-0000 IT'S ONE\n103-1240-0001 GONE\n")
    (chapter / "103-1240-0000.flac").write_bytes(b"fLaC")
    options = ["--corpus", str(tmp_path / "LibriSpeech"), "--data", str(tmp_path / "data")]
    assert cv_librispeech.main([*options, "--part", "librispeech_100h"]) == 0
    text = (tmp_path / "data/en_librispeech_100h/text").read_text()
    assert text == "ls_103-1240-0000 it's one\n"
    assert "1 utterances, 1 without a file: ['103-1240-0001']" in capsys.readouterr().out
    assert cv_librispeech.main([*options, "--part", "librispeech_360h"]) == 1
    assert "no train-clean-360" in capsys.readouterr().err
