# SPDX-License-Identifier: Apache-2.0
"""Calls of the web phone through the edge: DTLS and ICE on the browser's side, SDES on that of a SIP phone, voice both
ways; and between two browsers."""
import contextlib

import pytest
from conftest import Border
from kit import audio, baresip, chromium, coturn, edge as edges, phone_site, proofs
from kit.forge import Forge
from kit.process import free_port
from kit.web_edge import WebEdge
from web_phone import RELAY_ONLY, WebPhone

MISSING = chromium.missing() or phone_site.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
CAROL = "sip:carol@" + edges.DOMAIN


class Hall:
    """One edge and one browser; bob is a SIP phone with a certificate, known as a peer."""

    def __init__(self, build, folder, ends, settings="", secret=""):
        def border(**options):
            made = Border(build, folder / "state", **options)
            ends.callback(made.close)
            (made.state / "turn.secret").touch(0o600)
            (made.state / "turn.secret").write_text(secret)
            return made

        self.site = WebEdge(border, settings, phone=phone_site.FILES)
        self.place = baresip.Place()
        self.bob = self.place.address
        config = self.site.border.config
        config.write_text(config.read_text().replace(f'"{self.site.border.peer.address}"', f'"{self.bob}"'))
        self.site.edge.reload()
        self.site.edge.wait_event(lambda event: event.get("code") == "edge.reloaded")
        self.build, self.folder, self.people, self.phones = build, folder, [], []
        self.said = audio.write_syllables(folder / "browser-says.wav", 4.0, rate=48000)
        self.bob_says = audio.write_syllables(folder / "bob-says.wav", 30.0, seed=7)
        self.browser = chromium.Chromium(folder / "browser", self.site.state / "ca/ca.pem", self.said)
        ends.callback(self.browser.stop)

    def person(self, user, before=""):
        self.people.append(self.browser.person())
        phone = WebPhone(self.people[-1], self.site.origin, folder="/phone", before=before)
        return phone.sign_in(f"{user}@{edges.DOMAIN}", proofs.PASSWORDS[user]).ready()

    def heard(self):
        return self.folder / "bob-heard.wav"

    def bob_answers(self, *options):
        self.phones.append(edges.answering_phone(self.build, self.site.state, "bob", self.bob, "--play", self.bob_says,
                                                 "--record", self.heard(), "--calls", "1", *options))
        return self.phones[-1]

    def bob_is_baresip(self):
        identity = [self.site.state / f"phones/bob.{end}" for end in ("pem", "key")]
        self.phones.append(baresip.Baresip(self.folder / "baresip", "bob", self.site.state / "ca/ca.pem", self.bob_says, identity=identity,
                                           answer=True, place=self.place))
        return self.phones[-1]

    def bob_calls(self, user):
        self.phones.append(edges.calling_phone(self.build, self.site.state, "bob", f"sip:{user}@{edges.DOMAIN}", self.site.border.address,
                                               "--play", self.bob_says, "--record", self.heard(), "--duration", "6s"))
        return self.phones[-1]

    def clear(self):
        while self.people:
            self.people.pop().leave()
        while self.phones:
            self.phones.pop().stop()

    def live(self):
        return self.site.edge.ask("calls")["calls"][0]


@pytest.fixture(scope="module")
def one_hall(build, tmp_path_factory):
    with contextlib.ExitStack() as ends:
        yield Hall(build, tmp_path_factory.mktemp("calls"), ends)


@pytest.fixture
def hall(one_hall):
    yield one_hall
    one_hall.clear()


def assert_heard(hall, recording=None):
    """Browsers process what their microphone hears: it is like what was said, not the same; bob's own voice is not."""
    recording = recording or hall.heard()
    found = audio.likeness(hall.said, recording)
    assert found["correlation"] > 0.3 and found["seconds"] >= 1.5, found
    assert audio.likeness(hall.bob_says, recording)["correlation"] < found["correlation"] - 0.1


