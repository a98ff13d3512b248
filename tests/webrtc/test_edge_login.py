# SPDX-License-Identifier: Apache-2.0
"""The web phone as the edge serves it, in a real browser: its page, its WebSocket, every way of signing in, and what
becomes of a registration."""
import contextlib

import pytest
from conftest import Border
from kit import chromium, edge as edges, phone_site, proofs
from kit.process import until
from kit.web_edge import WebEdge
from web_phone import WebPhone

MISSING = chromium.missing() or phone_site.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


def site_in(build, folder, ends, **options):
    def border(**settings):
        made = Border(build, folder / "state", **settings)
        ends.callback(made.close)
        return made

    return WebEdge(border, phone=phone_site.FILES, **options)


def browser_for(site, folder, ends):
    browser = chromium.Chromium(folder / "browser", site.state / "ca/ca.pem")
    ends.callback(browser.stop)
    return browser


@pytest.fixture(scope="module")
def hall(build, tmp_path_factory):
    """One edge and one browser; every test has people of its own in it."""
    folder = tmp_path_factory.mktemp("edge")
    with contextlib.ExitStack() as ends:
        site = site_in(build, folder, ends)
        yield site, browser_for(site, folder, ends)


@pytest.fixture
def open_phone(hall):
    site, browser = hall
    people = []

    def make():
        people.append(browser.person())
        return WebPhone(people[-1], site.origin, folder="/phone")

    yield make
    for person in people:
        person.leave()


@pytest.fixture
def site(hall):
    return hall[0]


def registered(site, user):
    return [each for each in site.edge.ask("registrations")["registrations"] if each["aor"] == f"{user}@{edges.DOMAIN}"]


def sign_in(phone, user, secret=None):
    return phone.sign_in(f"{user}@{edges.DOMAIN}", secret or proofs.PASSWORDS[user])


def test_a_password_signs_in_by_scram_and_the_phone_is_registered(site, open_phone):
    sign_in(open_phone(), "alice").ready()
    assert [(each["transport"], each["proof"], each["flow"]) for each in registered(site, "alice")] == [("wss", "scram", True)]
    assert site.edge.ask("status")["connections"]["websockets"] == 1


def test_a_password_signs_in_by_digest_where_there_is_no_scram(build, tmp_path):
    with contextlib.ExitStack() as ends:
        site = site_in(build, tmp_path, ends, authentication='["digest"]')
        phone = WebPhone(browser_for(site, tmp_path, ends).person(), site.origin, folder="/phone")
        sign_in(phone, "alice").ready()
        assert [(each["transport"], each["proof"]) for each in registered(site, "alice")] == [("wss", "digest")]


def test_a_token_signs_in(site, open_phone):
    phone = open_phone()
    phone.page.evaluate("document.querySelector('#with-token').click()")
    sign_in(phone, "bob", site.issuer.token("bob").removeprefix("Bearer ")).ready()
    assert [(each["transport"], each["proof"]) for each in registered(site, "bob")] == [("wss", "token")]


def test_a_wrong_password_is_told_in_plain_words(site, open_phone):
    phone = sign_in(open_phone(), "carol", "wrong")
    phone.says("problem", "does not accept this user, password or token")
    sign_in(phone, "carol").ready()


def test_signing_out_takes_the_registration_back(site, open_phone):
    phone = sign_in(open_phone(), "carol").ready()
    phone.click("sign-out")
    phone.says("status", "Signed out")
    until(lambda: registered(site, "carol") == [], "the registration is taken back")


def test_leaving_ends_the_websocket(site, hall):
    person = hall[1].person()
    sign_in(WebPhone(person, site.origin, folder="/phone"), "carol").ready()
    person.leave()
    until(lambda: [each["flow"] for each in registered(site, "carol")] in ([], [False]), "the flow is gone")
    until(lambda: site.edge.ask("status")["connections"]["websockets"] == 0, "the browser is gone")


def test_a_page_of_another_origin_gets_no_websocket(site, hall):
    other = phone_site.PhoneSite((site.state / "web.pem", site.state / "web.key"))
    other.sip = site.origin.replace("https://", "wss://")
    other.config = {"domain": edges.DOMAIN, "sip": other.sip + "/sip"}
    person = hall[1].person()
    try:
        sign_in(WebPhone(person, other.origin), "carol").says("problem", "can not be reached")
        assert site.refused("net.websocket.origin")
    finally:
        person.leave()
        other.stop()


def test_a_lost_connection_comes_back_by_itself(site, open_phone):
    phone = sign_in(open_phone(), "carol").ready()
    site.edge.stop()
    phone.says("status", "dials again by itself")
    site.restart()
    phone.page.until("document.querySelector('#status').textContent.startsWith('Ready')", 40.0)
    assert [each["flow"] for each in registered(site, "carol")] == [True]
