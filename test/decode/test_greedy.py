import pytest
import torch

from asrkit.batch import Padded, pad
from asrkit.decode.greedy import collapse, greedy_tokens


def _scores(frames: list[int], size: int = 5) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(frames, dtype=torch.int64), size).float()


@pytest.mark.parametrize(
    ("frames", "labels"),
    [
        ([], []),
        ([0, 0], []),
        ([2, 2, 2], [2]),
        ([2, 0, 2], [2, 2]),
        ([0, 3, 3, 0, 4, 2, 2], [3, 4, 2]),
    ],
)
def test_collapse(frames: list[int], labels: list[int]) -> None:
    assert collapse(frames) == labels


def test_padding_does_not_count() -> None:
    rows = [_scores([2, 2, 0, 3]), _scores([4]), _scores([])]
    batch = pad(rows)
    batch.data[1, 1:, 3] = 9.0  # what a model writes beyond the end
    batch.data[2, :, 2] = 9.0
    assert greedy_tokens(batch) == [[2, 3], [4], []]


def test_a_batch_without_frames() -> None:
    empty = Padded(torch.zeros(2, 0, 5), torch.zeros(2, dtype=torch.int64))
    assert greedy_tokens(empty) == [[], []]


def test_wrong_shape() -> None:
    with pytest.raises(ValueError, match=r"\[B, T, V\]"):
        greedy_tokens(Padded(torch.zeros(2, 5), torch.tensor([5, 5])))
