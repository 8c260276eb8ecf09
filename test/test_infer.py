"""What a recognizer takes for a waveform."""

import weakref
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import hf_tiny
import numpy as np
import pytest
import torch
from fake_cuda import CUDA, autocast, fake_cuda, move
from hf_tiny import VOCAB, convert
from random_model import save_random

from asrkit import network
from asrkit.bin import asr_infer
from asrkit.decode import device, prepared
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    source = hf_tiny.save(hf_tiny.make("Wav2Vec2ForCTC"), folder / "hf", vocab=VOCAB)
    convert("--source", source, "--out", folder / "ours")
    return Speech2Text(folder / "ours")


CLIPS = Path(__file__).parent / "corpora" / "clips"
WAVE = torch.rand(5000, generator=torch.Generator().manual_seed(1)) - 0.5


def test_forms_of_one_waveform(model):
    wanted = model.log_probs([WAVE])[0]
    assert wanted.shape == (15, 9)
    assert model.log_probs([30 * WAVE])[0].shape == (15, 9)  # as normalized to variance 1
    for wave in (WAVE[None], WAVE.numpy(), WAVE.double(), WAVE.numpy()[None].astype(np.float64)):
        assert torch.equal(model.log_probs([wave])[0], wanted)
    assert model.log_probs([WAVE[:0]])[0].shape == (0, 9)


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (WAVE[:, None], r"is \[S\].*not \[5000, 1\]"),
        (torch.stack([WAVE, WAVE]), r"not \[2, 5000\]"),
        (WAVE[None, None], r"not \[1, 1, 5000\]"),
        (torch.tensor(0.5), r"not \[\]"),
        ((WAVE * 32768).short(), r"not torch\.int16; divide by 32768"),
        (WAVE * 32768, r"not scaled to \[-1, 1\]"),
        (WAVE.where(WAVE < 0.4, torch.nan), "not numbers"),
        (-WAVE / 0, "not numbers"),
    ],
)
def test_what_is_no_waveform(model, wave, message):
    with pytest.raises(ValueError, match=message):
        model.log_probs([wave])


# below one frame, one, a few, many: in no order
LENGTHS = (16_000, 0, 1, 30_011, 399, 400, 401, 719, 720, 5_000, 48_000, 123, 16_000)
SMALL = {"width": 16, "layers": 2, "heads": 2, "positional": [8, 2, 1]}
# wav2vec 2.0's frames, of an eighth of its channels
CONV = {"conv_layers": [[64, 10, 5], *[[64, 3, 2]] * 4, *[[64, 2, 2]] * 2]}
ENCODERS = {
    "group norm": ("wav2vec2", SMALL | CONV, {}),
    "layer norm": (
        "wav2vec2",
        {
            **SMALL,
            **CONV,
            "conv_norm": "layer",
            "conv_bias": True,
            "normalize": True,
            "norm_first": True,
        },
        {},
    ),
    "positions by Fourier blocks": ("wav2vec2", {**SMALL, **CONV, "positional": [64, 4, 1]}, {}),
    "positions of data2vec": ("wav2vec2", {**SMALL, **CONV, "positional": [19, 2, 5]}, {}),
    "log-mel": ("logmel", {**SMALL, "mels": 16}, {}),
    "log-mel, convolutional head": ("logmel", {**SMALL, "mels": 16}, {"head_kernel": 3}),
    "causal": ("cpc", {"width": 16, "layers": 2}, {"head_kernel": 8, "head_stride": 4}),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_batches_give_what_one_at_a_time_gives(name, tmp_path, monkeypatch):
    encoder, encoder_conf, head = ENCODERS[name]
    folder = save_random(tmp_path / "x", encoder, encoder_conf, head)
    generator = torch.Generator().manual_seed(2)
    waves = [torch.rand(n, generator=generator) - 0.5 for n in LENGTHS]
    model = Speech2Text(folder, batch_seconds=3.2)
    alone = [model.log_probs([wave])[0] for wave in waves]
    rows = []
    whole = model.objective.log_probs

    def counted(batch):
        rows.append(len(batch))
        return whole(batch)

    monkeypatch.setattr(model.objective, "log_probs", counted)
    for steps in (0, network.STEPS):  # as on a CPU, as on a GPU
        monkeypatch.setattr(Speech2Text, "_steps", steps)
        rows.clear()
        together = model.log_probs(waves)
        assert len(rows) < len(waves) / 2 and sum(rows) == len(waves)
        for one, other in zip(alone, together, strict=True):
            assert one.shape == other.shape
            torch.testing.assert_close(one, other, atol=3e-5, rtol=0)
    best = list(model.frames(waves, best=True))
    assert [row.tolist() for row in best] == [row.argmax(-1).tolist() for row in together]
    lengths = model.objective.encoder.output_lengths(torch.tensor(LENGTHS)) // head.get(
        "head_stride", 1
    )
    assert [len(row) for row in best] == lengths.tolist()


def test_a_long_list_is_never_held(model, monkeypatch):
    """Waveforms are taken as they are needed, and let go."""
    monkeypatch.setattr(model, "batch_seconds", 1.0)
    monkeypatch.setattr(model, "look_ahead", 4.0)
    alive: set[int] = set()
    most = 0

    def waves():
        nonlocal most
        for number in range(60):
            wave = torch.zeros(8000)
            alive.add(number)
            weakref.finalize(wave, alive.discard, number)
            most = max(most, len(alive))
            yield wave
            del wave

    assert [len(scores) for scores in model.frames(waves())] == [24] * 60
    assert 8 <= most <= 12  # of half a second: four seconds and a batch


