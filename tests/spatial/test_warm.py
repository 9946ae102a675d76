"""What set-up compiles, so that nobody waits for it at the first design."""

import subprocess
import sys

ASKED = """
from geocrm.spatial.districting import rounds, steps, warm
assert not rounds.anneal.signatures
warm.warm()
print(len(rounds.anneal.signatures), len(steps.cost_with.signatures) <= 1)
"""


def test_the_search_is_compiled_to_its_last_step_and_once():
    told = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=170
    )
    assert told.stdout.split() == ["1", "True"], told.stderr
