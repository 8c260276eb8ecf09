"""A run goes on with what it has learned from: labels, audio, the model that it began with."""

import pytest
import soundfile
from tones import ctc_args, write_dump

from asrkit.bin import asr_train
from asrkit.train import checkpoint
from asrkit.train.marks import RunMark


@pytest.fixture
def grown(tones, tmp_path):
    """A training folder of its own, and the command of a run of one update on it."""
    folder = write_dump(tmp_path / "data", 4, seed=3)
    argv = [*ctc_args(tones, tmp_path / "x", "--max_update", "1"), "--train_data", str(folder)]
    return folder, argv


def test_labels_that_were_corrected_are_not_passed_over(grown, tmp_path, capfd):
    folder, argv = grown
    assert asr_train.main(argv) == 0
    first, rest = (folder / "text.phn").read_text().split("\n", 1)
    (folder / "text.phn").write_text(f"{first} a\n{rest}")  # as many samples as before
    assert asr_train.main([*argv, "--resume", "true"]) == 1
    told = capfd.readouterr().err
    assert f"{tmp_path}/x has learned from other labels than train_data holds now" in told
    (folder / "text.phn").write_text(f"{first}\n{rest}")
    assert asr_train.main([*argv, "--resume", "true"]) == 0


def test_audio_that_was_made_again_is_not_passed_over(grown, capfd):
    folder, argv = grown
    assert asr_train.main(argv) == 0
    for path in (folder / "audio").iterdir():  # of as many samples, as of another channel
        samples, rate = soundfile.read(path)
        soundfile.write(path, -samples, rate)
    assert asr_train.main([*argv, "--resume", "true"]) == 1
    assert "has learned from other audio than train_data holds now" in capfd.readouterr().err


def test_a_model_that_was_trained_on_is_not_passed_over(grown, tmp_path, capfd):
    _, begin = grown
    init, out = tmp_path / "x/last.pt", tmp_path / "y"
    argv = [*begin, "--output_dir", str(out), "--init", str(init)]
    assert asr_train.main(begin) == 0
    assert asr_train.main(argv) == 0
    mark = checkpoint.load(out / "last.pt")["init_mark"]
    assert asr_train.main([*begin, "--max_update", "3", "--resume", "true"]) == 0
    capfd.readouterr()
    assert asr_train.main([*argv, "--resume", "true"]) == 1
    assert f"{out} has begun with other weights than {init} holds now" in capfd.readouterr().err
    init.write_bytes(b"not needed any more")
    assert asr_train.main([*argv, "--max_update", "2", "--resume", "true"]) == 0
    assert mark and checkpoint.load(out / "last.pt")["init_mark"] == mark


def test_what_earlier_versions_did_not_save_is_not_compared(tmp_path):
    now = RunMark("data", "CPU", "labels", "audio", "init")
    before = now.of({"data_mark": "data", "device": "GPU"})
    assert before == now._replace(device="GPU")
    before.refuse_another(now, tmp_path, "x.pt")
    unknown = RunMark("data", "CPU")
    unknown.refuse_another(now, tmp_path, None)
    now.refuse_another(unknown, tmp_path, None)
    assert unknown.completed(now) == now
