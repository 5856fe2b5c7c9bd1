"""Smaller weights from weights: structured pruning, low-rank factors, and precision by layer."""
