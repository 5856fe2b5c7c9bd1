"""The training loop: AdamW over batches of clips, on one device or several, resumable at any step.

A step is the mean over its clips' tokens, however they are cut into batches, accumulated and shared among processes.
"""
from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from training.checkpoint import State, copy_parameters, load_checkpoint, save_checkpoint, set_parameters
from training.dataset import Dataset
from training.augment import augment
from training.example import Batch, Example, make_batch
from training.losses import Objective, ask_teacher, loss_sums
from training.network import Whisper
from training.optimizer import half_type, parameter_groups, schedule
from training.order import Order
from training.processes import Processes
from training.progress import Progress
from weights import ModelError, WhisperWeights


@dataclass(frozen=True)
class LoopOptions:
    steps: int = 1000
    batch: int = 8  # clips of one process at once
    clips_per_step: int = 32  # over all processes and accumulated batches
    learning_rate: float = 1e-4
    warmup_steps: int = 50
    weight_decay: float = 0.01
    largest_gradient: float = 1.0  # norm
    seed: int = 1
    precision: str = "auto"  # bf16, fp16 or fp32; auto: bf16 on a GPU that has it, else fp16, and fp32 on a processor
    validate_every: int = 100
    checkpoint_every: int = 100
    patience: int = 0  # validations without a better loss after which it ends; 0: never
    stop_after_minutes: float = math.inf
    seconds: float = math.inf  # of training, which then ends and whose learning rate falls by the clock; `steps` stays the most
    batch_seconds: float = math.inf  # of audio and padding that one process has at once
    augment: bool = False


