"""The work of one step in several jobs, side by side on one machine or on many.

A program that can share its work has two more options. ``--split N`` deals what is left to do to at
most N shards, and prints how many got any; ``--shard K`` does one of them, in one process. The
program without either takes what shards have done, does what is left, and writes its files. They
are those of one process, whoever did the work, and it alone judges what counts for the whole.

What is done is kept item by item, in ``<out>/.shards``, beside a mark of all that it depends on. So
a shard that was interrupted goes on, another number of shards deals what is left, and no result of
other options, models or inputs is taken.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Generic, NamedTuple, TypeVar

from asrkit.arguments import UsageError, at_least
from asrkit.files import DataError, append, atomic

R = TypeVar("R")
FOLDER = ".shards"
_TODO, _RESULTS = ".todo", ".results"
_END = b".\n"  # of a line that is whole
_SECONDS = 1.0  # of work that a kill may lose


class Item(NamedTuple):
    """id: without white space. mark: of what its result depends on. what: JSON for the shard."""

    id: str
    mark: str
    what: Any = None


class Results:
    """Results by id and mark, which are read when they are asked for."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._places: dict[tuple[str, str], tuple[Path, int, int]] = {}
        for path in paths:
            place = 0
            with open(path, "rb") as stream:
                for line in stream:
                    fields = line.split(b"\t")
                    if len(fields) == 4 and fields[3] == _END:  # not cut off by a kill
                        key = (fields[0].decode(), fields[1].decode())
                        self._places[key] = (path, place, len(line))
                    place += len(line)

    def __contains__(self, item: Item) -> bool:
        return item[:2] in self._places

    def __getitem__(self, item: Item) -> Any:
        path, place, length = self._places[item[:2]]
        with open(path, "rb") as stream:
            stream.seek(place)
            return json.loads(stream.read(length).split(b"\t")[2])


class Shards:
    """Shards of a step, in a folder that is there as long as it has any."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def results(self) -> Results:
        """What is done, by all shards of all numbers of them."""
        return Results(sorted(self.folder.glob(f"*{_RESULTS}")))

    def deal(self, items: Sequence[Item], count: int) -> int:
        """Deals items to at most ``count`` shards by turns; how many have any.

        Raises DataError where a shard that was dealt before is still at work.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        dealt = list(self.folder.glob(f"*{_TODO}"))
        for path in dealt:
            with _locked(path):
                pass  # nobody is at work on it
        for path in dealt:
            path.unlink()
        count = min(count, len(items))
        for number in range(count):
            with atomic(self.folder / f"{number + 1}{_TODO}") as stream:
                for item in items[number::count]:
                    stream.write(json.dumps(item, ensure_ascii=False) + "\n")
        return count

    @contextlib.contextmanager
    def work(self, number: int) -> Iterator[tuple[list[Item], Callable[[Item, Any], None]]]:
        """Yields what shard ``number`` has left to do, and what keeps the result of an item.

        Raises DataError where it was not dealt, and where another job is at work on it.
        """
        todo, done = (self.folder / f"{number}{end}" for end in (_TODO, _RESULTS))
        if not todo.exists():
            raise DataError(f"{todo}: is missing; --split deals the work to shards first")
        with _locked(todo) as stream:
            items = [Item(*json.loads(line)) for line in stream]
            results = Results([done] if done.exists() else [])
            lines = ["\n"] if done.exists() else []  # ends a line that a kill has cut off
            last = time.monotonic()

            def keep(item: Item, result: Any) -> None:
                nonlocal last
                lines.append(f"{item.id}\t{item.mark}\t{json.dumps(result)}\t.\n")
                if time.monotonic() - last > _SECONDS:
                    flush()

            def flush() -> None:
                nonlocal last
                append(done, "".join(lines))
                lines.clear()
                last = time.monotonic()

            try:
                yield [item for item in items if item not in results], keep
            finally:
                flush()

    def drop_results(self) -> None:
        """Removes what is done, which the step has taken in; what was dealt stays."""
        for path in self.folder.glob(f"*{_RESULTS}"):
            path.unlink()

    def forget(self) -> None:
        """Removes results, and shards that were dealt: the step has taken them in."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Task(Generic[R]):
    """Results of items that shards may have made, in ``folder``, for the step that needs them all.

    make: items to their results, one for each and in their order. store, load: a result to JSON and
    back.
    """

    def __init__(
        self,
        folder: Path,
        items: Sequence[Item],
        make: Callable[[Sequence[Item]], Iterator[R]],
        *,
        store: Callable[[R], Any],
        load: Callable[[Any], R],
    ) -> None:
        self.items, self._shards = items, Shards(folder)
        self._make, self._store, self._load = make, store, load

    def split(self, count: int) -> int:
        """Deals what has no result yet; to how many shards."""
        found = self._shards.results()
        return self._shards.deal([item for item in self.items if item not in found], count)

    def shard(self, number: int) -> int:
        """Makes the results of one shard; how many."""
        with self._shards.work(number) as (items, keep):
            made = self._make(items) if items else iter(())
            for item, result in zip(items, made, strict=True):
                keep(item, self._store(result))
        return len(items)

    def results(self) -> Iterator[R]:
        """All results, in order of the items; those that no shard has made are made now."""
        found = self._shards.results()
        left = [item for item in self.items if item not in found]
        made = self._make(left) if left else iter(())
        for item in self.items:
            yield self._load(found[item]) if item in found else next(made)

    def forget(self) -> None:
        """Removes what shards have made, which is in the files of the step."""
        self._shards.forget()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """A file of which no other job has the lock; where a file system has none, just the file."""
    with open(path, "r+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"{path}: another job does this shard; wait until it ends, or end it (on Slurm "
                "squeue lists it and scancel ends it)"
            ) from None
        except OSError:
            pass
        yield stream


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--split and --shard."""
    parser.add_argument(
        "--split",
        type=at_least(1),
        help="only deal what is left to do to at most so many shards, and print their number",
    )
    parser.add_argument(
        "--shard",
        type=at_least(1),
        help="only do the work of this shard, from 1, in one process; the program without --shard "
        "then writes its files",
    )


def refuse_both(args: argparse.Namespace) -> None:
    if args.split and args.shard:
        raise UsageError("--split deals the work, --shard does a part of it: give one of them")


def do_part(task: Task[R], args: argparse.Namespace) -> str:
    """What --split or --shard asks for; what is to be printed."""
    if args.split:
        return str(task.split(args.split))
    return f"shard {args.shard}: {task.shard(args.shard)} done"


def stamp(path: str | Path) -> tuple[str, int, int]:
    """A path, with size and time of the file that is there (0 where none is)."""
    try:
        stat = os.stat(path)
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_size, stat.st_mtime_ns


def stamped(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as plain values, files among them with size and time."""
    return {
        key: list(stamp(value)) if isinstance(value, Path) else value
        for key, value in sorted(options.items())
    }


def mark(*parts: object) -> str:
    """24 digits that stand for plain values."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()
