# SPDX-License-Identifier: Apache-2.0
"""The web phone in a real browser: two people call each other over SIP in a secure WebSocket, with certificates that
the browser's user has chosen to trust."""
import contextlib
import json

import pytest
from kit import audio, chromium, edge as edges, phone_site, websocket_registrar
from kit.process import run, until
from web_phone import WebPhone

MISSING = chromium.missing() or websocket_registrar.missing() or phone_site.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
PASSWORD, DOMAIN = "correct horse", edges.DOMAIN


class Stand:
    """The page, the registrar and one browser; every test has people of its own in it."""

    def __init__(self, build, folder, ends):
        state = folder / "state"
        edges.initialise(build, state, "127.0.0.1:1", {"alice": ""})
        run([build.sallyport, "ca", "issue", "--dir", state / "ca", "--name", "web", "--out", state, "--dns", "localhost"])
        self.folder, self.authority, identity = folder, state / "ca/ca.pem", (state / "web.pem", state / "web.key")
        self.people, self.ends = [], ends
        self.site = self.keep(phone_site.PhoneSite(identity))
        self.registrar = self.keep(
            websocket_registrar.WebSocketRegistrar(folder / "registrar", identity, self.site.origin, DOMAIN, PASSWORD))
        self.site.sip = f"wss://localhost:{self.registrar.port}"
        self.site.config = {"domain": DOMAIN, "sip": self.site.sip + "/", "title": "Test phone"}
        speech = audio.write_syllables(folder / "speech.wav", 4.0, rate=48000)
        self.browser = self.keep(chromium.Chromium(folder / "browser", self.authority, speech))

    def keep(self, each):
        self.ends.callback(each.stop)
        return each

    def phone(self, **options):
        self.people.append(self.browser.person())
        return WebPhone(self.people[-1], self.site.origin, **options)

    def ready(self, name):
        return self.phone().sign_in(f"{name}@{DOMAIN}", PASSWORD).ready()

    def clear(self):
        while self.people:
            self.people.pop().leave()


@pytest.fixture(scope="module")
def hall(build, tmp_path_factory):
    with contextlib.ExitStack() as ends:
        yield Stand(build, tmp_path_factory.mktemp("web"), ends)


@pytest.fixture
def stand(hall):
    yield hall
    hall.clear()


def established(stand, caller, callee):
    alice, bob = stand.ready(caller), stand.ready(callee)
    alice.dial(callee)
    bob.says("peer", caller)
    alice.says("call-state", "Ringing")
    bob.click("answer")
    for phone in (alice, bob):
        phone.says("call-state", "Connected")
    return alice, bob


def test_two_pages_call_each_other_and_both_hear_the_other(stand):
    alice, bob = established(stand, "alice", "bob")
    for phone in (alice, bob):
        phone.hears()
        phone.says("protection-words", "Encrypted to the edge, not end to end")
        phone.matches("dtls", r"DTLS 1\.[23]")
        phone.matches("srtp", r"SRTP_(AEAD_AES_(128|256)_GCM|AES128_CM_HMAC_SHA1_80)")
        for fingerprint in ("own-fingerprint", "their-fingerprint"):
            phone.matches(fingerprint, r"sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}")
    assert alice.text("their-fingerprint") == bob.text("own-fingerprint")
    alice.page.until("document.querySelector('#timer').textContent >= '0:01'")

    alice.click("mute")
    alice.says("call-state", "you are muted")
    bob.hears_nothing()
    alice.hears()
    alice.click("mute")
    bob.hears()

    alice.click("hold")
    alice.says("call-state", "On hold")
    bob.says("call-state", "The other side holds the call")
    alice.click("hold")
    for phone in (alice, bob):
        phone.says("call-state", "Connected")
        phone.hears()

    bob.page.evaluate("document.querySelector('#keypad button[value=\"5\"]').click()")
    bob.page.press("#", "Digit3")
    bob.page.until("window.tones === '5#'")
    assert not stand.registrar.heard("heard INFO"), "the tones go in the voice"

    bob.click("hang-up")
    for phone in (alice, bob):
        phone.hidden("call")
        phone.hidden("problem")
        phone.page.until("document.querySelector('#player').srcObject === null")


def test_the_password_is_proven_with_sha_256_and_not_shown(stand):
    stand.ready("carol")
    answers = stand.registrar.heard("REGISTER from carol: Digest")
    assert answers and all("algorithm=SHA-256" in line for line in answers)
    assert not stand.registrar.heard(PASSWORD)


