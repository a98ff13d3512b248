# SPDX-License-Identifier: Apache-2.0
"""An edge with real peers around it: what every test in this folder sets up. Each test owns its state
folder, its ports and its processes."""
import contextlib

import pytest
from kit import audio, edge as edges
from kit.baresip import Baresip
from kit.linphone import Linphone
from kit.process import free_port, run, until  # noqa: F401, until: for the tests

BOB = "sip:bob@" + edges.DOMAIN
GCM, CM_256, CM = "AEAD_AES_256_GCM", "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"
LOCAL_NAME = "localhost"  # Linphone verifies the edge by DNS name only, and this one needs no DNS server
SPEECH_SECONDS = 14  # longer than any call here: some programs end a call whose source has ended


class Stage:
    """The edge, and how to put a peer of each kind beside it. `answering` maps a name to the "host:port"
    where the edge calls it; every other name in `calling` is an enrolled device."""

    def __init__(self, build, folder):
        self.build, self.folder, self.state = build, folder, folder / "state"
        self.address = f"127.0.0.1:{free_port()}"
        self.edge = None
        self.said, self.ends = {}, contextlib.ExitStack()

    def prepare(self, answering=(), calling=("alice",), edit=None):
        """The state folder, before anything runs: peers need their certificates first."""
        phones = {**{name: "" for name in calling}, **dict(answering)}
        edges.initialise(self.build, self.state, self.address, phones)
        run([self.build.sallyport, "ca", "issue", "--dir", self.ca_folder, "--name", "edge-interop", "--out", self.state,
             "--dns", f"edge.{edges.DOMAIN}", "--dns", edges.DOMAIN, "--dns", LOCAL_NAME, "--ip", "127.0.0.1"])
        config = self.state / "sallyport.toml"
        text = config.read_text().replace('"edge.pem"', '"edge-interop.pem"').replace('"edge.key"', '"edge-interop.key"')
        assert "edge-interop.pem" in text and "edge-interop.key" in text, text
        config.write_text(edit(text) if edit else text)
        return self

    def run(self):
        self.edge = self.keep(edges.Edge(self.build, self.state / "sallyport.toml"))
        return self

    @property
    def ca_folder(self):
        return self.state / "ca"

    @property
    def ca(self):
        return self.ca_folder / "ca.pem"

    def identity(self, name):
        return self.state / f"phones/{name}.pem", self.state / f"phones/{name}.key"

    def issue(self, name, *names):
        run([self.build.sallyport, "ca", "issue", "--dir", self.ca_folder, "--name", name, "--out", self.state / "phones", *names])
        return self.identity(name)

    def speech(self, name):
        """What `name` says: nobody else's speech correlates with it."""
        if name not in self.said:
            self.said[name] = audio.write_syllables(self.folder / f"{name}-says.wav", SPEECH_SECONDS, seed=len(self.said) + 1)
        return self.said[name]

    def keep(self, process):
        self.ends.callback(process.stop)
        return process

    def baresip(self, name, edge=None, identity="own", **options):
        identity = self.identity(name) if identity == "own" else identity
        return self.keep(Baresip(self.folder / f"baresip-{name}", name, self.ca, self.speech(name), identity, edge, **options))

    def linphone(self, name, identity="own", **options):
        identity = self.identity(name) if identity == "own" else identity
        return self.keep(Linphone(self.folder / f"linphone-{name}", name, self.ca, f"{LOCAL_NAME}:{self.address.rsplit(':', 1)[1]}",
                                  self.speech(name), identity, **options))

    def answering_phone(self, name, listen, *options, **identity):
        phone = edges.answering_phone(self.build, self.state, name, listen, "--play", self.speech(name), "--record",
                                      self.recording(name), "--calls", "1", *options, **identity)
        return self.keep(phone)

    def calling_phone(self, name, to, via=None, seconds=3, **identity):
        return self.keep(edges.calling_phone(self.build, self.state, name, to, via or self.address, "--play", self.speech(name),
                                             "--record", self.recording(name), "--duration", f"{seconds}s", **identity))

    def heard_from(self, leg):
        """How many packets have come from the leg (0 caller, 1 callee) of the one live call."""
        return self.edge.ask("calls")["calls"][0]["legs"][leg]["media"]["packets_in"]

    def recording(self, name):
        return self.folder / f"{name}-heard.wav"

    def answered(self):
        return self.edge.wait_event(lambda event: event.get("code") == "call.answered", 20.0)["call"]

    def refusal(self, reason, timeout=10.0):
        """The event that says why somebody was turned away."""
        return self.edge.wait_event(lambda event: event.get("reason") == reason, timeout)

    def evidence(self, call):
        """What the edge recorded, once the call has ended."""
        self.edge.wait_event(lambda event: event.get("code") == "call.ended" and event["call"] == call, 20.0)
        return self.edge.ask("evidence", call)

    def close(self):
        self.ends.close()


@pytest.fixture
def stage(build, tmp_path):
    made = Stage(build, tmp_path)
    yield made
    made.close()


def needs(why):
    """Marks a module's tests as skipped, with the reason, when a peer is missing."""
    return pytest.mark.skipif(why is not None, reason=why or "")


def talk(path, seconds=3.0, timeout=30.0):
    """Until a recording that is being written holds that much audio (8 kHz, 16 bit). path: called each time."""
    def heard():
        found = path()
        return found is not None and found.exists() and found.stat().st_size >= 44 + seconds * 16000

    until(heard, f"{seconds} s of audio in {path()}", timeout)


def assert_heard(said, heard, seconds=1.5, longest_delay=3.0):
    """longest_delay: how long before the recording the speech may have begun, or after."""
    found = audio.likeness(said, heard, longest_delay)
    assert found["correlation"] > 0.9 and found["worst"] > 0.4 and found["seconds"] >= seconds, f"{said.name} -> {heard}: {found}"


def assert_legs(record, caller, callee):
    """Each leg (SRTP suite, name in the certificate, TLS version) as given, voice both ways, and a proper end."""
    found = [(leg["srtp_suite"], leg["sans"][0], leg["tls_version"]) for leg in record["legs"]]
    assert found == [caller, callee], found
    assert [leg["keying"] for leg in record["legs"]] == ["SDES", "SDES"]
    assert all(leg["media"]["packets_in"] > 100 and leg["media"]["packets_out"] > 100 for leg in record["legs"]), record["legs"]
    assert record["end"]["code"] == "call.bye"
