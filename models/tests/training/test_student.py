"""A student is some of its teacher's layers, and keeps their alignment heads."""
import numpy as np
import pytest
import torch
from training.losses import divergence, hidden_error
from training.optimizer import schedule
from training.plot_loss import plot_loss
from training.student import layer_map, read_layers, with_layers

from tiny_whisper import tiny_weights
from weights import ModelError


def test_layers_are_taken_over_and_renumbered():
    teacher = tiny_weights(layers=2, decoder_layers=4)
    student = with_layers(teacher, [0, 1], [1, 3])
    assert student.dimensions.decoder_layers == 2 and student.dimensions.encoder_layers == 2
    np.testing.assert_array_equal(student.tensor("model.decoder.layers.1.fc1.weight"), teacher.tensor("model.decoder.layers.3.fc1.weight"))
    assert not student.has("model.decoder.layers.2.fc1.weight")
    assert student.alignment_heads == [(1, 0), (1, 1)]


def test_where_no_alignment_head_stays_the_later_half_is_taken():
    teacher = tiny_weights(layers=2, decoder_layers=4)
    assert with_layers(teacher, [0, 1], [0, 2]).alignment_heads == [(1, 0), (1, 1)]
    assert with_layers(teacher, [0, 1], [0]).alignment_heads == [(0, 0), (0, 1)]


def test_each_layer_has_one_to_take_after():
    assert layer_map(2, 4) == ((0, 1), (1, 3)) and layer_map(4, 32)[-1] == (3, 31) and layer_map(3, 3) == ((0, 0), (1, 1), (2, 2))


@pytest.mark.parametrize("text", ["", "a", "1,1", "2,0", "0,4", "-1"])
def test_refuses_layers_that_are_not_there(text):
    with pytest.raises(ModelError, match="0 to 3"):
        read_layers(text, 4, "decoder")


def test_a_student_that_is_its_teacher_has_no_loss():
    logits, states = torch.randn(5, 40), torch.randn(2, 7, 8)
    seen = torch.ones(2, 7, dtype=torch.bool)
    assert divergence(logits, logits, 2.0).item() == pytest.approx(0, abs=1e-5)
    assert divergence(logits + torch.randn(5, 40), logits, 2.0) > 0
    assert hidden_error(states, states, seen) == 0
    assert hidden_error(torch.zeros_like(states), states, seen).item() == pytest.approx(2)
    seen[0, 3:] = False
    changed = states.clone()
    changed[0, 3:] = 99
    assert hidden_error(changed, states, seen) == 0


def test_the_learning_rate_rises_and_falls():
    rates = [schedule(step, 10, (step - 10) / 90) for step in range(100)]
    assert rates[0] == 0.1 and rates[10] == 1 and rates[9] == 1 and 0.01 <= rates[-1] < 0.02
    assert all(first > second for first, second in zip(rates[10:], rates[11:], strict=False))


def test_by_the_clock_the_rate_is_at_its_least_when_time_is_up():
    assert schedule(500, 10, 0.5) > 0.4 and schedule(500, 10, 1.0) == schedule(500, 10, 1.2) == pytest.approx(0.01)


def test_a_plot_holds_its_points():
    svg = plot_loss({"training": [(1, 10.0), (100, 1.0)], "validation": [(50, 2.0)]})
    assert svg.count("<polyline") == 2 and "NaN" not in svg and plot_loss({}).endswith("</svg>\n")
