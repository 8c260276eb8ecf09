"""Recognition in shards: what one process writes, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from phone_toy import PHONES, Ears
from random_model import save_random
from tones import write_dump

from asrkit.bin import asr_infer, dump_posteriors
from asrkit.decode import run
from asrkit.kaldi.kaldi_text import read_keyed, write_keyed

ENCODER = {"width": 16, "layers": 1, "heads": 2, "conv_layers": [[8, 10, 5], [8, 3, 64]]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random(tmp_path_factory.mktemp("exp") / "asr", "wav2vec2", ENCODER, {})


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Six utterances; the audio of the third is gone."""
    folder = write_dump(tmp_path / "dump", 6, lang="it")
    write_keyed(folder / "text", dict.fromkeys(read_keyed(folder / "text"), "la casa"))
    (folder / "audio" / "it_s-002.flac").unlink()
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes().replace(str(folder).encode(), b"OUT")
        for path in folder.iterdir()
        if path.is_file()
    }


@pytest.mark.parametrize("mode", ["greedy", "free"])
def test_hypotheses(
    model: Path,
    dump: Path,
    tmp_path: Path,
    mode: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ["--model", str(model), "--data_dir", str(dump), "--decode", mode]
    command += ["--batch_seconds", "0.01", "--output_dir"]  # one at a time: nothing is rounded
    assert asr_infer.main([*command, str(tmp_path / "one")]) == 0
    said = capsys.readouterr().err
    out = tmp_path / "out"
    assert asr_infer.main([*command, str(out), "--split", "4"]) == 0
    assert capsys.readouterr().out == "4\n"
    for number in "3124":
        assert asr_infer.main([*command, str(out), "--shard", number]) == 0
    assert content(out) == {}
    capsys.readouterr()
    monkeypatch.setattr(run, "score", None)  # nothing is left to do
    assert asr_infer.main([*command, str(out)]) == 0
    assert content(out) == content(tmp_path / "one")
    assert list(read_keyed(out / "failed")) == ["it_s-002"]
    assert len(read_keyed(out / "hyp.tokens")) == 5 and any(read_keyed(out / "hyp.tokens").values())
    assert capsys.readouterr().err == said.replace("/one/", "/out/")
    assert not (out / ".shards").exists()


def test_nothing_of_another_model_is_taken(
    model: Path, dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data_dir", str(dump), "--decode", "greedy", "--output_dir", str(tmp_path / "out")]
    command += ["--model", str(tmp_path / "asr")]
    save_random(tmp_path / "asr", "wav2vec2", ENCODER, {})
    for part in (["--split", "2"], ["--shard", "1"]):
        assert asr_infer.main([*command, *part]) == 0
    capsys.readouterr()
    assert asr_infer.main([*command, "--split", "9"]) == 0
    assert capsys.readouterr().out == "3\n"
    (tmp_path / "asr/last.pt").touch()
    for more, left in ((["--max_seconds", "1"], 6), ([], 6)):
        assert asr_infer.main([*command, *more, "--split", "9"]) == 0
        assert capsys.readouterr().out == f"{left}\n"


def test_options_that_shards_do_not_know(
    model: Path, dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--model", str(model), "--split", "2"]
    assert asr_infer.main([*command, str(dump / "audio/it_s-000.flac")]) == 1
    assert "--split has no use without --data_dir" in capsys.readouterr().err
    command += ["--data_dir", str(dump), "--output_dir", str(tmp_path / "out")]
    assert asr_infer.main([*command, "--decode", "greedy", "--keep_scores", "true"]) == 1
    assert "--split has no use with --keep_scores" in capsys.readouterr().err


def test_posteriors(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PHONES.write(tmp_path / "phones.txt")
    monkeypatch.setattr(dump_posteriors, "open_recognizer", lambda *_, **__: Ears())
    command = [
        "--model",
        "x",
        "--data_dir",
        str(dump),
        "--phone_list",
        str(tmp_path / "phones.txt"),
    ]
    one, out = tmp_path / "one", tmp_path / "out"
    assert dump_posteriors.main([*command, "--out_dir", str(one)]) == 0
    command += ["--out_dir", str(out)]
    assert dump_posteriors.main([*command, "--split", "3"]) == 0
    for number in "213":
        assert dump_posteriors.main([*command, "--shard", number]) == 0
    # nothing is left to hear
    monkeypatch.setattr(Ears, "hear", None)
    assert dump_posteriors.main(command) == 0
    assert content(out) == content(one)
    assert {"posteriors.ark", "text.star", "failed"} <= content(out).keys()
