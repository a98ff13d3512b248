# SPDX-License-Identifier: Apache-2.0
"""Audio through the relay, and what a stranger can do to it: nothing."""
import pytest
from conftest import ROOT  # noqa: F401
from kit import audio, edge as edges, strangers
from kit.process import free_port, run

GCM = "AEAD_AES_256_GCM"


class Call:
    """Two real phones through a real edge."""

    def __init__(self, build, state, edit=None, seconds=4, people=False):
        """`people`: somebody is at each phone, and may type."""
        self.build, self.state, self.seconds, self.people = build, state, seconds, people
        self.address, self.bob_address = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        edges.initialise(build, state, self.address, {"alice": "", "bob": self.bob_address})
        config = state / "sallyport.toml"
        if edit:
            config.write_text(edit(config.read_text()))
        self.edge = edges.Edge(build, config)
        self.played = {name: audio.write_syllables(state / f"{name}-says.wav", seconds + 1, seed=seed) for seed, name in enumerate(("alice", "bob"))}
        self.heard = {name: state / f"{name}-heard.wav" for name in ("alice", "bob")}

    def call(self, alice=(), bob=()):
        self.call_plainly(("--play", self.played["alice"], "--record", self.heard["alice"], *alice), bob)

    def call_plainly(self, alice=(), bob=()):
        """What alice plays and records is hers to say."""
        self.bob = edges.answering_phone(self.build, self.state, "bob", self.bob_address, "--play", self.played["bob"],
                                         "--record", self.heard["bob"], "--calls", "1", *bob, stdin=self.people)
        self.alice = edges.calling_phone(self.build, self.state, "alice", f"sip:bob@{edges.DOMAIN}", self.address,
                                         "--duration", f"{self.seconds}s", *alice, stdin=self.people)

    def start(self, alice=(), bob=()):
        self.call(alice, bob)
        self.id = self.edge.wait_event(lambda e: e.get("code") == "call.answered", 15.0)["call"]
        return self

    def ports(self):
        return [hole for call in self.edge.ask("calls")["calls"] for leg in call["legs"] for hole in leg["pinholes"] if not hole.get("closed")]

    def finish(self):
        assert self.alice.wait(40.0) == 0, self.alice.output()
        self.bob.wait(20.0)
        self.edge.wait_event(lambda e: e.get("code") == "call.ended" and e["call"] == self.id, 15.0)
        return self.edge.ask("evidence", self.id)

    def judge(self):
        for says, hears in (("alice", "bob"), ("bob", "alice")):
            done = run([self.build.phone, "compare", self.played[says], self.heard[hears], "--json"], check=False)
            assert done.returncode == 0, f"{says} -> {hears}: {done.stdout}{done.stderr}"

    def close(self):
        for phone in (getattr(self, "alice", None), getattr(self, "bob", None)):
            if phone:
                phone.stop()
        self.edge.stop()


@pytest.fixture
def place(build, tmp_path):
    made = []

    def make(**options):
        made.append(Call(build, tmp_path / f"state{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def report_of(phone):
    """What the phone says of its call when it is over."""
    return phone.wait_json(lambda event: event.get("event") == "ended", 15.0)


def drops(record):
    return {drop["reason"]: drop["packets"] for leg in record["legs"] for drop in leg["media"]["drops"]}


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "opus"])
def test_audio_crosses_in_both_directions(place, codec):
    call = place().start(alice=("--codec", codec))
    record = call.finish()
    call.judge()
    assert {leg["codec"].lower() for leg in record["legs"]} == {codec}
    assert all(leg["srtp_suite"] == GCM for leg in record["legs"])
    assert all(leg["media"]["mos"] > 3.5 for leg in record["legs"])
    assert record["end"]["code"] == "call.bye"


@pytest.mark.parametrize("left, right", [("AES_CM_128_HMAC_SHA1_80", "AEAD_AES_256_GCM"), ("AEAD_AES_128_GCM", "AES_256_CM_HMAC_SHA1_80")])
def test_suites_differ_between_the_legs(place, left, right):
    call = place(edit=lambda text: text.replace('tier = "strict"', 'tier = "compatible"'))
    record = call.start(alice=("--suites", left), bob=("--suites", right)).finish()
    call.judge()
    assert [leg["srtp_suite"] for leg in record["legs"]] == [left, right]
    assert record["downgrades"]


def test_a_stranger_at_the_open_ports_is_neither_heard_nor_answered(place):
    call = place().start()
    sprayed = [hole for hole in call.ports()]
    assert sprayed
    answers = [packet for hole in sprayed for packet in strangers.spray_rtp(f"{hole['address']}:{hole['port']}", packets=200)]
    assert answers == []
    record = call.finish()
    call.judge()
    assert sum(drops(record).values()) >= 100
    assert max(leg["media"]["loss_percent"] for leg in record["legs"]) < 0.5


def test_ports_are_closed_within_a_second_of_the_end(place):
    call = place(seconds=2).start()
    record = call.finish()
    ended = record["ended"]
    for leg in record["legs"]:
        assert leg["pinholes"]
        assert all(hole["closed"] and hole["closed"] <= ended for hole in leg["pinholes"])
    assert call.edge.ask("status")["media"]["ports_open"] == 0


def test_hold_and_resume_keep_the_audio(place):
    call = place(seconds=6).start(alice=("--hold-after", "2s", "--hold-for", "1s"))
    record = call.finish()
    assert record["end"]["code"] == "call.bye"
    assert all(leg["media"]["packets_in"] > 150 for leg in record["legs"])
