"""What every tuning promises on every encoder: nothing at first, then it alone learns."""

from __future__ import annotations

import pytest
import torch
from test_contract import batch_of
from tuning.tuned_models import TUNE, make, options_of

from asrkit.choices import ENCODERS, TUNINGS
from asrkit.config import ConfigError
from asrkit.tuning.tuned import added_names

CASES = [(e, kind) for e in ENCODERS for kind in TUNINGS if e != "cpc"]


def test_each_kind_is_tried():
    assert TUNE.keys() == TUNINGS.keys()


@pytest.mark.parametrize(("encoder", "kind"), CASES)
def test_a_new_tuning_changes_no_bit(encoder, kind):
    """Nor what is drawn for all that is not tuned: the head."""
    plain, tuned = (
        make(options_of(encoder, tune=tune), filled=False) for tune in ({}, {kind: TUNE[kind]})
    )
    mine, theirs = plain.state_dict(), tuned.state_dict()
    assert theirs.keys() - mine.keys() == added_names(tuned) != set()
    assert all(torch.equal(value, theirs[name]) for name, value in mine.items())
    with torch.no_grad():  # scores that ask for a gradient are added by another routine
        assert torch.equal(plain(batch_of()).loss, tuned(batch_of()).loss)


@pytest.mark.parametrize(("encoder", "kind"), CASES)
def test_all_that_is_added_learns_and_the_encoder_does_not(encoder, kind):
    objective = make(options_of(encoder, tune={kind: TUNE[kind]})).train()
    objective.encoder.context.layerdrop = 0.0  # a skipped layer's gradients are zeros
    torch.manual_seed(0)
    objective(batch_of()).loss.backward()
    learns = {n for n, p in objective.named_parameters() if p.requires_grad}
    assert learns == added_names(objective) | {"head.weight", "head.bias"}
    for name, value in objective.named_parameters():
        assert (value.grad is not None) == (name in learns), name
        if name in learns:
            assert value.grad.abs().sum() > 0, name


def test_tunings_stand_together_in_any_order():
    found = [
        make(options_of(tune=dict(order)), filled=False)
        for order in (TUNE.items(), reversed(TUNE.items()))
    ]
    assert added_names(found[0]) == added_names(found[1])
    assert not any("adapter" in n and "lora" in n for n in added_names(found[0]))


def test_the_teacher_of_a_tuned_encoder_follows_it():
    objective = make(options_of(objective="regression", token_list=None, tune=TUNE,
                                objective_conf={"top_k": 2})).train()  # fmt: skip
    objective.after_init(["encoder"])
    before = {name: value.clone() for name, value in objective.teacher.named_parameters()}
    objective(batch_of()).loss.backward()
    assert not any(value.requires_grad for value in objective.teacher.parameters())
    with torch.no_grad():
        for value in objective.encoder.parameters():
            if value.requires_grad:
                value.add_(1.0)
    objective.after_step(1)
    moved = {n for n, v in objective.teacher.named_parameters() if not torch.equal(v, before[n])}
    assert {name.removeprefix("module.") for name in moved} == added_names(
        objective.encoder.context
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tune": {"lor": {}}}, "tune: unknown name 'lor'; did you mean 'lora'"),
        ({"tune": {"lora": None}}, "tune.lora: None is not of type"),
        ({"tune": {"lora": {"rnk": 2}}}, "tune.lora: unknown key 'rnk'; did you mean 'rank'"),
        ({"tune": {"lora": {"rank": 0}}}, "tune.lora.rank: 0 is below 1"),
        (
            {"tune": {"lora": {"targets": ["attention.qvk"]}}},
            "tune.lora: targets: 'attention.qvk' fits no name of a linear layer; did you mean "
            "'attention.qkv'",
        ),
        ({"encoder": "cpc", "tune": {"lora": {}}}, "tune.lora: this encoder has no blocks"),
        ({"encoder": "cpc", "tune": {"adapters": {}}}, "tune.adapters: this encoder has no blocks"),
        ({"tune": {"lora": {}}, "objective_conf": {"freeze_encoder": True}}, "freeze_encoder"),
        (
            {"trainable": ["encoder.contxt"]},
            "trainable: 'encoder.contxt' fits no name of a parameter; did you mean "
            "'encoder.context'",
        ),
        ({"trainable": ["("]}, r"trainable: '\(' is not a regular expression"),
    ],
)
def test_what_cannot_be_is_told(changes, told):
    with pytest.raises(ConfigError, match=told):
        make(options_of(**{"encoder_conf": {}} | changes) if changes.get("encoder") == "cpc"
             else options_of(**changes))  # fmt: skip


def test_only_what_a_pattern_names_learns():
    objective = make(options_of(trainable=["^head", r"norm\.bias$"]))
    learns = {name for name, p in objective.named_parameters() if p.requires_grad}
    assert learns == {"head.weight", "head.bias"} | {
        name for name, _ in objective.named_parameters() if name.endswith("norm.bias")
    }


def test_patterns_are_of_the_models_own_beside_what_is_added():
    objective = make(options_of(trainable=["mask_embedding"], tune=TUNE))
    learns = {name for name, p in objective.named_parameters() if p.requires_grad}
    assert learns == added_names(objective) | {"encoder.mask_embedding"}


def test_a_pattern_for_what_another_option_freezes_is_refused():
    conf = options_of().encoder_conf | {"feature_grad_mult": 0.0}
    with pytest.raises(ConfigError, match="fits only what other options freeze"):
        make(options_of(encoder_conf=conf, trainable=["head", r"encoder\.conv"]))
