"""The teacher: its decay, what it follows, and when."""

import pytest
import torch
from torch import nn

from asrkit.objectives.ema import EmaTeacher


def make(**options):
    torch.manual_seed(0)
    student = nn.ModuleDict({"a": nn.Linear(2, 2), "position": nn.Linear(2, 2)})
    return student, EmaTeacher(
        student, **{"start": 0.999, "end": 0.9999, "steps": 30_000, **options}
    )


@pytest.mark.parametrize(
    ("step", "decay"), [(0, 0.999), (15_000, 0.99945), (30_000, 0.9999), (10**6, 0.9999)]
)
def test_published_decay(step, decay):
    assert make()[1].decay(step) == pytest.approx(decay, abs=1e-9)


def test_a_schedule_without_steps_is_its_end():
    assert make(steps=0)[1].decay(0) == 0.9999


@pytest.mark.parametrize(
    "wrong", [{"start": 0.9999, "end": 0.999}, {"end": 1.1}, {"start": -0.1}, {"steps": -1}]
)
def test_wrong_decays_are_refused(wrong):
    with pytest.raises(ValueError, match="decay grows"):
        make(**wrong)


def test_moves_average_and_copy():
    student, teacher = make(start=0.75, end=0.75, copied=["position"])
    before = {name: p.clone() for name, p in teacher.module.named_parameters()}
    with torch.no_grad():
        for p in student.parameters():
            p += 1
    teacher.follow(student, 1)
    for name, mine in teacher.module.named_parameters():
        moved = 1.0 if name.startswith("position") else 0.25
        torch.testing.assert_close(mine, before[name] + moved)


@pytest.mark.parametrize(("step", "kept"), [(1, 0.6), (2, 0.7), (4, 0.9), (5, 0.9)])
def test_a_move_has_the_decay_of_its_update(step, kept):
    student, teacher = make(start=0.5, end=0.9, steps=4)
    before = teacher.module["a"].weight.clone()
    with torch.no_grad():
        student["a"].weight += 1
    teacher.follow(student, step)
    torch.testing.assert_close(teacher.module["a"].weight, before + (1 - kept))


def test_many_moves_equal_the_closed_form():
    student, teacher = make(start=0.9, end=0.9)
    with torch.no_grad():
        for p in teacher.module.parameters():
            p.zero_()
        for p in student.parameters():
            p.fill_(1)
    for step in range(1, 31):
        teacher.follow(student, step)
    assert teacher.module["a"].weight[0, 0].item() == pytest.approx(1 - 0.9**30, rel=1e-5)


def test_small_moves_survive_in_float32():
    """A bf16 teacher would stand still: 1e-4 of a small difference is below its resolution."""
    student, teacher = make(start=0.9999, end=0.9999)
    student.to(torch.bfloat16)
    start = teacher.module["a"].weight.clone()
    with torch.no_grad():
        student["a"].weight += 0.25
    teacher.follow(student, 1)
    moved = (teacher.module["a"].weight - start).mean().item()
    assert teacher.module["a"].weight.dtype == torch.float32
    assert moved == pytest.approx(0.25e-4, rel=0.2)


def test_never_trains():
    student, teacher = make()
    holder = nn.ModuleList([student, teacher]).train()
    assert holder.training and student.training
    assert not teacher.training and not teacher.module["a"].training
    assert not any(p.requires_grad for p in teacher.parameters())


def test_restart_is_a_copy_and_no_alias():
    student, teacher = make()
    with torch.no_grad():
        student["a"].weight += 1
    teacher.restart(student)
    assert torch.equal(teacher.module["a"].weight, student["a"].weight)
    with torch.no_grad():
        student["a"].weight += 1
    assert not torch.equal(teacher.module["a"].weight, student["a"].weight)
