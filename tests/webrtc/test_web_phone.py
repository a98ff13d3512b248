# SPDX-License-Identifier: Apache-2.0
"""The web phone in the hands of a person: what it says when a call comes to nothing, its devices, the keyboard, and what
it shows to a screen reader."""
import json

import pytest
from hall import MISSING, hall, one_hall  # noqa: F401
from kit import chromium, edge as edges, proofs

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


def test_refusals_are_told_apart(hall):  # noqa: F811
    alice, carol = hall.person("alice"), hall.person("carol")
    alice.dial("nobody")
    alice.says("problem", "nobody with this address")
    alice.dial("carol")
    carol.click("hang-up")  # which says Decline
    alice.says("problem", "declined")
    alice.dial("not an address")
    alice.says("problem", "no address or number")

    alice.dial("carol")
    carol.says("call-state", "Incoming call")
    third = hall.guest("dave")
    third.dial("carol")
    third.says("problem", "Busy.")
    alice.click("hang-up")
    carol.says("problem", "hung up before you answered")


def test_a_blocked_microphone_is_told_and_ends_the_call(hall):  # noqa: F811
    blocked, other = hall.person("alice", microphone="denied"), hall.person("carol")
    blocked.dial("carol")
    blocked.says("problem", "does not let this page use the microphone")
    blocked.hidden("call")
    other.dial("alice")
    blocked.click("answer")
    blocked.says("problem", "does not let this page use the microphone")
    other.says("problem", "declined")


def test_the_microphone_can_be_changed_while_one_speaks(hall):  # noqa: F811
    alice, carol = hall.established()
    alice.hears()
    devices = carol.page.evaluate("[...document.querySelector('#microphone').options].map((option) => option.value)")
    assert len(devices) > 1, "Chromium's fake microphones"
    carol.page.evaluate(f"""(() => {{ const list = document.querySelector('#microphone');
      list.value = {json.dumps(devices[-1])}; list.dispatchEvent(new Event('change')); }})()""")
    sent = carol.page.evaluate("parseInt(document.querySelector('#packets').textContent)")
    carol.page.until(f"parseInt(document.querySelector('#packets').textContent) > {sent} + 50")
    alice.hears()
    carol.click("hang-up")


def test_the_keyboard_alone_is_enough(hall):  # noqa: F811
    carol, page = hall.person("carol"), hall.page().page
    for text in (f"alice@{edges.DOMAIN}", None, proofs.PASSWORDS["alice"]):  # the address, password or token, the password
        page.press("Tab")
        if text:
            page.type(text)
    page.press("Enter", text="\r")
    page.until("document.querySelector('#status').textContent.startsWith('Ready')")
    page.until("document.activeElement.id === 'target'")
    page.type("carol")
    page.press("Enter", text="\r")
    carol.says("call-state", "Incoming call")
    carol.page.until("document.activeElement.id === 'answer'")
    carol.page.press("Enter", text="\r")
    page.until("document.querySelector('#call-state').textContent === 'Connected'")
    page.until("document.activeElement.id === 'hang-up'")
    page.press("Enter", text="\r")
    carol.hidden("call")


def test_every_control_has_a_name_and_the_policy_is_kept(hall):  # noqa: F811
    alice, carol = hall.established()
    alice.hears()
    controls = ("button", "textbox", "comcarolox", "radio", "meter", "checkbox")
    for phone in (alice, hall.page()):
        nodes = phone.page.send("Accessibility.getFullAXTree")["nodes"]
        found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in controls]
        assert len(found) > 3
        assert not [node for node in found if not node["name"]["value"].strip()]
    for phone in (alice, carol):
        assert phone.page.complaints() == []
        hosts = {url.split("//", 1)[1].split("/", 1)[0] for url in phone.page.requested()}
        assert hosts == {hall.site.origin.removeprefix("https://")}, "nobody else is asked"
    carol.click("hang-up")


def test_without_the_authority_the_browser_shows_no_page(hall, tmp_path):  # noqa: F811
    with chromium.Chromium(tmp_path / "browser") as stranger:
        page = stranger.person().open(hall.site.origin + "/phone/")
        assert page.failure == "net::ERR_CERT_AUTHORITY_INVALID"
