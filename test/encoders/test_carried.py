"""A causal recognizer on samples that come in parts: what it makes of the whole."""

from __future__ import annotations

import pytest
import torch
from random_model import save_random

from asrkit.infer import Speech2Text

WAVE = torch.rand(40_123, generator=torch.Generator().manual_seed(3)) - 0.5
CONVS = {"plain": None, "other": [[8, 4, 2], [5, 2, 1]]}


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (8, 4), (3, 2)])
@pytest.mark.parametrize("convs", CONVS)
def test_parts_are_the_whole(tmp_path, kernel, stride, convs):
    conf = {"width": 16, "layers": 2}
    if CONVS[convs]:
        conf["conv_layers"] = CONVS[convs]
    head = {"head_kernel": kernel, "head_stride": stride} if kernel > 1 else {}
    model = Speech2Text(save_random(tmp_path / "x", "cpc", conf, head))
    for length in (0, 5, 700, len(WAVE)):
        (whole,) = model.log_probs([WAVE[:length]])
        for size in (131, 3_000, 50_000):
            steps = model.carried()
            parts = [steps.add(part) for part in WAVE[:length].split(size)]
            came = sum(len(part) for part in parts)
            found = torch.cat([*parts, steps.rest()])
            assert found.shape == whole.shape
            torch.testing.assert_close(found, whole, atol=2e-5, rtol=0)
            hop = model.clock.hop
            assert len(whole) - came <= (kernel - stride + 4) // stride + 800 // hop


def test_a_stream_carries_the_state(tmp_path):
    conf = {"width": 16, "layers": 1}
    model = Speech2Text(save_random(tmp_path / "x", "cpc", conf, {}))
    whole = model.transcribe(WAVE, rate=16_000, vad="none")
    found = []
    for step in (160, 40_000):
        stream = model.stream(chunk=0.2, vad="none")
        late = []
        for start in range(0, len(WAVE), step):
            partial = stream.accept(WAVE[start : start + step])
            late.append((start + step) / 16_000 - partial.until)
        assert step > 160 or max(late) < 0.2 + 0.05
        found.append(stream.finish())
    assert found[0] == found[1]
    assert [word.text for word in found[0].words] == [word.text for word in whole.words]


def test_other_encoders_carry_none(tmp_path):
    conf = {"width": 16, "layers": 1, "heads": 2, "positional": [8, 2, 1], "mels": 16}
    assert Speech2Text(save_random(tmp_path / "x", "logmel", conf, {})).carried() is None
