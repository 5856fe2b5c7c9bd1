"""What a recipe may say of a training is what its command takes."""
import subprocess
import sys
from pathlib import Path

import pytest

from recipe import COMMANDS, STEPS, TRAININGS


@pytest.mark.parametrize("step", TRAININGS)
def test_each_option_of_a_recipe_is_one_of_its_command(step):
    done = subprocess.run([sys.executable, Path(__file__).parents[2] / f"{COMMANDS.get(step, step)}.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for option in STEPS[step].keys() - {"no_teacher"}:  # make's own
        assert f"--{option.replace('_', '-')}" in done.stdout, option
