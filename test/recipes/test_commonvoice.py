"""Tables, lengths and releases as egs/commonvoice reads them, on small made-up releases."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from commonvoice_tiny import SECOND, line, make_release, names
from corpora.commonvoice import COLUMNS_4, COLUMNS_17, mp3, table

from asrkit.files import DataError
from cv_languages import locales_of
from cv_lengths import file_seconds, measure, mp3_seconds
from cv_release import find
from cv_tables import Row, clip_name, read_clips, read_durations

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


def packed(archive: Path, tree: str, locale: str = "it") -> Path:
    """An archive of a release; `tree` is the folder in it."""
    source = archive.parent.parent / "made" / archive.parent.name / archive.name
    make_release(source, [line(locale, n) for n in range(3)])
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(source, f"{tree}/{locale}")
    return archive


def test_archives_of_two_releases_with_one_name_are_not_taken_for_each_other(
    tmp_path: Path,
) -> None:
    trees = [f"cv-corpus-{version}-2020" for version in ("5.1", "6.1")]
    archives = [packed(tmp_path / f"corpus/{tree}/it.tar.gz", tree) for tree in trees]
    found = [find(one, "it", unpack_to=tmp_path / "down").version for one in archives]
    assert found == ["5.1", "6.1"]
    whole = find(tmp_path / "corpus", "it", version="5.1", unpack_to=tmp_path / "down")
    assert whole.version == "5.1"


def test_archives_of_parts_and_of_longer_locales_are_passed_over(tmp_path: Path) -> None:
    for tree, locale in (
        ("cv-corpus-17.0-2024-03-15", "tw"),
        ("cv-corpus-17.0-2024-03-15", "nan-tw"),
        ("cv-corpus-17.0-delta-2024-03-15", "tw"),
    ):
        packed(tmp_path / f"corpus/{tree}-{locale}.tar.gz", tree, locale)
    release = find(tmp_path / "corpus", "tw", unpack_to=tmp_path / "down")
    assert release.folder.parent.name == "cv-corpus-17.0-2024-03-15"


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
    assert locales_of("yue") == ["yue"] and locales_of("yue", "yue,zh-HK") == ["yue", "zh-HK"]
    assert locales_of("zh-HK", "zh-HK") == ["zh-HK"] == locales_of("zh-HK")
    assert locales_of("it", "zh-CN,zh-TW", skip_others=True) == ["it"]
    assert locales_of("zh", "zh-TW,zh-HK", skip_others=True) == ["zh-TW"]


@pytest.mark.parametrize(
    ("lang", "given", "owner"),
    [("it", "zh-CN,zh-TW", "zh"), ("zh", "zh-CN,zh-HK", "yue"), ("yue", "zh-TW", "zh")],
)
def test_locales_of_another_language_are_refused(lang: str, given: str, owner: str) -> None:
    with pytest.raises(DataError, match=f"is of the language {owner}, not of {lang}"):
        locales_of(lang, given)


def test_a_locale_is_no_path() -> None:
    with pytest.raises(DataError, match="not a locale"):
        locales_of("it", "../it")
