"""CTC on frozen features with a strided convolution, the way m-CPC is evaluated."""

import pytest
import torch

from asrkit.batch import Batch, Padded, pad
from asrkit.encoders.cpc import CpcEncoder
from asrkit.objectives.ctc import CtcObjective
from asrkit.objectives.ctc_head import ctc_head
from asrkit.tokens import TokenList

TOKENS = TokenList.build("abc")


def make(**options):
    torch.manual_seed(0)
    quiet = {"mask_prob": 0.0, "channel_mask_prob": 0.0, "head_kernel": 8, "head_stride": 4}
    return CtcObjective(CpcEncoder(width=8), TOKENS, **{**quiet, **options})


def batch_of(*lengths):
    rows = [torch.randn(length) for length in lengths]
    text = [torch.randint(2, 5, (2,)) for _ in rows]
    return Batch([str(n) for n in lengths], torch.arange(len(rows)), pad(rows), pad(text))


def test_a_quarter_of_the_frames_each_seeing_eight():
    torch.manual_seed(0)
    head = ctc_head(6, 5, kernel=8, stride=4)
    frames = torch.randn(2, 30, 6)
    scores = head(Padded(frames, torch.tensor([30, 17])))
    assert scores.lengths.tolist() == [7, 4]
    seen = torch.cat([frames[1, 12:17], torch.zeros(3, 6)])  # the row's last 5 frames, then nothing
    wanted = torch.einsum("cdt,td->c", head.weight, seen) + head.bias
    torch.testing.assert_close(scores.data[1, 3], wanted)
    alone = head(Padded(frames[1:, :17], torch.tensor([17])))
    torch.testing.assert_close(alone.data[0, :4], scores.data[1, :4])


def test_a_row_shorter_than_the_kernel_has_few_or_no_frames():
    head = ctc_head(6, 5, kernel=8, stride=4)
    scores = head(Padded(torch.randn(2, 5, 6), torch.tensor([5, 3])))
    assert scores.lengths.tolist() == [1, 0]


def test_log_probabilities_come_25_times_a_second():
    objective = make().eval()
    scores = objective.log_probs(batch_of(16_000, 9_000))
    assert scores.lengths.tolist() == [25, 14]
    assert scores.data.shape == (2, 25, len(TOKENS))


def test_a_frozen_encoder_never_changes():
    objective = make(freeze_encoder=True)
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    learning = [name for name, p in objective.named_parameters() if p.requires_grad]
    assert learning == ["head.weight", "head.bias"]
    optimizer = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], lr=0.1)
    for step in range(3):
        objective.train()
        objective.before_step(step)
        objective(batch_of(9_000, 8_000)).loss.backward()
        optimizer.step()
    changed = {n for n, v in objective.state_dict().items() if not torch.equal(v, before[n])}
    assert changed == {"head.weight", "head.bias"}


@pytest.mark.parametrize("options", [{"head_stride": 0}, {"head_kernel": 2, "head_stride": 3}])
def test_bad_options(options):
    with pytest.raises(ValueError, match="head_stride"):
        make(**options)
