"""What callers catch, wherever it was raised."""

import copy
import pickle
import subprocess
import sys

import pytest

from shared.refusal import Refusal
from shared.vault import Unavailable
from totalaud.errors import Closed, SkillFailed, Unreachable, WorkflowFailed

RAISED = [
    Refusal("invalid", "steps[0].skill", "there is no skill 'x'"),
    Unavailable(),
    Unreachable("no NATS server answers"),
    Closed(),
    WorkflowFailed("s-1", failed_step=2, outputs=[{"n": 1}, None], code="timeout", message="late", seq=7),
    SkillFailed("e-1", code="skill_error", message="ValueError at x.py:3", partial={"n": 1}, seq=9),
]
NOT_CONFIGURED = "from shared.logs import get_logger; get_logger().warning('nats', problem='away')"


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.deepcopy])
def test_an_error_comes_out_of_another_process_as_it_went_in(error, again):
    told = again(error)
    assert (type(told), str(told), vars(told)) == (type(error), str(error), vars(error))


def test_what_a_client_has_to_say_leaves_its_program_s_output_alone():
    said = subprocess.run([sys.executable, "-c", NOT_CONFIGURED], capture_output=True, text=True, check=True)
    assert (said.stdout, "away" in said.stderr) == ("", True)
