# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that cross processes. Ports come from the system, everything is on loopback,
events are awaited, every process is ended by its own id."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from kit import edge as edges, wire  # noqa: E402
from kit.process import free_port  # noqa: E402


def pytest_configure(config):
    import clear_media_watch
    config.addinivalue_line("markers", "xdist_group(name): run by one worker, one after another, and begun before all others")
    clear_media_watch.begin(config)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture(scope="session")
def build():
    found = edges.Build()
    if not found.sallyport.exists():
        pytest.exit(f"{found.sallyport} is not built: ./dev build", returncode=2)
    return found


class Border:
    """An edge with one enrolled phone, alice, and one scripted peer, bob, that the edge connects to."""

    def __init__(self, build, state, edit=None, run=True, peer_host="127.0.0.1", listen_host="127.0.0.1"):
        self.build, self.state = build, state
        host = f"[{listen_host}]" if ":" in listen_host else listen_host
        self.address = f"{host}:{free_port(host=listen_host)}"
        placeholder = f"127.0.0.1:{free_port()}"  # the scripted peer's port is known once it has its certificate
        edges.initialise(build, state, self.address, {"alice": "", "bob": placeholder})
        self.peer = wire.WirePeer(state / "phones/bob.pem", state / "phones/bob.key", state / "ca/ca.pem", peer_host)
        self.config = state / "sallyport.toml"
        text = self.config.read_text().replace(f'"{placeholder}"', f'"{self.peer.address}"')
        text = text.replace('tier = "compatible"', 'tier = "strict"')  # a test that wants less says so
        text = text.replace("# drain_deadline = \"30s\"", "drain_deadline = \"2s\"")
        self.config.write_text(edit(text) if edit else text)
        self.edge = edges.Edge(build, self.config) if run else None

    def caller(self, to="sip:bob@" + edges.DOMAIN, name="alice"):
        link = wire.Wire.connect(self.address, self.state / f"phones/{name}.pem", self.state / f"phones/{name}.key")
        return wire.Caller(link, to, name)

    def establish(self, offer=None, answer=None):
        """A confirmed call: (caller, callee, what the callee was offered, what the caller was answered)."""
        caller = self.caller()
        caller.send("INVITE", offer or wire.sdp(40000))
        link = self.link()
        invite = link.request("INVITE")
        callee = wire.Callee(link, invite)
        callee.respond(180, "Ringing")
        callee.respond(200, "OK", answer or answer_to(invite))
        done = caller.learn(caller.wire.final())
        assert done.status == 200, done
        caller.ack(done)
        link.request("ACK")
        return caller, callee, invite, done

    def link(self):
        """The connection the edge has made to bob; the first call makes it, later ones share it."""
        if not hasattr(self, "_link"):
            self._link = self.peer.wire()
        return self._link

    def ended(self, timeout=20.0):
        return self.edge.wait_event(lambda event: event.get("code") == "call.ended", timeout)

    def close(self):
        if self.edge:
            self.edge.stop()
        self.peer.close()


def answer_to(invite, port=41000, suite=None, **options):
    """An SDP answer that takes one of the offered crypto lines and the first codec."""
    lines = [line[len("a=crypto:"):].split() for line in invite.body.splitlines() if line.startswith("a=crypto:")]
    tag, chosen = next((tag, name) for tag, name, *_ in lines if suite in (None, name))
    media = next(line for line in invite.body.splitlines() if line.startswith("m=audio"))
    first = int(media.split()[3])
    name = next((line.split(" ", 1)[1] for line in invite.body.splitlines() if line.startswith(f"a=rtpmap:{first} ")), "PCMU/8000")
    return wire.sdp(port, suite=chosen, tag=tag, formats=((first, name),), **options)


@pytest.fixture
def border(build, tmp_path):
    made = []

    def make(**options):
        made.append(Border(build, tmp_path / f"state{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def standard(border):
    return border()
