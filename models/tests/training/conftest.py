"""Tests of training need the extra `train`: `npm run test:training`."""
try:
    import torch

    torch.set_num_threads(1)  # so that sums come out the same however many processors there are
except ModuleNotFoundError:
    collect_ignore_glob = ["test_*.py"]
