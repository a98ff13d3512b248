# SPDX-License-Identifier: Apache-2.0
"""Where the web phone is used: one edge, one browser with people in it, and a SIP phone they may call."""
import contextlib

import pytest
from conftest import Border
from kit import audio, baresip, chromium, edge as edges, phone_site, proofs
from kit.web_edge import WebEdge
from web_phone import WebPhone

MISSING = chromium.missing() or phone_site.missing()


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
        self.text = self.site.border.config.read_text()
        self.know_bob("sdes")
        self.build, self.folder, self.people, self.phones = build, folder, [], []
        self.said = audio.write_syllables(folder / "browser-says.wav", 4.0, rate=48000)
        self.bob_says = audio.write_syllables(folder / "bob-says.wav", 30.0, seed=7)
        self.browser = chromium.Chromium(folder / "browser", self.site.state / "ca/ca.pem", self.said)
        ends.callback(self.browser.stop)

    def know_bob(self, media):
        """Where he is called, and what his voice is keyed by."""
        before = f'address = "{self.site.border.peer.address}"'
        assert self.text.count(before) == 1
        self.site.border.config.write_text(self.text.replace(before, f'address = "{self.bob}"\nmedia = "{media}"'))
        self.site.edge.reload()
        self.site.edge.wait_event(lambda event: event.get("code") == "edge.reloaded")

    def page(self, **options):
        """The page, nobody signed in."""
        self.people.append(self.browser.person())
        return WebPhone(self.people[-1], self.site.origin, folder="/phone", **options)

    def person(self, user, **options):
        """Who has a password, signed in."""
        return self.page(**options).sign_in(f"{user}@{edges.DOMAIN}", proofs.PASSWORDS[user]).ready()

    def guest(self, user):
        """Anybody by a token: may call, and is not called."""
        phone = self.page()
        phone.click("with-token")
        return phone.sign_in(f"{user}@{edges.DOMAIN}", self.site.issuer.token(user).removeprefix("Bearer ")).ready()

    def established(self):
        """carol has called alice, who has answered."""
        alice, carol = self.person("alice"), self.person("carol")
        carol.dial("alice")
        alice.says("call-state", "Incoming call")
        alice.click("answer")
        for phone in (alice, carol):
            phone.says("call-state", "Connected")
        return alice, carol

    def heard(self):
        return self.folder / "bob-heard.wav"

    def bob_answers(self, *options):
        self.phones.append(edges.answering_phone(self.build, self.site.state, "bob", self.bob, "--play", self.bob_says,
                                                 "--record", self.heard(), "--calls", "1", *options))
        return self.phones[-1]

    def bob_is_baresip(self, **options):
        identity = [self.site.state / f"phones/bob.{end}" for end in ("pem", "key")]
        self.phones.append(baresip.Baresip(self.folder / f"baresip-{len(list(self.folder.glob('baresip-*')))}", "bob", self.site.state / "ca/ca.pem",
                                           self.bob_says, identity=identity, answer=True, place=self.place, **options))
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
