"""Work dealt to shards: nothing twice, nothing half, nothing of other options."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.files import DataError
from asrkit.shards import FOLDER, Item, Shards, mark

ITEMS = [Item(f"u{number}", mark(number), [number, "ä\t\n"]) for number in range(5)]


def do(shards: Shards, number: int, most: int = 9) -> list[str]:
    """Results of at most so many items of a shard; their ids."""
    with shards.work(number) as (items, keep):
        for item in items[:most]:
            keep(item, {"of": item.what})
    return [item.id for item in items[:most]]


def test_every_item_is_dealt_once_and_its_result_is_found(tmp_path: Path) -> None:
    shards = Shards(tmp_path / FOLDER)
    assert shards.deal(ITEMS, 2) == 2
    assert [do(shards, 1), do(shards, 2)] == [["u0", "u2", "u4"], ["u1", "u3"]]
    results = shards.results()
    assert [results[item]["of"] for item in ITEMS] == [item.what for item in ITEMS]
    shards.forget()
    assert list(tmp_path.iterdir()) == []


def test_no_more_shards_than_items(tmp_path: Path) -> None:
    shards = Shards(tmp_path / FOLDER)
    assert shards.deal(ITEMS, 9) == 5
    assert shards.deal(ITEMS[:1], 9) == 1
    assert shards.deal([], 9) == 0
    with pytest.raises(DataError, match=r"1.todo: is missing; --split deals"):
        do(shards, 1)


def test_a_shard_that_was_interrupted_goes_on_whatever_its_last_line_is(tmp_path: Path) -> None:
    shards = Shards(tmp_path / FOLDER)
    shards.deal(ITEMS, 1)
    assert do(shards, 1, most=3) == ["u0", "u1", "u2"]
    path = tmp_path / ".shards/1.results"
    whole = path.read_bytes()
    for end in (whole[:-1], whole[:-2], whole[:-30], whole + b"\0\0\0", whole + b"u3\tx\t1"):
        path.write_bytes(end)
        lost = [] if end.startswith(whole) else ["u2"]
        assert do(shards, 1, most=len(lost)) == lost
        results = shards.results()
        assert [item.id for item in ITEMS if item in results] == ["u0", "u1", "u2"]
    assert do(shards, 1) == ["u3", "u4"]
    assert do(shards, 1) == []


def test_results_are_of_their_marks_and_of_any_number_of_shards(tmp_path: Path) -> None:
    shards = Shards(tmp_path / FOLDER)
    shards.deal(ITEMS, 3)
    do(shards, 2)
    other = [item._replace(mark=mark("another model")) for item in ITEMS]
    results = shards.results()
    assert [item.id for item in ITEMS if item in results] == ["u1", "u4"]
    assert not any(item in results for item in other)
    left = [item for item in ITEMS if item not in results]
    assert shards.deal(left, 2) == 2
    assert [do(shards, 1), do(shards, 2)] == [["u0", "u3"], ["u2"]]
    assert all(item in shards.results() for item in ITEMS)


def test_two_jobs_do_not_do_one_shard_and_nothing_is_dealt_beside_them(tmp_path: Path) -> None:
    shards = Shards(tmp_path / FOLDER)
    shards.deal(ITEMS, 2)
    with shards.work(2):
        with pytest.raises(DataError, match=r"2.todo: another job does this shard"):
            do(shards, 2)
        with pytest.raises(DataError, match="another job does this shard; wait until it ends"):
            shards.deal(ITEMS, 2)
        assert do(shards, 1) == ["u0", "u2", "u4"]  # which is still there
    assert shards.deal(ITEMS, 2) == 2
