"""The loop: micro-batches in, one optimizer step out. It knows objectives.base and no method.

update(micro-batches): before_step; forward and backward of each, losses are sums; one all-reduce of
the weight; gradients divided once; one decision for all ranks whether to step; after_step.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import torch

from asrkit import rate
from asrkit.batch import Batch
from asrkit.keys import key_of
from asrkit.objectives.base import Objective, Stat
from asrkit.options import Options
from asrkit.train import checkpoint
from asrkit.train.contents import check_run
from asrkit.train.distributed import World, gradients_stay_local
from asrkit.train.log import Meter, MetricsLogger
from asrkit.train.marks import RunMark
from asrkit.train.models import BestCheckpoints
from asrkit.train.optim import RATE
from asrkit.train.patience import why_end
from asrkit.train.precision import Precision
from asrkit.train.profile import Profile
from asrkit.train.progress import Progress
from asrkit.train.schedule import Schedule
from asrkit.train.signals import Interrupted, Signals
from asrkit.train.signals import Stopped as Stopped
from asrkit.train.skips import Skips
from asrkit.train.skips import TrainingError as TrainingError


class Stream(Protocol):
    """The position in the training data, over all ranks."""

    def state(self, consumed: int) -> tuple[int, int]:
        """(epoch, offset) after ``consumed`` micro-batches since this process began."""
        ...


class Trainer:
    """Updates ``objective`` until ``options.max_update``: logs, validates, saves.

    config is the run's configuration, kept in its checkpoints. Raises TrainingError for a run that
    collapsed or whose gradients stay non-finite, Stopped after a signal, once all is saved.
    """

    def __init__(
        self,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        options: Options,
        world: World,
        config: dict[str, Any],
    ) -> None:
        self.objective, self.optimizer, self.schedule = objective, optimizer, schedule
        self.options, self.world, self.config = options, world, config
        self.model = world.wrap(objective)
        self.precision = Precision(options.precision, world.device)
        self.folder = Path(options.output_dir or ".")
        self.best = BestCheckpoints(self.folder, options.keep_nbest_models, active=world.is_main)
        self.step = 0
        self.start: tuple[int, int] = (0, 0)  # (epoch, offset) of the first micro-batch to read
        self.base: dict[str, Any] | None = None  # what files leave out (base_model.py)
        self.mark = RunMark("", world.device_name)  # saved, so that a resumed run can compare
        self._consumed = 0
        self._skips = Skips(objective, options.max_skipped)
        self._signals = Signals()  # received by this process
        self._stop = 0  # known to all ranks, so that they stop at the same update
        self._validation_due = False  # of self.step, where a signal cut it short
        self.progress = Progress(world.device)
        self._meter = Meter()
        self._stats: list[dict[str, Stat]] = []
        self._weight = torch.zeros((), dtype=torch.float64, device=world.device)
        self._peak = float(options.optimizer_conf["lr"])
        self._parameters = [p for p in objective.parameters() if p.requires_grad]

    def run(self, stream: Stream, train: Iterator[Batch], valid: Iterable[Batch] | None) -> None:
        """Trains from ``self.step`` to max_update, or to where patience ends it; saves, validates
        and logs on the way.

        A signal ends a run between two micro-batches, of training or validation: what they have
        added up is dropped, and a run that goes on does that update, or that validation, from its
        first. Several processes, whichever of them got the signal, drop the same update: each at
        its next micro-batch, and all before the last, which sends gradients.
        """
        options = self.options
        metrics = MetricsLogger(
            self.folder, start=self.step, total=options.max_update, active=self.world.is_main
        )
        active, device = self.world.is_main, self.world.device
        profile = Profile(options, self.folder, device, metrics.say, active=active)
        remembered = self._signals.remembered(tell=active)
        with metrics, remembered, self.precision.matmul_precision(), profile:
            try:
                if self._validation_due and valid is not None:
                    self._validate(metrics, valid)
                    self.save(stream)
                self._updates(metrics, profile, stream, train, valid)
            except Interrupted as interrupt:
                self._stop = interrupt.number
                self.save(stream)
            metrics.draw()
        if self._stop and (self._validation_due or self.step < self._end()):
            raise Stopped(self._stop)

    def _updates(
        self,
        metrics: MetricsLogger,
        profile: Profile,
        stream: Stream,
        train: Iterator[Batch],
        valid: Iterable[Batch] | None,
    ) -> None:
        options, clock, went_on = self.options, time.perf_counter(), self.step
        seconds = 0.0
        while self.step < self._end() and not self._stop:
            with profile.update():
                seconds += self._update(train)
            metrics.tick()
            last = self.step == options.max_update
            if self.step % options.log_interval == 0 or last:
                elapsed, clock = time.perf_counter() - clock, time.perf_counter()
                self._log(metrics, stream, seconds * self.world.size / elapsed)
                seconds = 0.0
                if 0 < (fewer := self.step - went_on) < options.log_interval and went_on:
                    metrics.say(f"these are averages of the {fewer} updates since {went_on}")
            if valid is not None and (self.step % options.valid_interval == 0 or last):
                self._validate(metrics, valid)
            last = self.step == self._end()
            if self.step % options.save_interval == 0 or last or self._stop:
                self.save(stream)
        if self.step < options.max_update and (why := self._why_end()):
            metrics.stop(self.step, why)

    def _end(self) -> int:
        """The last update: this one, where patience ends the run."""
        return self.step if self._why_end() else self.options.max_update

    def _why_end(self) -> str | None:
        return why_end(self.best.best, self.step, self.schedule, self.options)

    def _update(self, train: Iterator[Batch]) -> float:
        """One update, again with fresh data while gradients are not finite; audio seconds."""
        seconds = 0.0
        while True:
            seconds += self._gradients(train)
            done = self._step_if_finite()
            if self.world.device.type == "cuda":  # where only an update waits for the device
                self.progress.done(self.options.accum_grad)
            if done:
                return seconds

    def _gradients(self, train: Iterator[Batch]) -> float:
        """Adds up the gradients of one update's micro-batches."""
        options, device = self.options, self.world.device
        self.model.train()
        self.objective.before_step(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        self._weight.zero_()
        self._stats = []
        seconds = 0.0
        for micro in range(options.accum_grad):
            if micro:
                self._heed(together=self.world.sharded or micro + 1 == options.accum_grad)
            batch = next(train)
            if batch.speech is not None:
                seconds += float(batch.speech.lengths.sum()) / rate.RATE
            self.progress.note(batch)
            batch = batch.to(device)
            # dropout and layerdrop: a micro-batch draws the same whichever rank it falls to
            position = micro * self.world.size + self.world.rank
            torch.manual_seed(key_of(options.seed, self.step, position))
            with gradients_stay_local(self.model, micro + 1 < options.accum_grad):
                with self.precision.autocast():
                    output = self.model(batch)
                (output.loss * self.precision.scale).backward()
            self._weight += output.weight
            self._stats.append(output.stats)
            if device.type != "cuda":
                self.progress.done(1)
        for parameter in self.objective.frozen():
            parameter.grad = None  # optimizers decay and count what has a gradient, even of zeros
        self._consumed += options.accum_grad * self.world.size
        return seconds

    def _heed(self, *, together: bool) -> None:
        """Raises Interrupted after a signal, on all ranks: one that knows of it waits here for the
        others, which ask too as soon as they know, or where they come together.

        together: the next micro-batch has the ranks wait for each other, so all have to be there.
        """
        number = self.world.signal(self._signals.number)
        if (number or together) and (agreed := self.world.largest(number)):
            raise Interrupted(agreed)

    def _step_if_finite(self) -> bool:
        """Divides the summed gradients by the weight of all ranks and steps, or skips together."""
        stop = self._weight.new_full((), float(self._signals.number))  # new_tensor would wait here
        totals = torch.stack([self._weight, stop])
        weight, stop = self.world.sum_(totals).unbind()
        gradients = self.world.local([p.grad for p in self._parameters if p.grad is not None])
        # DDP averages over ranks, losses are sums: hence the world's size
        factor = self.world.size / (weight.clamp(min=1) * self.precision.scale)
        torch._foreach_mul_(gradients, factor.to(gradients[0].dtype))
        norm = self.world.norm(gradients)
        # the update's only wait for the device; equal on all ranks, as the gradients are
        norm_value, stop_value = torch.stack([norm.double(), stop]).tolist()
        if stop_value:
            self._stop = self._signals.number or signal.SIGTERM
        finite = norm_value == norm_value and norm_value != float("inf")
        self._meter.add({"skipped": (float(not finite), 1.0)})
        self.precision.update(finite)
        if not finite:
            self._skips.add(self.step + 1, gradients)
            return False
        self._skips.reset()
        for stats in self._stats:  # those of a skipped update may be NaN: they are left out
            self._meter.add(stats)
        self._meter.add({"grad_norm": (norm_value, 1.0)})
        if self.options.grad_clip > 0:
            torch._foreach_mul_(gradients, (self.options.grad_clip / (norm + 1e-6)).clamp(max=1))
        self.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group.get(RATE, 1.0)
        self.optimizer.step()
        self.objective.after_step(self.step)
        return True

    def rate(self) -> float:
        """The learning rate of update number ``self.step``, counted from 1."""
        return self._peak * self.schedule.factor(self.step, self.options.max_update)

    def _log(self, metrics: MetricsLogger, stream: Stream, speed: float) -> None:
        stats = self._meter.averages(self.world)
        epoch, _ = stream.state(self._consumed)
        extra = {"lr": self.rate(), "epoch": float(epoch), "audio_seconds_per_second": speed}
        if self.precision.scales:
            extra["loss_scale"] = self.precision.scale
        metrics.write(self.step, "train", stats | extra | self.progress.stats())
        diagnosis = self.objective.check_collapse(stats)
        if diagnosis is not None:
            metrics.say(diagnosis.message, logging.WARNING)
            if diagnosis.fatal and self.options.stop_on_collapse:
                raise TrainingError(f"update {self.step}: {diagnosis.message}")

    @torch.no_grad()
    def _validate(self, metrics: MetricsLogger, batches: Iterable[Batch]) -> None:
        self.objective.eval()
        self._validation_due = True
        meter, number = Meter(), 0
        with self.world.full_model(self.objective):
            for batch in batches:
                if number := self.world.signal(self._signals.number):
                    break
                with self.precision.autocast():
                    meter.add(self.objective(batch.to(self.world.device)).stats)
        if number := self.world.largest(number):
            raise Interrupted(number)
        stats = meter.averages(self.world)
        metrics.write(self.step, "valid", stats)
        metric = self.options.best_metric
        if metric not in stats:
            raise TrainingError(
                f"best_metric: validation has no {metric!r}, it has {', '.join(sorted(stats))}"
            )
        self.best.add(stats[metric], self.step, self._model_content())
        self._validation_due = False

    def _model_content(self) -> dict[str, Any]:
        state, base = self.objective.state_dict(), self.base
        if base is not None:
            state = {name: value for name, value in state.items() if name not in base["names"]}
        content = {"model": self.world.to_full(state), "step": self.step, "config": self.config}
        return content if base is None else content | {"base": base}

    def save(self, stream: Stream) -> None:
        """Everything a run needs to go on exactly: last.pt."""
        content = self._model_content()
        optimizer = self.world.to_full(self.optimizer.state_dict())
        if self.world.is_main:
            content |= {
                "optimizer": optimizer,
                "stream": list(stream.state(self._consumed)),
                **self.mark._asdict(),
                "precision": self.precision.state(),
                "best": self.best.state(),
                "validation_due": self._validation_due,
            }
            checkpoint.save(self.folder / "last.pt", content)
        self.world.barrier()

    def restore(self, path: Path) -> RunMark:
        """Goes back to the state that ``save`` wrote."""
        content = checkpoint.load(path)
        check_run(content, self.optimizer, str(path))
        weights = self.world.to_sharded(content["model"], self.objective)
        checkpoint.load_weights(self.objective, weights, str(path))
        self.optimizer.load_state_dict(
            self.world.optimizer_to_sharded(content["optimizer"], self.optimizer)
        )
        self.base = content.get("base")
        self.step = int(content["step"])
        self.start = (int(content["stream"][0]), int(content["stream"][1]))
        self.precision.restore(content["precision"])
        self.best.restore(content["best"], self.world)
        self._validation_due = bool(content.get("validation_due", False))
        return self.mark.of(content)
