"""The loop: sums divided once, exact resume, decisions taken by all ranks together."""

import json
import math
import os
import signal

import pytest
import torch
import torch.multiprocessing as mp
from ports import free_port
from toy import Mean, Stream, make, one_rank, run, weights

from asrkit.train import checkpoint
from asrkit.train.log import MetricsLogger
from asrkit.train.schedule import Polynomial
from asrkit.train.trainer import Stopped, TrainingError


def test_loss_falls_and_best_models_are_kept(tmp_path):
    trainer, _ = make(tmp_path, max_update=40, keep_nbest_models=2)
    run(trainer)
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    valid = {row["step"]: row["loss"] for row in rows if row["split"] == "valid"}
    assert valid[40] < 0.5 * valid[4]
    kept = sorted(path.stem for path in (tmp_path / "checkpoints").iterdir())
    assert kept == sorted(f"step_{n}" for n in sorted(valid, key=valid.get)[:2])
    best = checkpoint.load(tmp_path / "best.pt")
    assert best["step"] == min(valid, key=valid.get)


@pytest.mark.parametrize("stop_at", [1, 5, 11])
def test_resume_equals_uninterrupted_bit_for_bit(tmp_path, stop_at):
    whole, objective = make(tmp_path / "whole", dropout=0.5)
    run(whole)
    first, _ = make(tmp_path / "parts", dropout=0.5)
    real = first.objective.before_step

    def before_step(step):
        real(step)
        if step == stop_at - 1:
            os.kill(os.getpid(), signal.SIGTERM)

    first.objective.before_step = before_step
    with pytest.raises(Stopped):
        run(first)
    second, resumed = make(tmp_path / "parts", dropout=0.5)
    second.restore(tmp_path / "parts" / "last.pt")
    assert second.step == stop_at
    assert second.best.state() == first.best.state()
    run(second)
    assert torch.equal(weights(objective), weights(resumed))
    lines = (tmp_path / "parts" / "train.jsonl").read_text().splitlines()
    steps = [(json.loads(x)["step"], json.loads(x)["split"]) for x in lines]
    assert steps == [(n, s) for n in (4, 8, 12) for s in ("train", "valid")]


def test_a_run_that_ended_before_its_first_save_leaves_no_rows(tmp_path):
    first, _ = make(tmp_path, save_interval=100, best_metric="none of them")
    with pytest.raises(TrainingError):
        run(first)
    assert not (tmp_path / "last.pt").exists()
    again, _ = make(tmp_path)
    run(again)
    lines = (tmp_path / "train.jsonl").read_text().splitlines()
    steps = [(json.loads(x)["step"], json.loads(x)["split"]) for x in lines]
    assert steps == [(n, s) for n in (4, 8, 12) for s in ("train", "valid")]


def test_accumulated_micro_batches_are_one_big_batch(tmp_path):
    """Unequal rows and weights: an average of averages would differ."""
    trainer, objective = make(tmp_path, accum_grad=3)
    trainer._gradients(iter(Stream()))
    summed = [p.grad.clone() for p in objective.parameters()]
    torch.manual_seed(0)
    again = Mean()
    total = sum(again(Stream().batch(i)).loss for i in range(3))
    total.backward()
    for mine, p in zip(summed, again.parameters(), strict=True):
        torch.testing.assert_close(mine, p.grad)
    weight = sum(float(Stream().batch(i).speech.lengths.sum()) for i in range(3))
    assert float(trainer._weight) == weight
    trainer._step_if_finite()
    for mine, p in zip(objective.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, p.grad / weight)


def test_two_ranks_equal_one_that_accumulates(tmp_path):
    one, objective = make(tmp_path / "one", dropout=0.5, accum_grad=2)
    run(one)
    (tmp_path / "two").mkdir()
    mp.spawn(one_rank, (str(tmp_path / "two"), free_port()), nprocs=2)
    saved = checkpoint.load(tmp_path / "two" / "last.pt")
    assert saved["stream"] == checkpoint.load(tmp_path / "one" / "last.pt")["stream"] == [4, 4]
    other = saved["model"]
    torch.testing.assert_close(
        weights(objective), torch.cat([v.flatten() for v in other.values()]), rtol=1e-5, atol=1e-6
    )
    torch.testing.assert_close(
        weights(objective), torch.load(tmp_path / "two" / "rank1"), rtol=1e-5, atol=1e-6
    )


def test_the_rate_is_that_of_the_update(tmp_path):
    trainer, _ = make(tmp_path, max_update=10)
    trainer.schedule = Polynomial(warmup=2, end=0.0)
    rates = []
    for _ in range(4):
        trainer._gradients(iter(Stream()))
        trainer._step_if_finite()
        rates.append(trainer.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.025, 0.05, 0.05 * 7 / 8, 0.05 * 6 / 8])