def test_a_browser_calls_a_sip_phone_and_both_are_heard(hall):
    bob = hall.bob_answers()
    carol = hall.person("carol")
    carol.dial("bob")
    carol.says("call-state", "Connected")
    carol.hears()
    carol.says("protection-words", "Encrypted to the edge, not end to end")
    carol.matches("srtp", r"SRTP_(AEAD_AES_(128|256)_GCM|AES128_CM_HMAC_SHA1_80)")
    assert [leg["keying"] for leg in hall.live()["legs"]] == ["DTLS-SRTP", "SDES"]
    carol.page.until("document.querySelector('#timer').textContent >= '0:03'")
    carol.click("hang-up")
    carol.hidden("call")
    bob.wait()
    assert_heard(hall)


@pytest.mark.skipif(baresip.missing() is not None, reason=baresip.missing() or "")
def test_a_browser_calls_baresip_and_both_are_heard(hall):
    bob = hall.bob_is_baresip()
    carol = hall.person("carol")
    carol.dial("bob")
    carol.says("call-state", "Connected")
    carol.hears()
    assert [leg["keying"] for leg in hall.live()["legs"]] == ["DTLS-SRTP", "SDES"]
    carol.page.until("document.querySelector('#timer').textContent >= '0:03'")
    carol.click("hang-up")
    bob.closed()
    assert_heard(hall, bob.heard())


def test_a_sip_phone_calls_a_browser_and_both_are_heard(hall):
    carol = hall.person("carol")
    hall.bob_calls("carol")
    carol.says("call-state", "Incoming call")
    carol.click("answer")
    carol.says("call-state", "Connected")
    carol.hears()
    hall.phones[-1].wait()
    carol.hidden("call")
    assert_heard(hall)


def test_two_browsers_call_each_other_mute_hold_and_press_keys(hall):
    alice, carol = hall.person("alice"), hall.person("carol")
    carol.dial("alice")
    alice.says("call-state", "Incoming call")
    alice.click("answer")
    for phone in (alice, carol):
        phone.says("call-state", "Connected")
        phone.hears()
    assert [leg["keying"] for leg in hall.live()["legs"]] == ["DTLS-SRTP", "DTLS-SRTP"]

    carol.click("mute")
    carol.says("call-state", "you are muted")
    alice.hears_nothing()
    carol.hears()
    carol.click("mute")
    alice.hears()

    carol.click("hold")
    carol.says("call-state", "On hold")
    alice.says("call-state", "The other side holds the call")
    carol.click("hold")
    for phone in (alice, carol):
        phone.says("call-state", "Connected")
        phone.hears()

    carol.page.press("#", "Digit3")
    carol.page.until("window.tones === '#'")
    carol.click("hang-up")
    alice.hidden("call")


@pytest.mark.skipif(coturn.missing() is not None, reason=coturn.missing() or "")
def test_a_browser_behind_a_firewall_calls_through_the_turn_server_alone(build, tmp_path):
    secret, port = "8d1f7c3b5a9e2046", free_port()
    turn = f'\n[turn]\nurls = ["turns:localhost:{port}?transport=tcp"]\nsecret_file = "turn.secret"\n'
    with contextlib.ExitStack() as ends:
        hall = Hall(build, tmp_path / "hall", ends, turn, secret)
        identity = Forge(tmp_path / "issued", hall.site.state / "ca").make("turn", san="DNS:localhost")
        server = ends.enter_context(coturn.Coturn(tmp_path / "coturn", identity, secret, port=port))
        ends.callback(hall.clear)
        bob = hall.bob_answers()
        carol = hall.person("carol", RELAY_ONLY)
        carol.dial("bob")
        carol.says("call-state", "Connected")
        carol.hears()
        relayed = {line.rsplit("Local relay addr: ", 1)[1] for line in server.process.lines if "Local relay addr" in line}
        assert hall.live()["legs"][0]["media"]["latched_source"] in relayed, relayed
        carol.page.until("document.querySelector('#timer').textContent >= '0:03'")
        carol.click("hang-up")
        bob.wait()
        assert_heard(hall)
