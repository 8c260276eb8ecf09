"""Processes that would not do the same are told so before the first update."""

import numpy as np
import pytest

from asrkit.config import ConfigError
from asrkit.train.agreement import assert_same_on_all_ranks, common, data_fingerprint


class Ranks:
    """What a World of several processes gathers, the first of them being this one."""

    def __init__(self, *others):
        self.others = others

    def gather(self, facts):
        return [facts, *(facts | other for other in self.others)]


FACTS = {"configuration": {"seed": 1, "encoder_conf": {"width": 8}}, "training_data": "ab"}


def test_equal_processes_go_on():
    assert_same_on_all_ranks(Ranks({}, {}), **FACTS, update=3)


@pytest.mark.parametrize(
    "other,message",
    [
        ({"update": 0}, r"process 0 and process 2 .* update .*3 -> 0.*one folder"),
        ({"training_data": "cd"}, "training data .*same files"),
        ({"configuration": FACTS["configuration"] | {"seed": 2}}, r"configuration\.seed: 1 -> 2"),
    ],
)
def test_what_differs_is_named(other, message):
    with pytest.raises(ConfigError, match=message):
        assert_same_on_all_ranks(Ranks({}, other), **FACTS, update=3)


def test_a_machine_may_have_its_own_number_of_gpus():
    assert common({"ngpu": 4, "seed": 1}) == common({"ngpu": 8, "seed": 1}) == {"seed": 1}


def test_the_mark_is_of_lengths_and_languages_in_order():
    lengths, langs = np.array([3, 4], np.int32), np.array([0, 1], np.int16)
    mark = data_fingerprint(lengths, langs)
    assert mark == data_fingerprint(lengths.copy(), langs.copy())
    others = data_fingerprint(lengths[::-1], langs), data_fingerprint(lengths, langs[::-1])
    assert len({mark, *others}) == 3
