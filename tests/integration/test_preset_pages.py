# SPDX-License-Identifier: Apache-2.0
"""docs/presets can be followed: every command of a page works on the edge that its sample makes, every setting exists."""
import re
import shlex

import pytest
from conftest import ROOT
from kit import counterpart as parts
from kit.process import run
from preset_calls import to_counterpart
from preset_stage import Stages

PAGES = ROOT / "docs/presets"
PRESETS = sorted(parts.COUNTERPARTS)
KNOWN = set(re.findall(r"(?m)^\| `(?:[a-z_]+\.)?([a-z_0-9]+)`", (ROOT / "docs/configuration.md").read_text()))
SECTIONS = {"registrar", "devices"}


@pytest.fixture(scope="module")
def place(build, tmp_path_factory):
    with Stages(build, tmp_path_factory.mktemp("pages")) as stages:
        yield stages


def page(preset):
    return (PAGES / f"{preset}.md").read_text()


def commands(text):
    """Of the blocks under "See that it works", without their comments."""
    block = text.split("## See that it works", 1)[1].split("```")[1]
    return [shlex.split(line.split("#")[0]) for line in block.splitlines() if line.startswith("sallyport ")]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_command_of_the_page_works(build, place, preset):
    stage = place(preset)
    to_counterpart(stage).answer().talk()
    asked = commands(page(preset))
    assert [words[1] for words in asked] == ["check", "peers", "route", "calls", "why"]
    said = {}
    for words in asked:
        words = [str(stage.config) if word == "sallyport.toml" else word for word in words[1:]]
        config = [] if "-c" in words else ["--config", stage.config]
        said[words[0]] = run([build.sallyport, *words, *config]).stdout
    assert f"# preset {preset}" in said["check"]
    assert stage.who.peer in said["peers"]
    assert f"-> {stage.who.peer}" in said["route"]
    assert all(suite in said["calls"] for suite in (stage.who.suites[0],))
    assert said["why"]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_setting_that_the_page_names_exists(preset):
    text = page(preset).split("## In sallyport.toml", 1)[1].split("\n## ", 1)[0]
    named = {match.group(1) for code in re.findall(r"`([^`]+)`", text) if (match := re.match(r"([a-z_0-9]+)(?: = |$)", code.lstrip("[]")))}
    unknown = {name for name in named if name not in KNOWN | SECTIONS and not (ROOT / f"deploy/presets/{name}.toml").exists()}
    assert not unknown


@pytest.mark.parametrize("preset", PRESETS)
def test_the_page_leads_to_its_sample_and_its_preset(build, preset):
    assert f"deploy/samples/{preset}.toml" in page(preset) and f"`sallyport presets {preset}`" in page(preset)
    assert (ROOT / f"deploy/presets/{preset}.toml").read_text() in run([build.sallyport, "presets", preset]).stdout
