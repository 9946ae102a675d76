"""The commands of docs/territory-files.md, run in its order on the files it shows."""

import re
import shlex

import pytest

from geocrm.cli import run
from geocrm.config import ROOT

PAGE = (ROOT / "docs/territory-files.md").read_text()
FILES = re.findall(r"^    cat (\S+)\n((?:    .+\n)+)", PAGE, re.M)
COMMANDS = re.findall(r"^    geocrm (.+)$", PAGE, re.M)


@pytest.mark.usefixtures("on_the_test_sessions")
def test_every_command_of_the_page_does_what_it_says(
    add_plan, rep, tmp_path, monkeypatch, capsysbinary
):
    monkeypatch.chdir(tmp_path)
    for name, shown in FILES:
        (tmp_path / name).write_text(re.sub(r"^    ", "", shown, flags=re.M))
    add_plan("West and east", count=2, people={1: [rep]})
    assert len(COMMANDS) == 10
    for line in COMMANDS:
        if "plan.bef" in line:
            run(["territories", "export", "West and east", "plan.bef"])
        # Slices were never designed; the same ones may come out by chance.
        allowed = (0, 1) if "replay" in line else (0,)
        assert run(shlex.split(line)) in allowed, line
        said = capsysbinary.readouterr()
        assert b"Traceback" not in said.err, line
    assert {"report.pdf", "west.gpkg", "plan.txt"} <= {path.name for path in tmp_path.iterdir()}
