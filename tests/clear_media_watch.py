# SPDX-License-Identifier: Apache-2.0
"""Every run of the tests is watched: clear RTP or RTCP on any interface fails the run, wherever it comes from, unless a
test has said beforehand which socket of its own speaks in clear (kit.clear_media.allow), or by its marker that its real
peers do (clear_media)."""
import os
import shutil
import tempfile
import time

from conftest import ROOT
from kit import capture, clear_media
from kit.process import Process

SHOWN = 20


class Watch:
    """A plugin of the process that sees the whole run: with workers, of the one that has them."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-clear-media-")
        os.environ[clear_media.FOLDER] = self.folder
        self.process = Process(["/usr/bin/python3", ROOT / "tools/kit/clear_media.py", self.folder])
        self.process.wait_line(lambda line: line == "watching")
        self.tests, self.faults, self.figures = {}, [], {}

    def pytest_runtest_logreport(self, report):
        now = time.time()
        test = self.tests.setdefault(report.nodeid, [now - report.duration, now, "clear_media" in report.keywords])
        test[1] = now

    def pytest_sessionfinish(self, session):
        self.process.stop()
        found = clear_media.read(self.folder, "findings")
        self.figures = {name: sum(each.get(name, 0) for each in found) for name in ("seen", "judged", "missed")}
        self.faults = [each for each in clear_media.unexplained(found, clear_media.read(self.folder, "allowed"))
                       if not any(marked for *_, marked in self._during(each))]
        if self.faults or not self.figures["seen"]:
            session.exitstatus = 1
        shutil.rmtree(self.folder)
        del os.environ[clear_media.FOLDER]

    def _during(self, found):
        return [(name, *test) for name, test in self.tests.items() if test[0] - 1 <= found["at"] <= test[1] + clear_media.IDLE + 1]

    def pytest_terminal_summary(self, terminalreporter):
        said = "clear media: {seen} datagrams seen, {judged} of RTP and RTCP judged, {missed} missed".format(**self.figures)
        terminalreporter.write_line(f"{said}, {len(self.faults)} FOUND IN CLEAR" if self.faults else f"{said}, none in clear")
        for fault in self.faults[:SHOWN]:
            terminalreporter.write_line(f"  {fault['from']} -> {fault['to']}: {fault['why']} {fault['packet']}")
            for name, *_ in self._during(fault)[:SHOWN]:
                terminalreporter.write_line(f"    during {name}")


def begin(config):
    config.addinivalue_line("markers", "clear_media(why): real peers speak in clear with each other or with the edge, by design")
    if not hasattr(config, "workerinput") and not config.option.collectonly and capture.missing() is None:
        config.pluginmanager.register(Watch())