class Loop:
    def __init__(self, student: Whisper, teacher: Whisper | None, weights: WhisperWeights, data: Dataset, objective: Objective,
                 options: LoopOptions, whole: bool, share_encoder: bool, work: Path, processes: Processes) -> None:
        """`share_encoder`: the student's encoder is the teacher's and stays so; it is computed once for both."""
        self.student, self.teacher, self.weights, self.data = student, teacher, weights, data
        self.objective, self.options, self.whole, self.share_encoder = objective, options, whole, share_encoder
        self.work, self.processes = work, processes
        if options.clips_per_step < processes.count:
            raise ModelError(f"{options.clips_per_step} clips a step are too few for {processes.count} processes: give one to each at least")
        self.order = Order([teaching.seconds for teaching in data.training], options.clips_per_step, options.seed)
        self.optimizer = torch.optim.AdamW(parameter_groups(student, options.weight_decay), lr=options.learning_rate, betas=(0.9, 0.98),
                                           fused=processes.device.type == "cuda")
        self.half = half_type(options.precision, processes.device)
        self.scaler = torch.amp.GradScaler(processes.device.type, enabled=self.half == torch.float16)
        self.parallel: nn.Module = student
        if processes.count > 1:
            # Processes may differ in how many batches they cut a step into: nothing but gradients may wait for the others
            self.parallel = DistributedDataParallel(student, broadcast_buffers=False)
        self.progress = Progress(work if processes.first else None)

    def run(self, identity: dict, resume: bool, began: float) -> tuple[State, bool]:
        """Trains to the end, or until the time since `began` (of time.monotonic) is up; the student then has its best
        parameters. Returns the state and whether it is done."""
        options = self.options
        torch.manual_seed(options.seed)
        state = load_checkpoint(self.work, identity, self.student, self.optimizer, self.scaler) if resume else State()
        if self.processes.first:
            self.work.mkdir(parents=True, exist_ok=True)
        self.progress.go_on_from(state.step if resume else -1)
        self.student.train()
        last_of_all = False
        if state.step == 0:
            self.validate(state)  # what it was before; if training does no good, that is the best
        before, started = state.elapsed, time.monotonic()
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self.read, state.step) if state.step < options.steps else None
            while state.step < options.steps and state.elapsed < options.seconds and not last_of_all:
                examples, batches = coming.result()
                if state.step + 1 < options.steps:
                    coming = reader.submit(self.read, state.step + 1)
                figures = self.step(state, examples, batches)
                state.step += 1
                state.elapsed = self.processes.of_first(before + time.monotonic() - started)
                self.progress.tell("training", step=state.step, **figures)
                ended = state.step == options.steps or state.elapsed >= options.seconds
                if state.step % options.validate_every == 0 or ended:
                    last_of_all = self.validate(state)
                stopping = self.processes.any(time.monotonic() - began > 60 * options.stop_after_minutes)
                if state.step % options.checkpoint_every == 0 or stopping or last_of_all:
                    self.save(identity, state)
                if stopping and not ended and not last_of_all:
                    return state, False
        if state.best:
            set_parameters(self.student, state.best)
        return state, True

    def read(self, step: int) -> tuple[list[Example], list[Batch]]:
        """All examples of a step, and the batches of this process."""
        timed = self.order.timed(step)
        chosen = [self.data.training[clip] for clip in self.order.step(step)]
        examples = [teaching.choose(with_times) for teaching, with_times in zip(chosen, timed, strict=True)]
        mine = examples[self.processes.rank :: self.processes.count]
        return examples, [make_batch(part, self.weights, self.whole, self.data.resident, self.processes.device)
                          for part in cut(mine, self.options.batch, self.options.batch_seconds)]

    def change(self, step: int, turn: int, batch: Batch) -> Batch:
        """With the noises and rooms that this step has for it."""
        random = torch.Generator(self.processes.device)
        random.manual_seed(hash((self.options.seed, step, turn, self.processes.rank)) % 2**63)
        return dataclasses.replace(batch, pcm=augment(batch.pcm, batch.samples, random))

    def step(self, state: State, examples: list[Example], batches: list[Batch]) -> dict[str, float]:
        began, options = time.monotonic(), self.options
        done = (state.step - options.warmup_steps) / max(1, options.steps - options.warmup_steps)
        rate = options.learning_rate * schedule(state.step, options.warmup_steps, max(done, state.elapsed / options.seconds))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        counts, totals = self.objective.counts(examples), {}
        for turn, batch in enumerate(batches):
            last = turn + 1 == len(batches)
            waiting = contextlib.nullcontext() if last or self.parallel is self.student else self.parallel.no_sync()
            with waiting:
                batch = batch.to(self.processes.device)
                sums = self.losses(self.parallel, self.change(state.step, turn, batch) if options.augment else batch)
                loss = self.objective.weighted(sums, counts) * self.processes.count  # processes are averaged, not added
                self.scaler.scale(loss).backward()
            for name, value in sums.items():
                totals[name] = totals.get(name, 0.0) + value.detach()
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.student.parameters(), options.largest_gradient)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        *values, norm = torch.stack([*(value.double() for value in totals.values()), norm.double()]).tolist()  # waits for the device once
        figures = self.processes.sum(dict(zip(totals, values, strict=True)))
        loss = self.objective.weighted(figures, counts)
        if not math.isfinite(loss):
            raise ModelError(f"the loss is {loss} at step {state.step + 1}: give a lower --learning-rate, or --precision fp32")
        means = {name: value / counts[name] for name, value in figures.items()}
        return {"loss": loss, **means, "gradient": norm, "learningRate": rate, "seconds": time.monotonic() - began,
                "audioSeconds": sum(each.seconds for each in examples)}

    def losses(self, student: nn.Module, batch) -> dict[str, torch.Tensor]:
        with torch.autocast(self.processes.device.type, self.half or torch.bfloat16, enabled=self.half is not None):
            taught, encoded = ask_teacher(self.teacher, batch) if self.teacher else (None, None)
            found = student(batch.pcm, batch.context, batch.tokens, batch.present, encoded if self.share_encoder else None)
        return loss_sums(self.objective, batch, found, taught)

    @torch.no_grad()
    def validate(self, state: State) -> bool:
        """Keeps the parameters where the loss on held-out clips is the least so far; returns whether patience is at its end."""
        held_out = self.data.held_out
        if not held_out:
            state.best_step = state.step
            return False
        self.student.eval()
        sums: dict[str, float] = dict.fromkeys(self.objective.counts(held_out), 0.0)
        mine = held_out[self.processes.rank :: self.processes.count]
        for part in cut(mine, self.options.batch, self.options.batch_seconds):
            batch = make_batch(part, self.weights, self.whole, self.data.resident, self.processes.device).to(self.processes.device)
            for name, value in self.losses(self.student, batch).items():
                sums[name] += value.item()
        self.student.train()
        counts = self.objective.counts(held_out)
        sums = self.processes.sum(sums)
        loss = self.objective.weighted(sums, counts)
        better = loss < state.best_loss
        if better:
            state.best_loss, state.best_step, state.best = loss, state.step, copy_parameters(self.student)
        state.unimproved = 0 if better else state.unimproved + 1
        self.progress.tell("validation", step=state.step, loss=loss, best=better,
                           **{name: value / counts[name] for name, value in sums.items()})
        return bool(self.options.patience) and state.unimproved >= self.options.patience

    def save(self, identity: dict, state: State) -> None:
        if self.processes.first:
            save_checkpoint(self.work, identity, self.student, self.optimizer, self.scaler, state)
            self.progress.plot()


def cut(examples: list[Example], most: int, seconds: float) -> list[list[Example]]:
    """Parts of at most `most` clips that are about as long, and have at most so many seconds with what pads them."""
    parts: list[list[Example]] = []
    for example in sorted(examples, key=lambda each: each.seconds):
        if parts and len(parts[-1]) < most and (len(parts[-1]) + 1) * example.seconds <= seconds:
            parts[-1].append(example)
        else:
            parts.append([example])
    return parts


def loop_identity(options: LoopOptions) -> dict:
    """The options that change what is learnt."""
    free = ("batch", "batch_seconds", "checkpoint_every", "stop_after_minutes")
    return {key: value for key, value in asdict(options).items() if key not in free}
