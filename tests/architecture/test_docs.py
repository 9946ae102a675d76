"""What the docs say exists: commands, options, pages, files."""

import re
import shlex
from pathlib import Path

import click
import pytest

from geocrm.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?:^\s{4,}|`|^\$ )((?:\.venv/bin/)?geocrm (?:\\\n|[^`\n])+)", re.M)
FILE = re.compile(
    r"(?<![\w./])(?:geocrm|benchmarks|migrations|scripts|tests)/[\w./-]+\.(?:py|js|json|sh|txt)\b"
)
BENCHMARK = re.compile(r"-m benchmarks\.(\w+)")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def commands():
    for page in PAGES:
        for match in COMMAND.finditer(page.read_text()):
            line = match[1].replace("\\\n", " ")
            yield pytest.param(line, id=f"{page.name}: {line[:60]}")


@pytest.mark.parametrize("line", list(commands()))
def test_every_command_in_the_docs_exists(line):
    line = re.split(r"\s#\s|\s+->|\s\|\s", line)[0].replace(".venv/bin/", "").replace("…", "")
    words = shlex.split(re.sub(r"[\[\]]", " ", line))[1:]
    command, context = cli, click.Context(cli)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        alternatives = words.pop(0).split("|")
        found = [command.get_command(context, word) for word in alternatives]
        assert all(found), f"there is no {' '.join(alternatives)} in: {line}"
        command = found[0]
    known = {opt for p in [*command.params, *cli.params] for opt in [*p.opts, *p.secondary_opts]}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in known | {"--help"}, f"{word} in: {line}"


def test_every_make_target_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        for block in re.findall(
            r"`make ([a-z-]+)[^`]*`|^\s{4}make ([a-z-]+)", page.read_text(), re.M
        ):
            assert (block[0] or block[1]) in targets, f"make {block} in {page.name}"


def test_every_link_in_the_docs_leads_somewhere():
    for page in PAGES:
        for target in LINK.findall(page.read_text()):
            if not target.startswith(("http", "mailto", "/")):
                assert (page.parent / target).exists(), f"{target} in {page.name}"


def test_every_file_of_ours_that_the_docs_name_exists():
    for page in PAGES:
        words = page.read_text()
        for name in [
            *FILE.findall(words),
            *(f"benchmarks/{n}.py" for n in BENCHMARK.findall(words)),
        ]:
            assert (ROOT / name).exists(), f"{name} in {page.name}"
