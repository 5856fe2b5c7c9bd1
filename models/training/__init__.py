"""Fine-tuning and distillation in PyTorch; finetune.py and distil.py are its doors. Start with loop.py."""
