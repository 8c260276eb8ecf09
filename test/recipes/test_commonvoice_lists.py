"""Few-shot lists: small ones, and the published ones where CV_FEWSHOT names them."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from commonvoice_tiny import make_lists, names

import cv_check_lists
from asrkit.files import DataError
from cv_lists import difference, read_lists, resolve

LISTS = Path(os.environ.get("CV_FEWSHOT", "/nowhere"))
# Percent of the test labels by which .phone differs from .id.
SECOND = {"es": 0, "fr": 2.0, "it": 1.5, "ky": 0, "nl": 0.07, "ru": 11.95, "sv": 0}


@pytest.mark.skipif(not LISTS.exists(), reason="CV_FEWSHOT names no few-shot lists")
def test_counts_of_the_published_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert cv_check_lists.main(["--fewshot_lists", str(LISTS)]) == 0, capsys.readouterr().err


@pytest.mark.skipif(not LISTS.exists(), reason="CV_FEWSHOT names no few-shot lists")
@pytest.mark.parametrize("lang", SECOND)
def test_hours_and_the_two_labelings_of_the_published_lists(lang: str) -> None:
    lists = read_lists(LISTS, [lang])
    if lists is None:
        pytest.skip(f"no {lang} in {LISTS}")
    clips = lists.splits["test"]
    assert difference(clips, lists.phones, lists.second).rate == pytest.approx(
        SECOND[lang], abs=0.05
    )
    hours = {
        name: sum(lists.seconds[clip] for clip in part) / 3600
        for name, part in lists.splits.items()
    }
    assert hours["train"] == pytest.approx(0.99, abs=0.011)
    assert hours["valid"] == pytest.approx(0.297, abs=0.004)
    assert hours["test"] == pytest.approx(0.99, abs=0.011)
    assert all(lists.phones[clip] for clip in lists.clips)


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
    with pytest.raises(DataError, match=r"id:2: a label that is not in phonesMatches_reduced.json"):
        read_lists(tmp_path, ["it"])


def test_a_missing_list_and_a_clip_in_two_lists_are_refused(tmp_path: Path) -> None:
    folder = make_lists(tmp_path / "it", names(1, 2), names(2), names(4))
    with pytest.raises(DataError, match="1 clips are in two lists"):
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


def test_check_of_lists_tells_what_is_not_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lists(tmp_path / "it", names(1, 2), names(3), names(4))
    assert cv_check_lists.main(["--fewshot_lists", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "| it | train | 2 | 0.001 | 4 | 3, 0 | 50.00 % (2 of 2 clips) | - |" in said.out
    assert "it: clips: (2, 1, 1), published (720, 223, 706)" in said.err
