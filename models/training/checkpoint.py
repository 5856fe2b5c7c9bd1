"""The state of a training between two steps: written whole or not at all, so that it can be broken off anywhere."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from weights import ModelError

FILE = "checkpoint.pt"


@dataclass
class State:
    step: int = 0
    best_loss: float = float("inf")
    best_step: int = 0
    elapsed: float = 0.0  # seconds of training
    unimproved: int = 0  # validations in a row without a better loss
    best: dict[str, torch.Tensor] = field(default_factory=dict)  # trained parameters of the best step


def trained_parameters(network: nn.Module) -> dict[str, nn.Parameter]:
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


def copy_parameters(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in trained_parameters(network).items()}


@torch.no_grad()
def set_parameters(network: nn.Module, values: dict[str, torch.Tensor]) -> None:
    for name, parameter in trained_parameters(network).items():
        parameter.copy_(values[name])


def save_checkpoint(folder: Path, identity: dict, network: nn.Module, optimizer, scaler, state: State) -> None:
    """`identity` says what this training is; only the same goes on from it."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / (FILE + ".part")
    torch.save({
        "identity": json.dumps(identity, sort_keys=True), "parameters": copy_parameters(network), "optimizer": optimizer.state_dict(),
        "scaler": scaler.state_dict(), "random": torch.get_rng_state(), "step": state.step, "best": state.best,
        "best_loss": state.best_loss, "best_step": state.best_step, "unimproved": state.unimproved,
        "elapsed": state.elapsed,
    }, new)
    new.replace(folder / FILE)


def load_checkpoint(folder: Path, identity: dict, network: nn.Module, optimizer, scaler) -> State:
    """Sets network, optimiser and random state as they were; raises ModelError where the checkpoint is of another training."""
    path = folder / FILE
    if not path.is_file():
        return State()
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's errors have no common class
        first_line = str(error).strip().splitlines()[0]
        raise ModelError(f"cannot read {path} ({first_line}): remove {folder} and begin again") from error
    before, now = json.loads(saved["identity"]), json.loads(json.dumps(identity))
    if changed := sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key)):
        differences = ", ".join(f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in changed)
        raise ModelError(f"{path} is of another training ({differences}): give the same options, or another --out")
    set_parameters(network, saved["parameters"])
    optimizer.load_state_dict(saved["optimizer"])
    scaler.load_state_dict(saved["scaler"])
    torch.set_rng_state(saved["random"])
    return State(**{name: saved[name] for name in ("step", "best_loss", "best_step", "elapsed", "unimproved", "best")})
