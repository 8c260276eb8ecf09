"""Stage 3 in shards: what one process writes, byte for byte, whoever did which part."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_audio import data_dir, flac, tone

from asrkit.bin.format_audio import main
from asrkit.kaldi import format as stage3
from asrkit.kaldi.format import deal, format_dir, format_shard
from asrkit.kaldi.kaldi_text import read_keyed


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five recordings, one of them cut in three, and one that cannot be read."""
    table = {f"r{n}": flac(tmp_path / f"r{n}", tone(0.2 + n / 10)) for n in range(5)}
    (tmp_path / "torn").write_bytes(b"fLaC")
    table["torn"] = str(tmp_path / "torn")
    segments = {f"{name}-1": f"{name} 0 0.1" for name in table}
    segments |= {"r4-2": "r4 0.1 0.3", "r4-3": "r4 0.3 -1"}
    return data_dir(tmp_path / "data", table, segments=segments)


def content(folder: Path) -> dict[str, bytes]:
    """Files but the journal, whose lines are in the order in which they were made."""
    return {
        str(path.relative_to(folder)): path.read_bytes().replace(bytes(folder), b"OUT")
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".format"
    }


@pytest.mark.parametrize("count", [1, 2, 9])
def test_the_bytes_are_those_of_one_process(source: Path, tmp_path: Path, count: int) -> None:
    one, out = tmp_path / "one", tmp_path / "out"
    whole = format_dir(source, one, max_bad=1)
    given = deal(source, out, count)
    assert given == min(count, 6)
    for number in range(given):
        format_shard(out, number + 1)
    assert not (out / "wav.scp").exists()
    done = format_dir(source, out, max_bad=1)
    assert (done.written, done.skipped, done.bad) == (7, 0, whole.bad)
    assert content(out) == content(one)
    assert format_dir(source, out, max_bad=1).skipped == 7
    assert deal(source, out, count) == 1  # that which cannot be read is tried again


def test_the_command_finds_done_what_the_shards_did(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["--in_dir", str(source), "--out_dir", str(tmp_path / "out"), "--max_bad", "1"]
    assert main([*command, "--split", "3"]) == 0
    assert capsys.readouterr().out == "3\n"
    for number in "123":
        assert main([*command, "--shard", number]) == 0
    monkeypatch.setattr(stage3, "convert", None)  # nothing is left to do
    assert main(command) == 0
    assert ": 7 written, 0 were done already, 1 left out" in capsys.readouterr().out
    assert main([*command, "--split", "3", "--shard", "1"]) == 1
    assert "--split deals the work" in capsys.readouterr().err


def test_what_the_shards_could_not_read_is_judged_of_the_whole(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for number in range(deal(source, out, 6)):
        format_shard(out, number + 1)
    command = ["--in_dir", str(source), "--out_dir", str(out)]
    assert main([*command, "--max_bad", "0.1"]) == 1
    assert "1 of 8 utterances" in capsys.readouterr().err
    assert main([*command, "--max_bad", "0.2"]) == 0
    assert list(read_keyed(out / "bad_audio")) == ["torn-1"]


def test_shards_that_stopped_are_dealt_again_to_another_number_of_them(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, out = tmp_path / "one", tmp_path / "out"
    format_dir(source, one, max_bad=1)
    assert deal(source, out, 3) == 3
    format_shard(out, 2)
    convert, calls = stage3.convert, []

    def stop_at_second(job: stage3.Recording) -> list[stage3.Done | stage3.Bad]:
        calls.append(job.source)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return convert(job)

    monkeypatch.setattr(stage3, "convert", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        format_shard(out, 1)
    monkeypatch.setattr(stage3, "convert", convert)
    assert deal(source, out, 2) == 2
    assert sum(format_shard(out, number).written for number in (1, 2)) == 2
    format_dir(source, out, max_bad=1)
    assert content(out) == content(one)


def test_a_file_that_was_written_over_with_other_options_is_not_taken_for_the_old(
    tmp_path: Path,
) -> None:
    """Killed after a FLAC is in its place and before the journal says so."""
    path = flac(tmp_path / "r", tone(0.2))
    source, out = data_dir(tmp_path / "data", {"r": path}), tmp_path / "out"
    format_dir(source, out)
    before = content(out)
    assert deal(source, out, 1, channel=1) == 1
    flac(Path(read_keyed(out / "wav.scp")["r"]), tone(0.1))  # as a shard leaves it
    format_dir(source, out)
    assert content(out) == before


def test_audio_that_was_removed_is_made_again(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for number in range(deal(source, out, 2)):
        format_shard(out, number + 1)
    next((out / "audio").rglob("r4-2.flac")).unlink()
    format_dir(source, out, max_bad=1)
    format_dir(source, tmp_path / "one", max_bad=1)
    assert content(out) == content(tmp_path / "one")
