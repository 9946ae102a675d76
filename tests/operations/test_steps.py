"""Steps of set-up that run at the same time: a failure or Ctrl-C ends them all."""

import os
import signal
import subprocess
import time

import pytest

from geocrm.config import ROOT

SCRIPT = """
set -euo pipefail
. scripts/steps.sh
trap stop_started EXIT
trap 'exit 130' INT TERM
mkdir -p "$SETUP"
slow() {{ sleep 60 & echo $! > "$VAR/pid"; wait; }}
broken() {{ while [ ! -s "$VAR/pid" ]; do sleep 0.05; done; echo why > "$LOG"; fail "the cause"; }}
quick() {{ say "quick"; }}
{steps}
wait_for_all
echo done
"""


@pytest.fixture
def start(tmp_path):
    """Start a script of steps, as a terminal does: in a process group of its own."""

    def run(*steps: str) -> subprocess.Popen[str]:
        lines = "\n".join(f"beside {step}" for step in steps)
        return subprocess.Popen(
            ["bash", "-c", SCRIPT.format(steps=lines)],
            cwd=ROOT,
            env=os.environ | {"GEOCRM_VAR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return run


def test_what_follows_waits_for_all_of_them(start):
    script = start("quick", "quick")
    output, _ = script.communicate(timeout=20)

    assert script.returncode == 0
    assert output.count("quick") == 2
    assert output.endswith("done\n")


def test_one_that_fails_says_why_and_ends_the_others(start, tmp_path):
    script = start("slow", "broken", "quick")
    output, errors = script.communicate(timeout=20)

    assert script.returncode == 1
    assert "geocrm: the cause" in errors
    assert "done" not in output
    assert (tmp_path / "setup" / "broken.log").read_text() == "why\n"
    assert _has_ended(int((tmp_path / "pid").read_text()))


def test_ctrl_c_ends_all_that_they_started(start, tmp_path):
    script = start("slow")
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.05)

    os.killpg(script.pid, signal.SIGINT)
    script.communicate(timeout=20)

    assert script.returncode == 130
    assert _has_ended(int((tmp_path / "pid").read_text()))


def _has_ended(process: int) -> bool:
    """Whether the process is gone within a second, or waits only to be counted."""
    for _ in range(20):
        try:
            with open(f"/proc/{process}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False
