"""BABEL: language packs, release roots of every naming, conversation sides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import babel_packs
from asrkit.files import DataError

RECIPE = Path(babel_packs.__file__).parents[1]


# -- Language packs


def test_all_packs_and_their_roles() -> None:
    packs = babel_packs.read_packs()
    assert len(packs) == 25 and len({pack.pack for pack in packs}) == 25
    assert all(re.fullmatch("[a-z]{2,3}", pack.lang) for pack in packs)
    assert all(re.fullmatch("[a-z]{3}", pack.iso639_3) for pack in packs)
    assert all(pack.prefix.endswith(f"_{pack.pack}") for pack in packs)
    roles = {role: {p.lang for p in packs if p.role == role} for role in ("pretrain", "transfer")}
    assert roles["pretrain"] == set("bn zh ka ht ku ps ta tr tpi vi".split())
    assert roles["transfer"] == set("as tl sw lo".split())
    assert sum(pack.xlsr53 for pack in packs) == 17
    assert {p.lang for p in packs if p.role != "-"} <= {p.lang for p in packs if p.xlsr53}
    assert sum(pack.romanized for pack in packs) == 11
    georgian = packs[-1]
    assert (georgian.train, georgian.llp, georgian.untranscribed, georgian.dev) == (
        518,
        124,
        535,
        124,
    )
    assert babel_packs.find_pack("101").prefix == "BABEL_BP_101"  # not OP1


def test_run_sh_names_the_languages_of_the_table() -> None:
    text = (RECIPE / "run.sh").read_text("utf-8")
    found = re.search(r'languages="([a-z ]+)" pretrain_languages="([a-z ]+)"', text)
    assert found is not None
    packs = babel_packs.read_packs()
    assert set(found[2].split()) == {p.lang for p in packs if p.role == "pretrain"}
    assert set(found[1].split()) == {p.lang for p in packs if p.paper_hours is not None}


@pytest.mark.parametrize("name", ["404", "georgian", "ka", "kat", "KA"])
def test_a_pack_by_any_name(name: str) -> None:
    assert babel_packs.find_pack(name).pack == "404"


def test_a_language_that_babel_does_not_have() -> None:
    with pytest.raises(DataError, match=r"no language 'it'; it has .*ka \(404-georgian\)"):
        babel_packs.find_pack("it")


# -- Release roots


def release(
    root: Path, name: str, pack: str = "BABEL_OP3_404", parts: str = "training dev"
) -> Path:
    for part in parts.split():
        folder = root / name / "conversational" / part / "transcription"
        folder.mkdir(parents=True)
        (folder / f"{pack}_10161_20130112_103010_inLine.txt").write_text("[0.0]\na\n[1.0]\n")
    return root / name


@pytest.mark.parametrize(
    "name",
    [
        "release-current",
        "release-current-b",
        "IARPA-babel404b-v1.0a-build/BABEL_OP3_404",
        "release-babel404b-v1.0a-build/BABEL_OP3_404",
        "404-georgian/LDC2016S12/IARPA_BABEL_OP3_404",
        ".",
    ],
)
def test_release_roots_of_every_naming(tmp_path: Path, name: str) -> None:
    root = release(tmp_path, name)
    release(tmp_path, "another/release-current", "BABEL_OP3_402")
    release(tmp_path, "release-babel404b-v1.0a-eval/BABEL_OP3_404", parts="eval")
    found = babel_packs.find_parts([tmp_path], babel_packs.find_pack("ka"))
    wanted = root / "conversational"
    assert found == {"training": wanted / "training", "dev": wanted / "dev"}


def test_the_conversational_folder_itself_is_a_root(tmp_path: Path) -> None:
    root = release(tmp_path, "x") / "conversational"
    assert babel_packs.find_parts([root], babel_packs.find_pack("ka"))["dev"] == root / "dev"


def test_a_missing_and_a_double_release(tmp_path: Path) -> None:
    georgian = babel_packs.find_pack("ka")
    with pytest.raises(DataError, match="no such folder"):
        babel_packs.find_parts([tmp_path / "none"], georgian)
    with pytest.raises(DataError, match=r"conversational/training.*babel404b-v1.0a.*--packs 404="):
        babel_packs.find_parts([tmp_path], georgian)
    release(tmp_path, "old")
    release(tmp_path, "new")
    with pytest.raises(DataError, match=r"several folders training: .*new.*old.*--packs 404="):
        babel_packs.find_parts([tmp_path], georgian)


# -- Sides


def test_speakers_and_ids_of_both_ends_of_a_call() -> None:
    ends = [
        babel_packs.make_side(f"BABEL_OP3_307_11096_20140823_004817_{line}", None, None)
        for line in ("inLine", "outLine")
    ]
    assert [side.speaker for side in ends] == ["307_11096_A", "307_11096_B"]
    assert ends[0].utterance(39.12) == "307_11096_A_20140823_004817_003912"
    assert ends[1].utterance(7.05) == "307_11096_B_20140823_004817_000705"


@pytest.mark.parametrize(
    ("start", "digits"), [(4.35, "000435"), (0.29, "000029"), (1.15, "000115")]
)
def test_starts_are_rounded_not_cut(start: float, digits: str) -> None:
    assert int(100 * start) != int(digits)  # what cutting makes of it
    side = babel_packs.make_side("BABEL_BP_101_37210_20111102_172955_inLine", None, None)
    assert side.utterance(start).endswith(digits)


def test_two_audio_files_of_one_side(tmp_path: Path) -> None:
    root = release(tmp_path, "x") / "conversational/training"
    (root / "audio").mkdir()
    for suffix in ("sph", "wav"):
        (root / f"audio/BABEL_OP3_404_10161_20130112_103010_inLine.{suffix}").touch()
    with pytest.raises(DataError, match="1 sides have two audio files"):
        babel_packs.read_sides(root)


def test_files_that_are_no_conversation_side_are_told(tmp_path: Path) -> None:
    root = release(tmp_path, "x") / "conversational/training"
    (root / "transcription/BABEL_OP3_404_10161_20130112_103010_A1_scripted.txt").touch()
    sides, others = babel_packs.read_sides(root)
    assert [path.name for path in others] == ["BABEL_OP3_404_10161_20130112_103010_A1_scripted.txt"]
    assert [side.audio for side in sides] == [None]