def test_one_bad_gradient_is_skipped_and_counted(tmp_path):
    trainer, objective = make(tmp_path)
    objective.poison = 3
    real = objective.before_step
    calls = []

    def before(step):
        calls.append(step)
        if calls.count(3) > 1:
            objective.poison = None
        real(step)

    objective.before_step = before
    run(trainer)
    assert trainer.step == 12
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    assert all(math.isfinite(row["loss"]) for row in rows)
    assert [row["skipped"] for row in rows if row["split"] == "train"] == [0.2, 0, 0]
    assert calls.count(3) == 2
    assert weights(objective).isfinite().all()


def test_many_bad_gradients_stop_the_run_and_name_the_parameter(tmp_path):
    trainer, objective = make(tmp_path, max_skipped=3)
    objective.poison = 6
    with pytest.raises(TrainingError, match=r"update 7: 3 gradients in a row.*net\.0\.weight.*lr"):
        run(trainer)
    assert checkpoint.load(tmp_path / "last.pt")["step"] == 6


def test_collapse_stops_the_run_unless_told_otherwise(tmp_path):
    trainer, objective = make(tmp_path / "a")
    objective.sick = "one code is left"
    with pytest.raises(TrainingError, match="update 4: one code is left"):
        run(trainer)
    trainer, objective = make(tmp_path / "b", stop_on_collapse=False)
    objective.sick = "one code is left"
    run(trainer)
    assert trainer.step == 12


def test_after_step_sees_the_moved_weights_and_their_number(tmp_path):
    trainer, objective = make(tmp_path)
    begin, seen = weights(objective), []
    objective.after_step = lambda step: seen.append((step, weights(objective)))
    for _ in range(2):
        trainer._gradients(iter(Stream()))
        trainer._step_if_finite()
    assert [step for step, _ in seen] == [1, 2]
    assert torch.equal(seen[1][1], weights(objective))
    assert not torch.equal(seen[0][1], begin) and not torch.equal(seen[0][1], seen[1][1])


def test_dropout_is_drawn_again_for_every_micro_batch(tmp_path, monkeypatch):
    trainer, _ = make(tmp_path, accum_grad=2)
    seeds = []
    monkeypatch.setattr(torch, "manual_seed", seeds.append)
    for _ in range(2):
        trainer._gradients(iter(Stream()))
        trainer._step_if_finite()
    assert len(seeds) == len(set(seeds)) == 4


def test_validation_does_not_train_and_training_goes_on_after_it(tmp_path):
    trainer, objective = make(tmp_path)
    modes, real = [], objective.forward

    def forward(batch):
        modes.append(objective.training)
        return real(batch)

    objective.forward = forward
    run(trainer)
    assert modes == ([True] * 4 + [False] * 3) * 3


def test_the_loss_scale_is_saved(tmp_path):
    first, _ = make(tmp_path)
    first.precision.restore([0.5, 7])
    first.save(Stream())
    second, _ = make(tmp_path)
    second.restore(tmp_path / "last.pt")
    assert second.precision.state() == [0.5, 7]


def test_gradient_norm_is_clipped(tmp_path):
    trainer, objective = make(tmp_path, grad_clip=1e-3)
    trainer._gradients(iter(Stream()))
    trainer._step_if_finite()
    norm = torch.nn.utils.get_total_norm([p.grad for p in objective.parameters()])
    assert norm == pytest.approx(1e-3, rel=1e-2)


def test_a_small_gradient_is_left_alone(tmp_path):
    found = []
    for clip in (0.0, 1e3):
        trainer, objective = make(tmp_path / str(clip), grad_clip=clip)
        trainer._gradients(iter(Stream()))
        trainer._step_if_finite()
        found.append([p.grad for p in objective.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_unknown_best_metric_names_the_known(tmp_path):
    trainer, _ = make(tmp_path, best_metric="per")
    with pytest.raises(TrainingError, match="no 'per', it has loss"):
        run(trainer)


def test_the_first_line_after_a_resume_says_what_it_covers(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(MetricsLogger, "say", lambda self, message, level=0: said.append(message))
    trainer, _ = make(tmp_path, max_update=6)
    run(trainer)
    assert not [message for message in said if "averages" in message]
    again, _ = make(tmp_path, max_update=12)
    again.restore(tmp_path / "last.pt")
    run(again)
    lines = [
        message for message in said if message.startswith("train step 8") or "since" in message
    ]
    assert lines[0].startswith("train step 8")
    assert lines[1:] == ["these are averages of the 2 updates since 6"]
