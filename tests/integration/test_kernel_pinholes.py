# SPDX-License-Identifier: Apache-2.0
"""The kernel's part of the media range: an edge, a phone and a host that sprays, each in a network namespace of its own.
Nothing here is the machine's own network."""
import contextlib
import pathlib
import time

import pytest
from kit import audio, edge as edges, forgeries, namespaces
from kit.hammer import Hammer
from kit.process import ProcessError, run

pytestmark = pytest.mark.skipif(namespaces.missing() is not None, reason=str(namespaces.missing()))

FIRST, LAST = 20000, 20199
PORTS = LAST - FIRST + 1
OURS = ("inet", "sallyport")
KINDS = [forgeries.rtp(1)[0], forgeries.bye(1), forgeries.checks(2, "a:b")[1], forgeries.hellos(1)[0]]


def eventually(holds, what, patience=15.0):
    """Until it holds: the kernel and the edge are asked again and again."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Stage:
    """An edge at the border of two hosts: one has phones, one is a stranger."""

    def __init__(self, build, state, mode="required", more="", prefix=()):
        self.build, self.state, self.more_prefix = build, pathlib.Path(state), tuple(prefix)
        self.network = namespaces.Network("phones", "stranger")
        self.media, host = "10.77.1.1", self.network.addresses["phones"]
        self.address, self.answers = f"{self.media}:5061", {"bob": f"{host}:5071", "carol": f"{host}:5072"}
        edges.initialise(build, self.state, self.address, {"alice": "", **self.answers})
        self.config = self.state / "sallyport.toml"
        text = self.config.read_text().replace('\n# mode = "auto"', f'\nmode = "{mode}"\n{more}#')
        lines = [f'port_range = "{FIRST}-{LAST}"' if line.startswith("port_range") else line for line in text.splitlines()]
        self.config.write_text("\n".join(lines).replace("# drain_deadline = \"30s\"", "drain_deadline = \"2s\"") + "\n")
        self.edge, self.phones = None, []

    def start(self):
        self.edge = edges.Edge(self.build, self.config, prefix=(*self.network.prefix(namespaces.BORDER), *self.more_prefix))
        return self

    def spray(self, rounds=1, source=None, rate=0):
        """RTP, RTCP, STUN and DTLS at every port of the range, so many times over, by the stranger's host."""
        ports = [(self.media, port) for port in range(FIRST, LAST + 1)]
        return Hammer(self.state, KINDS, ports, rounds * PORTS * len(KINDS), rate, source, self.network.prefix("stranger"), icmp=True)

    def sprayed(self, rounds=1):
        with self.spray(rounds) as sprayer:
            return sprayer.over()

    def voices(self, *names, seconds):
        """What each says, written before a call has to wait for it."""
        for seed, name in enumerate(names, 1):
            audio.write_syllables(self.state / f"{name}-says.wav", seconds, seed=seed)

    def call(self, to, seconds, voice="alice"):
        """A call of alice's, who speaks with that voice: the phones of both sides."""
        says, hears, prefix = "{}-says.wav", "{}-hears.wav", self.network.prefix("phones")
        callee = edges.answering_phone(self.build, self.state, to, self.answers[to], "--play", self.state / says.format(to),
                                       "--record", self.state / hears.format(to), "--calls", "1", prefix=prefix)
        caller = edges.calling_phone(self.build, self.state, "alice", f"sip:{to}@{edges.DOMAIN}", self.address,
                                     "--play", self.state / says.format(voice), "--record", self.state / hears.format(voice),
                                     "--duration", f"{seconds}s", prefix=prefix)
        self.phones += [callee, caller]
        return caller, callee

    def heard(self, speaker, listener):
        done = run([self.build.phone, "compare", self.state / f"{speaker}-says.wav", self.state / f"{listener}-hears.wav", "--json"], check=False)
        return done.returncode == 0 or done.stdout + done.stderr

    def status(self):
        return self.edge.ask("status")["firewall"]

    def pinholes(self):
        return [hole for call in self.edge.ask("calls")["calls"] for leg in call["legs"] for hole in leg["pinholes"] if not hole.get("closed")]

    def stop_edge(self):
        if self.edge:
            self.edge.stop()
        self.edge = None

    def close(self):
        with contextlib.ExitStack() as ends:  # whatever one of them has to say, all are ended
            ends.callback(self.network.close)
            ends.callback(self.stop_edge)
            for phone in self.phones:
                ends.callback(phone.stop)


