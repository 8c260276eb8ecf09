"""Whole runs of asr_train.py on a toy language of tones."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from tones import corpus, ctc_args, write_dump

from asrkit.bin import asr_infer, asr_train, average_checkpoints
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.train import checkpoint, log
from asrkit.train.data import open_index, plan_of, source_of
from asrkit.train.length import with_length
from asrkit.train.log import draw_curves
from asrkit.train.run import compile_blocks


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("tones"))


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


def journal(out):
    return [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]


def model(out, name="last.pt"):
    return checkpoint.load(out / name)["model"]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_toy_language_is_learned(trained):
    rows = [row for row in journal(trained) if row["split"] == "valid"]
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


def process(argv, **kwargs):
    command = [sys.executable, "-m", "asrkit.bin.asr_train", *argv]
    root = Path(asr_train.__file__).parents[2]
    # as many threads as here, since sums are rounded by how they are split
    env = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **kwargs
    )


CONF = Path(__file__).resolve().parents[2] / "egs/TEMPLATE/asr1/conf"
KEPT = "encoder_conf.feature_grad_mult=0.0", "objective_conf.feature_cache_gib=0.1"
BF16 = ("precision=bf16",)


@pytest.mark.parametrize("settings", [(), KEPT, BF16], ids=["plain", "feature cache", "bf16"])
def test_killed_at_any_moment_and_resumed_it_ends_the_same(tones, tmp_path, settings):
    more = ["--max_update", "40", "--save_interval", "7", "--log_interval", "10"]
    more += ["--num_workers", "1"]
    for setting in settings:
        more += ["--set", setting]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert asr_train.main(ctc_args(tones, whole, *more)) == 0
    run = process(ctc_args(tones, parts, *more))
    deadline = time.monotonic() + 120
    while not (parts / "last.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2 * (os.getpid() % 5))
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert checkpoint.load(parts / "last.pt")["step"] % 7 in (0, 5)
    assert asr_train.main([*ctc_args(tones, parts, *more), "--resume", "true"]) == 0
    assert same(model(whole), model(parts))


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow  # on a busy machine threads wait for each other
@pytest.mark.parametrize("settings", [(), BF16], ids=["plain", "bf16"])
def test_killed_and_resumed_with_two_threads(tones, tmp_path, settings, two_threads):
    test_killed_at_any_moment_and_resumed_it_ends_the_same(tones, tmp_path, settings)


def test_activations_may_be_computed_again_from_any_update_on(tones, tmp_path):
    more = ["--schedule", "constant", "--max_update", "5"]
    more += ["--set", "encoder_conf.dropout=0.1", "--set", "encoder_conf.layerdrop=0.3"]
    plain, mixed = tmp_path / "plain", tmp_path / "mixed"
    assert asr_train.main(ctc_args(tones, plain, *more)) == 0
    again = [*ctc_args(tones, mixed, *more), "--checkpoint_activations", "true"]
    assert asr_train.main([*again, "--max_update", "3"]) == 0
    assert asr_train.main([*ctc_args(tones, mixed, *more), "--resume", "true"]) == 0
    assert same(model(plain), model(mixed))
    assert "checkpoint_activations: True -> False" in (mixed / "train.log").read_text()


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
    stopped = journal(out)[-1]
    assert stopped["split"] == "stopped"  # learning nothing, once the rate falls
    assert 0.5 * saved["max_update"] < stopped["step"] <= 0.5 * saved["max_update"] + 4
    log = (out / "train.log").read_text()
    assert " seen " in log and "(patience)" in log
    assert (out / "average.pt").exists()


def test_a_length_that_was_derived_is_that_of_the_run(tones, tmp_path):
    """Whatever the devices are when it goes on: another accumulation would give another number."""
    out = tmp_path / "out"
    more = ["--max_update", "0", "--passes", "0.3", "--set", "objective_conf.freeze_steps=0.5"]
    assert asr_train.main(ctc_args(tones, out, *more)) == 0
    saved = yaml.safe_load((out / "config.yaml").read_text())
    total = saved["max_update"]
    assert 2 <= total <= 20 and saved["objective_conf"]["freeze_steps"] == 0.5
    three = asr_train.options_of(
        [*ctc_args(tones, out, *more), "--accum_grad", "3", "--batch_shapes", "0"]
    )[0]
    source = source_of(three)
    plan = plan_of(source, open_index(source, three.train_data, "train_data"))
    assert with_length(three, plan, 1).max_update != total
    assert checkpoint.load(out / "last.pt")["step"] == total
    log = (out / "train.log").read_text()
    assert f"{total} updates, " in log and f"encoder frozen for {-(-total // 2)}" in log
    again = [*ctc_args(tones, out, *more), "--resume", "true", "--accum_grad", "3"]
    assert asr_train.main(again) == 0
    assert checkpoint.load(out / "last.pt")["step"] == total
    assert "max_update" not in (out / "train.log").read_text()  # nothing of it has changed
    assert asr_train.main([*again, "--max_update", str(total + 1)]) == 0
    assert checkpoint.load(out / "last.pt")["step"] == total + 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_terminate_saves_and_says_so(tones, tmp_path, number):
    """Slurm signals every process of a job, the readers of audio too."""
    out = tmp_path / "stopped"
    more = ["--max_update", "100000", "--log_interval", "1", "--num_workers", "1"]
    run = process(ctc_args(tones, out, *more), start_new_session=True)
    deadline = time.monotonic() + 120
    while not (out / "train.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, number)
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 128 + number
    assert "--resume true goes on" in errors
    assert checkpoint.load(out / "last.pt")["step"] >= 1


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


def test_extending_a_run_goes_on_in_its_folder(tones, tmp_path):
    argv = ctc_args(tones, tmp_path / "x", "--max_update", "6")
    assert asr_train.main(argv) == 0
    assert asr_train.main([*argv[:-2], "--max_update", "9", "--resume", "true"]) == 0
    assert checkpoint.load(tmp_path / "x" / "last.pt")["step"] == 9


def test_another_number_of_threads_is_told(tones, tmp_path, monkeypatch):
    argv = ctc_args(tones, tmp_path / "x", "--resume", "true")
    for updates, threads in ((1, 3), (2, 3), (3, 5)):
        monkeypatch.setattr(torch, "get_num_threads", lambda number=threads: number)
        assert asr_train.main([*argv, "--max_update", str(updates)]) == 0
        log = (tmp_path / "x" / "train.log").read_text()
        assert ("with 5 threads, which rounds sums differently" in log) == (threads == 5)


@pytest.mark.parametrize(
    "more,message",
    [
        (["--train_data", "nowhere"], "nowhere"),
        (["--token_list", "none.txt"], "none.txt"),
        (["--max_sample_size", "100"], "no utterance is left"),
        (["--batch_bins", "100"], "batch_bins"),
        (["--ngpu", "1"], "no CUDA device"),
        (["--precision", "fp8"], "precision"),
        (["--init", "none.pt"], "no such checkpoint"),
        (["--encoder_conf", "{layers: -1}"], "encoder_conf.layers: -1 is below 1"),
        (["--set", "encoder_conf.layers=-1"], "encoder_conf.layers: -1 is below 1"),
    ],
)
def test_mistakes_leave_no_folder_behind(tones, tmp_path, capsys, more, message):
    if more[0] == "--ngpu" and torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    out = tmp_path / "bad"
    assert asr_train.main([*ctc_args(tones, out), *more]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "more,message",
    [
        (["--valid_interval", "0"], "valid_interval: 0 is below 1"),
        (["--language_alpha", "-3.0"], "language_alpha: -3.0 is below 0"),
    ],
)
def test_numbers_out_of_range_are_a_wrong_usage(tones, tmp_path, capsys, more, message):
    out = tmp_path / "bad"
    with pytest.raises(SystemExit) as stop:
        asr_train.main([*ctc_args(tones, out), *more])
    assert stop.value.code == 2 and message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("name,message", [("gpu", "it is cpu, cuda"), ("cuda:99", "visible")])
def test_a_device_that_is_not_there(trained, capsys, name, message):
    assert asr_infer.main(["--model", str(trained), "--device", name, "x.wav"]) == 1
    assert message in capsys.readouterr().err


def test_labels_outside_the_token_list_are_named(tones, tmp_path, capsys):
    folder = write_dump(tmp_path / "train", 5)
    (folder / "text.phn").write_text((folder / "text.phn").read_text().replace("a", "q"))
    argv = [*ctc_args(tones, tmp_path / "x", "--max_update", "3"), "--train_data", str(folder)]
    assert asr_train.main(argv) == 1
    assert "'q'" in capsys.readouterr().err


def test_average_checkpoints_program(trained, tmp_path, capsys):
    files = sorted(str(path) for path in (trained / "checkpoints").iterdir())
    assert average_checkpoints.main([*files, "--out", str(tmp_path / "mean.pt")]) == 0
    assert same(model(tmp_path, "mean.pt"), model(trained, "average.pt"))
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
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(launcher, env=env, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, value in model(one).items():
        torch.testing.assert_close(model(two)[name], value, rtol=2e-4, atol=2e-5)
    rows = [{**r, "audio_seconds_per_second": 0} for r in journal(two)]
    for mine, other in zip(journal(one), rows, strict=True):
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


def test_compile_is_for_gpus(tones, tmp_path, capsys):
    argv = ctc_args(tones, tmp_path / "x")
    assert asr_train.main([*argv, "--compile", "true"]) == 1
    assert "compile: leave it out without a GPU" in capsys.readouterr().err
    assert asr_train.main([*argv, "--compile", "true", "--parallel", "fsdp"]) == 1
    assert "not tried together" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_compile_takes_each_block_of_the_encoder(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, **_: compiled.append(module))
    encoder = LogMelEncoder(width=16, layers=3, heads=2, conv_layers=[[16, 3, 2]], mels=16)
    compile_blocks(torch.nn.ModuleList([encoder]))
    assert [type(module).__name__ for module in compiled] == ["TransformerLayer"] * 3