def test_a_wrong_password_is_told_in_plain_words(stand):
    phone = stand.phone().sign_in(f"dave@{DOMAIN}", "wrong")
    phone.says("problem", "does not accept this user, password or token")
    phone.says("status", "Signed out")
    phone.sign_in(f"dave@{DOMAIN}", PASSWORD).ready()


def test_refusals_are_told_apart(stand):
    alice, bob = stand.ready("erin"), stand.ready("frank")
    alice.dial("nobody")
    alice.says("problem", "nobody with this address")
    alice.dial("frank")
    bob.click("hang-up")  # which says Decline
    alice.says("problem", "declined")
    alice.dial("not an address")
    alice.says("problem", "no address or number")

    alice.dial("frank")
    bob.says("call-state", "Incoming call")
    third = stand.ready("grace")
    third.dial("frank")
    third.says("problem", "Busy.")
    alice.click("hang-up")
    bob.says("problem", "hung up before you answered")


def test_a_blocked_microphone_is_told_and_ends_the_call(stand):
    blocked, other = stand.phone(microphone="denied").sign_in(f"heidi@{DOMAIN}", PASSWORD).ready(), stand.ready("ivan")
    blocked.dial("ivan")
    blocked.says("problem", "does not let this page use the microphone")
    blocked.hidden("call")
    other.dial("heidi")
    blocked.click("answer")
    blocked.says("problem", "does not let this page use the microphone")
    other.says("problem", "declined")


def test_the_microphone_can_be_changed_while_one_speaks(stand):
    alice, bob = established(stand, "judy", "karl")
    bob.hears()
    devices = alice.page.evaluate("[...document.querySelector('#microphone').options].map((option) => option.value)")
    assert len(devices) > 1, "Chromium's fake microphones"
    alice.page.evaluate(f"""(() => {{ const list = document.querySelector('#microphone');
      list.value = {json.dumps(devices[-1])}; list.dispatchEvent(new Event('change')); }})()""")
    sent = alice.page.evaluate("parseInt(document.querySelector('#packets').textContent)")
    alice.page.until(f"parseInt(document.querySelector('#packets').textContent) > {sent} + 50")
    bob.hears()
    alice.click("hang-up")


def test_the_keyboard_alone_is_enough(stand):
    bob, page = stand.ready("lena"), stand.phone().page
    for text in (f"mike@{DOMAIN}", None, PASSWORD):  # the address, the choice of password or token, the password
        page.press("Tab")
        if text:
            page.type(text)
    page.press("Enter", text="\r")
    page.until("document.querySelector('#status').textContent.startsWith('Ready')")
    page.until("document.activeElement.id === 'target'")
    page.type("lena")
    page.press("Enter", text="\r")
    bob.says("call-state", "Incoming call")
    bob.page.until("document.activeElement.id === 'answer'")
    bob.page.press("Enter", text="\r")
    page.until("document.querySelector('#call-state').textContent === 'Connected'")
    page.until("document.activeElement.id === 'hang-up'")
    page.press("Enter", text="\r")
    bob.hidden("call")


def test_every_control_has_a_name_and_the_policy_is_kept(stand):
    alice, bob = established(stand, "nina", "olaf")
    alice.hears()
    controls = ("button", "textbox", "combobox", "radio", "meter", "checkbox")
    for phone in (alice, stand.phone()):
        nodes = phone.page.send("Accessibility.getFullAXTree")["nodes"]
        found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in controls]
        assert len(found) > 3
        assert not [node for node in found if not node["name"]["value"].strip()]
    for phone in (alice, bob):
        assert phone.page.complaints() == []
        asked = {url.partition("?")[0].rsplit("/", 1)[0] for url in phone.page.requested()}
        assert asked == {stand.site.origin, stand.site.sip}, "nobody else is asked"
    bob.click("hang-up")


def test_a_lost_connection_comes_back_by_itself(stand):
    phone = stand.ready("ruth")
    stand.registrar.stop()
    phone.says("status", "dials again by itself")
    stand.registrar.start()
    phone.page.until("document.querySelector('#status').textContent.startsWith('Ready')", 30.0)


def test_signing_out_takes_the_registration_back(stand):
    leaving, caller = stand.ready("sybil"), stand.ready("trent")
    leaving.click("sign-out")
    leaving.says("status", "Signed out")
    until(lambda: len(stand.registrar.heard("REGISTER from sybil: Digest")) == 2, "the registration is taken back")
    caller.dial("sybil")
    caller.says("problem", "nobody with this address")


def test_without_the_authority_the_browser_shows_no_page(stand, tmp_path):
    with chromium.Chromium(tmp_path / "browser") as stranger:
        page = stranger.person().open(stand.site.origin + "/")
        assert page.failure == "net::ERR_CERT_AUTHORITY_INVALID"
