"""The loop on UniData2vec and UniSpeech: the teacher's moves, resumption, ranks."""

import os
import signal

import pytest
import torch
import torch.multiprocessing as mp
from phonetic_toy import KINDS, Stream, make, one_rank, run, weights
from ports import free_port

from asrkit.train import checkpoint
from asrkit.train.parts import take_parts
from asrkit.train.trainer import Stopped


def teacher(model):
    return weights(model.base.teacher)


@pytest.mark.parametrize("accum_grad", [1, 3])
def test_the_teacher_moves_once_an_update(tmp_path, accum_grad):
    trainer, model = make(tmp_path, accum_grad=accum_grad, max_update=2)
    moves = []
    real_follow = model.base.teacher.follow

    def follow(student, step):
        before = teacher(model)
        real_follow(student, step)
        moves.append((step, torch.equal(before, teacher(model))))

    model.base.teacher.follow = follow
    run(trainer)
    assert moves == [(1, False), (2, False)]


def test_a_skipped_update_does_not_move_the_teacher(tmp_path):
    trainer, model = make(tmp_path)
    before = teacher(model)
    stream = iter(Stream())
    trainer._gradients(stream)
    for p in model.parameters():
        if p.grad is not None:
            p.grad.fill_(float("nan"))
    assert not trainer._step_if_finite()
    assert torch.equal(teacher(model), before)
    trainer._gradients(stream)
    assert trainer._step_if_finite()
    assert not torch.equal(teacher(model), before)


def test_a_teachers_move_is_that_of_its_decay(tmp_path):
    trainer, model = make(tmp_path)
    before = model.base.teacher.module.norm.weight.clone()
    trainer._update(iter(Stream()))
    student = model.encoder.context.norm.weight
    decay = 0.8 + 0.1 * 1 / 10
    wanted = decay * before + (1 - decay) * student
    torch.testing.assert_close(model.base.teacher.module.norm.weight, wanted.detach())


@pytest.mark.parametrize("base", ["regression", "contrastive"])
def test_resume_equals_uninterrupted_bit_for_bit(tmp_path, base):
    """Teacher, temperature and replacement included."""
    whole, model = make(tmp_path / "whole", base, max_update=6)
    run(whole)
    first, _ = make(tmp_path / "parts", base, max_update=6)
    real = first.objective.before_step

    def before_step(step):
        real(step)
        if step == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    first.objective.before_step = before_step
    with pytest.raises(Stopped):
        run(first)
    second, resumed = make(tmp_path / "parts", base, max_update=6)
    second.restore(tmp_path / "parts" / "last.pt")
    assert second.step == 3
    run(second)
    assert torch.equal(weights(model), weights(resumed))


@pytest.mark.timeout(240)  # two processes that import torch, on a machine that may be busy
def test_labeled_and_unlabeled_ranks_equal_one_that_accumulates(tmp_path):
    mp.spawn(one_rank, (str(tmp_path / "two"), [free_port() for _ in KINDS]), nprocs=2)
    for base, kind in KINDS:
        one, model = make(tmp_path / base, base, kind, max_update=3, accum_grad=2)
        run(one)
        for rank in range(2):
            other = torch.load(tmp_path / "two" / base / f"rank{rank}")
            torch.testing.assert_close(weights(model), other, rtol=1e-4, atol=1e-5)


def chain(tmp_path, base, objective, parts):
    """A phonetic model trained a little, then taken over by ``objective``."""
    trainer, model = make(tmp_path / "first", base, max_update=2)
    trainer.config = {"encoder_conf": {}}
    run(trainer)
    path = str(tmp_path / "first" / "last.pt")
    taken = take_parts(objective, path, parts, {"encoder_conf": {}})
    objective.after_init(list(taken))
    return model


def test_unidata2vec_plus_begins_where_unidata2vec_ended(tmp_path):
    torch.manual_seed(9)
    plus = make(tmp_path / "other")[1].base
    model = chain(tmp_path, "regression", plus, ["encoder", "prediction"])
    assert torch.equal(weights(plus.encoder), weights(model.encoder))
    assert torch.equal(weights(plus.prediction), weights(model.base.prediction))
    assert torch.equal(weights(plus.teacher.module), weights(model.encoder.context))


def test_the_saved_teacher_can_go_on(tmp_path):
    plus = make(tmp_path / "other")[1].base
    model = chain(tmp_path, "regression", plus, ["encoder", "prediction", "teacher"])
    assert torch.equal(weights(plus.teacher), weights(model.base.teacher))
    assert not torch.equal(weights(plus.teacher.module), weights(model.encoder.context))


def test_unispeech_plus_begins_where_unispeech_ended(tmp_path):
    plus = make(tmp_path / "other", "contrastive")[1].base
    parts = ["encoder", "quantizer", "target_projection"]
    model = chain(tmp_path, "contrastive", plus, parts)
    assert torch.equal(weights(plus), weights(model.base))


def test_a_phonetic_model_takes_a_self_supervised_one(tmp_path):
    trainer, other = make(tmp_path / "a", max_update=1)
    trainer.config = {"encoder_conf": {}}
    run(trainer)
    content = checkpoint.load(tmp_path / "a" / "last.pt")
    content["model"] = {
        name.removeprefix("base."): value
        for name, value in content["model"].items()
        if name.startswith("base.")
    }
    checkpoint.save(tmp_path / "plain.pt", content)
    model = make(tmp_path / "b")[1]
    take_parts(model, str(tmp_path / "plain.pt"), ["encoder"], {"encoder_conf": {}})
    assert torch.equal(weights(model.encoder), weights(other.encoder))


def test_a_part_that_is_not_there_is_named(tmp_path):
    with pytest.raises(checkpoint.CheckpointError, match="no part 'quantizer'; it has encoder"):
        chain(tmp_path, "regression", make(tmp_path / "o", "contrastive")[1].base, ["quantizer"])
