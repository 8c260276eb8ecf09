"""Whole runs of asr_train.py on a toy language of tones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from outcomes import same
from tones import ctc_args

from asrkit.bin import asr_infer, asr_train, average_checkpoints
from asrkit.train import checkpoint, log
from asrkit.train.log import draw_curves
from asrkit.train.metrics import read_metrics

CONF = Path(__file__).resolve().parents[2] / "egs/TEMPLATE/asr1/conf"


@pytest.fixture(scope="module")
def trained(tones, tmp_path_factory):
    out = tmp_path_factory.mktemp("exp") / "tones"
    argv = ctc_args(
        tones, out, "--max_update", "120", "--valid_interval", "20", "--log_interval", "20"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "draw_curves", draw_curves)  # conftest.py has none drawn
        assert asr_train.main(argv) == 0
    return out


def model(out, name="last.pt"):
    return checkpoint.load(out / name)["model"]


def test_the_toy_language_is_learned(trained):
    rows = [row for row in read_metrics(trained / "train.jsonl") if row["split"] == "valid"]
    losses = [row["loss"] for row in rows]
    assert losses[-1] < 0.2 * losses[0]
    assert rows[-1]["token_error_rate"] < 0.05


def test_the_folder_holds_what_users_expect(trained):
    names = {path.name for path in trained.iterdir()}
    assert {
        "config.yaml", "train.log", "train.jsonl", "tensorboard", "images", "last.pt", "best.pt",
        "average.pt", "tokens.txt", "checkpoints",
    } <= names  # fmt: skip
    assert (trained / "images" / "loss.png").stat().st_size > 1000


def test_files_are_recognized(trained, tones, capsys):
    rows = [line.split(maxsplit=1) for line in (tones / "valid" / "text").open()]
    paths = [str(tones / "valid" / "audio" / f"{name}.flac") for name, _ in rows[:3]]
    assert asr_infer.main(["--model", str(trained), *paths]) == 0
    said = [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()]
    assert said == [text.strip() for _, text in rows[:3]]


def test_a_missing_file_is_named_and_the_others_recognized(trained, tones, capsys):
    good = str(next((tones / "valid" / "audio").iterdir()))
    assert asr_infer.main(["--model", str(trained), "no.wav", good]) == 1
    printed = capsys.readouterr()
    assert "no.wav" in printed.err
    assert printed.out.startswith(good)


def test_a_data_folder_is_decoded_by_best_path_and_by_beam(trained, tones, tmp_path):
    argv = ["--model", str(trained), "--data_dir", str(tones / "valid")]
    (tmp_path / "lexicon.txt").write_text("ab\ta b\nc\tc\na\ta\nb\tb\n")
    assert asr_infer.main([*argv, "--output_dir", str(tmp_path / "g")]) == 0
    assert (tmp_path / "g" / "hyp.tokens").read_text() == (tones / "valid" / "text").read_text()
    assert not (tmp_path / "g" / "hyp.text").exists()
    beam = ["--decode", "lexicon", "--lexicon", str(tmp_path / "lexicon.txt"), "--word_score", "-1"]
    assert asr_infer.main([*argv, "--output_dir", str(tmp_path / "b"), *beam]) == 0
    first = (tones / "valid" / "text").read_text().splitlines()[0]
    words = (tmp_path / "b" / "hyp.text").read_text().splitlines()[0]
    assert words == first.replace("a b", "ab")


def test_long_recordings_are_cut_and_joined(trained, tones, tmp_path, capsys):
    argv = ["--model", str(trained), "--max_seconds", "0.5"]
    path = next((tones / "valid" / "audio").iterdir())
    assert asr_infer.main([*argv, str(path)]) == 0
    assert len(capsys.readouterr().out.split("\t")[1].split()) >= 3


def test_a_pretrained_model_is_no_recognizer(tones, tmp_path, capsys):
    out = tmp_path / "ssl"
    argv = [
        *ctc_args(tones, out, "--max_update", "2"), "--objective", "contrastive", "--quantizer",
        "gumbel", "--objective_conf", "{negatives: 5, final_size: 16}", "--crop", "true",
        "--quantizer_conf", "{entries: 8, vector_size: 16}", "--best_metric", "loss",
    ]  # fmt: skip
    argv = drop(argv, "--token_list", "--token_file")
    assert asr_train.main(argv) == 0
    assert asr_infer.main(["--model", str(out), "x.wav"]) == 1
    assert "fine-tune it" in capsys.readouterr().err
    fine = ["--max_update", "1", "--init", str(out / "last.pt"), "--optimizer_conf", "{lr: 1e-9}"]
    assert asr_train.main(ctc_args(tones, tmp_path / "ft", *fine)) == 0
    weight = "encoder.projection.weight"
    torch.testing.assert_close(model(tmp_path / "ft")[weight], model(out)[weight])
    assert (
        asr_train.main([*ctc_args(tones, tmp_path / "ft2", *fine), "--set", "encoder_conf.heads=4"])
        == 1
    )
    assert "encoder_conf.heads = 2" in capsys.readouterr().err
    assert not (tmp_path / "ft2" / "last.pt").exists()


def drop(argv, *flags):
    kept = list(argv)
    for flag in flags:
        at = kept.index(flag)
        del kept[at : at + 2]
    return kept


def test_the_quick_preset_trains_a_small_model(tones, tmp_path):
    out, small = (
        tmp_path / "out",
        "{conv_layers: [[16, 10, 5], [16, 8, 4], [16, 4, 4], [16, 4, 4]],",
    )
    small += " conv_norm: layer, width: 16, layers: 2, heads: 2, positional: [8, 2, 1],"
    small += " norm_first: true, feature_grad_mult: 0.0}"
    argv = [
        "--config", str(CONF / "finetune_ctc_large_quick.yaml"), "--encoder_conf", small,
        "--train_data", str(tones / "train"), "--valid_data", str(tones / "valid"),
        "--token_list", str(tones / "tokens.txt"), "--token_file", "text.phn",
        "--output_dir", str(out), "--batch_bins", "320000", "--num_workers", "0",
        "--reference_batch_seconds", "40", "--passes", "2", "--valid_interval", "2",
        "--patience", "1", "--set", "optimizer_conf.lr=1e-9",
    ]  # fmt: skip
    assert asr_train.main(argv) == 0
    saved = yaml.safe_load((out / "config.yaml").read_text())
    assert saved["max_update"] > 10
    stopped = read_metrics(out / "train.jsonl")[-1]
    assert stopped["split"] == "stopped"  # learning nothing, once the rate falls
    assert 0.5 * saved["max_update"] < stopped["step"] <= 0.5 * saved["max_update"] + 4
    log = (out / "train.log").read_text()
    assert " seen " in log and "(patience)" in log
    assert (out / "average.pt").exists()


@pytest.mark.parametrize(
    "more,message",
    [
        ([], "holds a run already"),
        (["--resume", "true", "--seed", "5"], "seed: 0 -> 5"),
        (["--resume", "true", "--set", "encoder_conf.width=64"], "encoder_conf.width: 32 -> 64"),
    ],
)
def test_a_folder_is_not_mixed_with_another_run(trained, tones, capsys, more, message):
    before = (trained / "config.yaml").read_text()
    argv = ctc_args(tones, trained, "--max_update", "120", "--valid_interval", "20")
    assert asr_train.main([*argv, "--log_interval", "20", *more]) == 1
    assert message in capsys.readouterr().err
    assert (trained / "config.yaml").read_text() == before


@pytest.mark.parametrize("name,message", [("gpu", "it is cpu, cuda"), ("cuda:99", "visible")])
def test_a_device_that_is_not_there(trained, capsys, name, message):
    assert asr_infer.main(["--model", str(trained), "--device", name, "x.wav"]) == 1
    assert message in capsys.readouterr().err


def test_average_checkpoints_program(trained, tmp_path, capsys):
    files = sorted(str(path) for path in (trained / "checkpoints").iterdir())
    assert average_checkpoints.main([*files, "--out", str(tmp_path / "mean.pt")]) == 0
    assert same(tmp_path / "mean.pt", trained / "average.pt")
    assert average_checkpoints.main(["none.pt", "--out", str(tmp_path / "x.pt")]) == 1
    assert not (tmp_path / "x.pt").exists()


def test_two_ranks_under_torchrun_equal_one(tones, tmp_path):
    more = ["--max_update", "6", "--valid_interval", "3"]
    one, two = tmp_path / "one", tmp_path / "two"
    assert asr_train.main(ctc_args(tones, one, *more, "--accum_grad", "2")) == 0
    launcher = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2",
        "-m", "asrkit.bin.asr_train", *ctc_args(tones, two, *more),
    ]  # fmt: skip
    env = os.environ | {
        "PYTHONPATH": str(Path(asr_train.__file__).parents[2]),
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
    }
    done = subprocess.run(launcher, env=env, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, value in model(one).items():
        torch.testing.assert_close(model(two)[name], value, rtol=2e-4, atol=2e-5)
    rows = [{**r, "audio_seconds_per_second": 0} for r in read_metrics(two / "train.jsonl")]
    for mine, other in zip(read_metrics(one / "train.jsonl"), rows, strict=True):
        assert mine["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_less_than_a_frame_is_no_frame(trained):
    model = asr_infer.Speech2Text(trained)
    waves = [torch.zeros(100), torch.zeros(1), torch.rand(16_000)]
    lengths = [len(scores) for scores in model.log_probs(waves)]
    assert lengths[:2] == [0, 0] and lengths[2] > 40


def test_windows_of_nothing_are_refused(trained, tones, capsys):
    path = next((tones / "valid" / "audio").iterdir())
    assert asr_infer.main(["--model", str(trained), str(path), "--max_seconds", "0"]) == 1
    assert "max_seconds is at least 0.1, not 0" in capsys.readouterr().err