@pytest.fixture
def place(build, tmp_path):
    made = []

    def make(**options):
        made.append(Stage(build, tmp_path / f"state{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_the_sprayer_would_hear_an_answer(place):
    assert place().sprayed()["icmp"] > 0  # no edge, no table: closed ports say so


def test_a_stranger_hears_nothing_before_during_and_after_a_call(place):
    stage = place().start()
    before = stage.sprayed()
    assert (before["sent"], before["answers"], before["icmp"]) == (len(KINDS) * PORTS, 0, 0)
    assert stage.network.dropped() >= before["sent"]

    stage.voices("alice", "bob", seconds=9)
    caller, callee = stage.call("bob", seconds=8)
    call = stage.edge.wait_event(lambda e: e.get("code") == "call.answered", 15.0)["call"]
    eventually(stage.network.elements, "what the call needs is open")
    phones = stage.network.addresses["phones"]
    with stage.spray(rounds=20, rate=8000) as sprayer:
        eventually(lambda: {hole.get("kernel") for hole in stage.pinholes()} == {phones}, "the ports hear their own phone only")
        assert {element[2] for element in stage.network.elements()} == {phones}
        heard = sprayer.over()
        assert (heard["answers"], heard["icmp"]) == (0, 0)
    assert caller.wait(40.0) == 0, caller.output()
    callee.wait(20.0)
    stage.edge.wait_event(lambda e: e.get("code") == "call.ended" and e["call"] == call, 15.0)

    eventually(lambda: stage.network.elements() == [], "nothing is open after the call")
    after = stage.sprayed()
    assert (after["answers"], after["icmp"]) == (0, 0)
    eventually(lambda: stage.status()["dropped"] >= 20 * len(KINDS) * PORTS, "what the kernel dropped is counted")
    assert stage.status()["failures"] == 0
    record = stage.edge.ask("evidence", call)
    assert max(leg["media"]["loss_percent"] for leg in record["legs"]) < 0.5
    assert stage.heard("alice", "bob") is True and stage.heard("bob", "alice") is True


def test_a_stranger_under_the_address_of_a_phone_passes_the_kernel_and_no_further(place):
    stage = place().start()
    stage.voices("alice", "bob", seconds=9)
    caller, callee = stage.call("bob", seconds=8)
    call = stage.edge.wait_event(lambda e: e.get("code") == "call.answered", 15.0)["call"]
    phones = stage.network.addresses["phones"]
    eventually(lambda: {hole.get("kernel") for hole in stage.pinholes()} == {phones}, "the ports hear their own phone only")
    with stage.spray(rounds=20, source=[phones, 40000], rate=8000) as sprayer:
        assert sprayer.over()["icmp"] == 0
    assert caller.wait(40.0) == 0, caller.output()
    callee.wait(20.0)
    stage.edge.wait_event(lambda e: e.get("code") == "call.ended" and e["call"] == call, 15.0)
    legs = stage.edge.ask("evidence", call)["legs"]
    assert max(leg["media"]["loss_percent"] for leg in legs) < 0.5
    assert all(sum(drop["packets"] for drop in leg["media"]["drops"]) >= 20 for leg in legs), legs
    assert stage.heard("alice", "bob") is True and stage.heard("bob", "alice") is True


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_the_table_goes_with_the_edge(place, end):
    stage = place().start()
    assert OURS in stage.network.tables()
    if end == "stopped":
        stage.stop_edge()
    else:
        stage.edge.process.child.kill()
    eventually(lambda: stage.network.tables() == [], "the table is gone")


def test_a_table_that_was_left_is_replaced_and_others_are_not_touched(place):
    stage = place()
    theirs = "table inet host { chain input { type filter hook input priority 0; udp dport 7 drop; }; }"
    left = f"table inet sallyport {{ chain input {{ type filter hook input priority 0; udp dport {FIRST}-{LAST} drop; }}; set old {{ type inet_service; }}; }}"
    for table in (theirs, left):
        stage.network.run(namespaces.BORDER, "nft", table)
    before = stage.network.run(namespaces.BORDER, "nft", "list", "table", "inet", "host").stdout
    stage.start()
    ours = stage.network.run(namespaces.BORDER, "nft", "list", "table", "inet", "sallyport").stdout
    assert "set old" not in ours and "flags owner" in ours
    stage.stop_edge()
    assert stage.network.tables() == [("inet", "host")]
    assert stage.network.run(namespaces.BORDER, "nft", "list", "table", "inet", "host").stdout == before


def test_the_helper_keeps_one_capability_and_the_edge_none(place):
    stage = place().start()
    edge = stage.edge.process.child.pid
    helper = int(pathlib.Path(f"/proc/{edge}/task/{edge}/children").read_text().split()[0])
    held = {pid: dict(line.split(":\t") for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
            for pid in (edge, helper)}
    net_admin = f"{1 << 12:016x}"
    assert (held[edge]["CapEff"], held[edge]["CapPrm"]) == ("0" * 16, "0" * 16)
    assert (held[helper]["CapEff"], held[helper]["CapPrm"], held[helper]["CapBnd"]) == (net_admin, net_admin, "0" * 16)
    assert (held[helper]["NoNewPrivs"], held[helper]["Seccomp"]) == ("1", "2")
    assert len(list(pathlib.Path(f"/proc/{helper}/fd").iterdir())) <= 5  # three of the standard, its socket, netlink


WITHOUT = ("setpriv", "--bounding-set", "-net_admin")


def test_without_the_capability_the_edge_says_so_and_goes_on(place):
    stage = place(mode="auto", prefix=WITHOUT).start()
    assert stage.edge.wait_event(lambda e: e.get("code") == "firewall.unavailable")["reason"] == "firewall.capability"
    assert stage.status()["standing"] == "unavailable"
    assert "firewall.capability" in stage.status()["reason"]
    stage.voices("alice", "bob", seconds=3)
    caller, _ = stage.call("bob", seconds=2)
    assert caller.wait(40.0) == 0, caller.output()
    assert stage.network.tables() == []


def test_without_the_capability_it_does_not_start_where_it_is_required(place):
    with pytest.raises(ProcessError, match="firewall.capability"):
        place(mode="required", prefix=WITHOUT).start()


def test_a_call_beyond_the_table_goes_on_where_it_is_preferred_only(place):
    stage = place(mode="auto", more="max_pinholes = 4\n").start()
    stage.voices("alice", "bob", "alicia", "carol", seconds=7)
    calls = [stage.call("bob", seconds=6), stage.call("carol", seconds=4, voice="alicia")]
    eventually(lambda: stage.status()["standing"] == "passing", "user space filters alone while more is open")
    assert stage.status()["failures"] > 0
    assert stage.edge.wait_event(lambda e: e.get("code") == "firewall.not_filtering")
    for caller, callee in calls:
        assert caller.wait(40.0) == 0, caller.output()
        callee.wait(20.0)
    assert stage.heard("alice", "bob") is True and stage.heard("alicia", "carol") is True
    eventually(lambda: stage.status()["standing"] == "filtering", "the kernel filters again")


def test_a_call_beyond_the_table_is_refused_where_it_is_required(place):
    stage = place(mode="required", more="max_pinholes = 4\n").start()
    stage.voices("alice", "bob", "alicia", "carol", seconds=3)
    stage.call("bob", seconds=60)
    stage.edge.wait_event(lambda e: e.get("code") == "call.answered", 15.0)
    refused, _ = stage.call("carol", seconds=2, voice="alicia")
    assert refused.wait(20.0) != 0
    assert '"status":503' in refused.output().replace(" ", ""), refused.output()
    assert stage.status()["standing"] == "filtering"