def test_precision_and_size_that_are_none(model):
    with pytest.raises(ModelError, match="batch_seconds is above 0, not 0"):
        Speech2Text(model.folder, batch_seconds=0)
    with pytest.raises(ValueError, match="precision: fp32, bf16, fp16 or auto, not 'bf61'"):
        Speech2Text(model.folder, precision="bf61")


def test_text_of_clips_does_not_depend_on_what_is_recognized_together(tmp_path, capsys):
    folder = save_random(tmp_path / "x", *ENCODERS["log-mel"])
    clips = sorted(str(path) for path in CLIPS.glob("*/*.opus"))[:40:4]
    clips.insert(7, str(tmp_path / "none.wav"))
    said = {}
    for seconds in ("0.1", "20", "300"):
        argv = ["--model", str(folder), "--batch_seconds", seconds, "--decode", "greedy", *clips]
        assert asr_infer.main(argv) == 1
        printed = capsys.readouterr()
        assert printed.err.splitlines() == [
            f"error: {clips[7]}: cannot be read (No such file or directory); check the path"
        ]
        said[seconds] = printed.out
    assert said["0.1"] == said["20"] == said["300"]
    names = [line.split("\t")[0] for line in said["20"].splitlines()]
    assert names == clips[:7] + clips[8:]
    assert len({line.split("\t")[1] for line in said["20"].splitlines()}) > 5


def test_on_a_gpu_nothing_waits(tmp_path, monkeypatch):
    """Tensors without values (fake_cuda.py): types, devices, and no copy that waits."""
    model = Speech2Text(save_random(tmp_path / "x", *ENCODERS["group norm"]))
    model.device, copies = CUDA, []
    monkeypatch.setattr(network, "host_zeros", lambda rows, size, _: torch.zeros(rows, size))
    monkeypatch.setattr(model.precision, "autocast", lambda: autocast(torch.bfloat16))
    monkeypatch.setattr(device, "_recorded", lambda: Mock(synchronize=lambda: copies.append(0)))
    # under inference_mode fake tensors do not see what a copy is made of
    monkeypatch.setattr(Speech2Text, "_run", Speech2Text._run.__wrapped__)
    waves = [torch.zeros(length) for length in (30_000, 20_000, 0, 48_000)]
    model.batch_seconds = 4.0
    with fake_cuda(), torch.no_grad():
        move(model.objective)
        prepared._hold_weights_in(torch.bfloat16, model.objective)
        assert model.objective.head.weight.dtype == torch.bfloat16
        for best, shape in ((True, ()), (False, (8,))):
            found = list(model.frames(waves, best=best))
            assert [row.shape for row in found] == [(n, *shape) for n in (93, 62, 0, 149)]
            assert {row.dtype for row in found} == {torch.int32 if best else torch.float32}
            assert {row.device.type for row in found} == {"cpu"}
    assert len(copies) == 2 * 3  # batches: the longest, two of like length, the empty one


def test_what_does_not_fit_is_recognized_in_smaller_batches(model, monkeypatch):
    waves = [WAVE[: 5000 - 100 * number] for number in range(12)]
    wanted, whole = model.log_probs(waves), model.objective.log_probs
    monkeypatch.setattr(model, "batch_seconds", 10.0)
    rows = []

    def small(batch):
        if len(batch) > 3:
            raise torch.OutOfMemoryError
        rows.append(len(batch))
        return whole(batch)

    monkeypatch.setattr(model.objective, "log_probs", small)
    for found, other in zip(model.log_probs(waves), wanted, strict=True):
        torch.testing.assert_close(found, other, atol=3e-5, rtol=0)
    assert max(rows) == 3 and model.batch_seconds < 1.0
    monkeypatch.setattr(model.objective, "log_probs", Mock(side_effect=torch.OutOfMemoryError))
    with pytest.raises(ModelError, match=r"too little memory for 0\.3 seconds.*--max_seconds"):
        model.log_probs(waves)


def test_files_are_searched_in_several_processes(tmp_path, capsys):
    folder = save_random(tmp_path / "x", *ENCODERS["log-mel"])
    clips = sorted(str(path) for path in CLIPS.glob("it/*.opus"))[:10]
    said = []
    for nj in ("1", "2"):
        argv = ["--model", str(folder), "--decode", "free", "--nj", nj, *clips]
        assert asr_infer.main(argv) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] and len(said[0].splitlines()) == 10


def test_transcript_says_what_the_program_prints(tmp_path, capsys):
    folder = save_random(tmp_path / "x", *ENCODERS["log-mel"])
    clip = CLIPS / "it" / "00.opus"
    model = Speech2Text(folder)
    assert asr_infer.main(["--model", str(folder), str(clip)]) == 0
    found = model.transcribe(clip, "it")
    assert found.text and f"{clip}\t{found.text}\n" == capsys.readouterr().out
    assert (found.language, found.audio, found.model) == ("it", str(clip), str(model.path))
    assert found.duration == pytest.approx(1.33, abs=0.01)
    for one, following in pairwise(found.words):
        assert 0 <= one.start < one.end <= following.start <= found.duration
    assert all(0 < word.confidence <= 1 for word in found.words)
    assert model.transcribe(clip.read_bytes()).words == found.words
    assert model.transcribe(np.zeros(100), rate=8000).segments == ()
