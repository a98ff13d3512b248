# SPDX-License-Identifier: Apache-2.0
"""What browsers are served, and SIP over secure WebSocket: who gets one, who may log in by it, and calls to and from
phones that speak SIP over TLS."""
import contextlib
import json
import urllib.request

import pytest

from conftest import answer_to
from kit import edge as edges
from kit import proofs, web, wire
from kit.process import free_port, run, until
from kit.web_edge import HEADERS, PHONE, WebEdge

dtls = pytest.importorskip("kit.dtls", reason="python3-openssl is not installed")


@pytest.fixture
def site(border):
    return WebEdge(border)


# --- pages -----------------------------------------------------------------------------------------------------------

def test_the_phone_is_served_under_its_headers(site):
    wanted = json.loads(HEADERS.read_text())
    with site.connect() as tls:
        assert tls.selected_alpn_protocol() == "http/1.1" and tls.version() == "TLSv1.3"
        for path, name in (("/phone/", "index.html"), ("/phone/phone.js", "phone.js"), ("/phone/phone.css", "phone.css"),
                           ("/phone/icon.svg", "icon.svg")):
            answer = web.ask(tls, path)
            assert (answer.status, answer.body.decode()) == (200, PHONE[name])
            assert wanted.items() <= {key: answer.headers.get(key.lower()) for key in wanted}.items(), answer.headers
            assert web.ask(tls, path, headers=["If-None-Match: " + answer.headers["etag"]]).status == 304
            head = web.ask(tls, path, method="HEAD")
            assert int(head.headers["content-length"]) == len(PHONE[name])
        told = web.ask(tls, "/phone/config.json")
        assert told.headers["cache-control"] == "no-store" and told.headers["content-type"] == "application/json"
        assert json.loads(told.body)["domain"] == edges.DOMAIN and json.loads(told.body)["sip"] == "/sip"
        assert web.ask(tls, "/phone").headers["location"] == "/phone/"


def test_the_phone_may_be_told_to_send_voice_through_the_turn_server_alone(border):

    def starting(**options):  # the secret is there before the edge is
        made = border(**options)
        (made.state / "turn.secret").touch(0o600)
        (made.state / "turn.secret").write_text("8d1f7c3b5a9e2046")
        return made

    site = WebEdge(starting, 'relay_only = true\n[turn]\nurls = ["turns:turn.example.org"]\nsecret_file = "turn.secret"\n')
    with site.connect() as tls:
        assert json.loads(web.ask(tls, "/phone/config.json").body)["relay_only"] is True


@pytest.mark.parametrize("path", ["/", "/phone/headers.json", "/phone/../web.key", "/phone/%2e%2e/web.key", "/web.key", "/phone/index.html"])
def test_nothing_else_is_there(site, path):
    with site.connect() as tls:
        answer = web.ask(tls, path)
        assert (answer.status, answer.body) == (404, b"")
    assert site.refused("net.http.not_found")


def test_a_file_that_has_changed_is_served_after_a_reload(site):
    with site.connect() as tls:
        web.ask(tls, "/phone/phone.css")
        (site.state / "phone/phone.css").write_text("p { color: red }")
        site.edge.reload()
        assert site.edge.wait_event(lambda event: event.get("code") == "edge.reloaded")
        assert web.ask(tls, "/phone/phone.css").body == b"p { color: red }"


# --- who gets a WebSocket --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("change, status, reason", [
    ({"protocol": None}, 400, "net.websocket.subprotocol"), ({"protocol": "chat"}, 400, "net.websocket.subprotocol"),
    ({"origin": "https://evil.test"}, 403, "net.websocket.origin"), ({"origin": None}, 403, "net.websocket.origin_missing"),
    ({"version": "8"}, 426, "net.websocket.version"), ({"key": "c2hvcnQ="}, 400, "net.websocket.key")])
def test_an_upgrade_is_refused(site, change, status, reason):
    with site.connect() as tls:
        answer = web.ask(tls, "/sip", headers=web.upgrade_headers(**{"origin": site.origin, **change}))
        assert (answer.status, answer.body) == (status, b""), answer.headers
    assert site.refused(reason)
    assert site.edge.ask("status")["connections"]["websockets"] == 0


def test_another_path_is_no_websocket(site):
    with site.connect() as tls:
        assert web.ask(tls, "/sip/", headers=web.upgrade_headers(site.origin)).status == 404


@pytest.mark.parametrize("frames, code, reason", [
    ([web.frame(web.TEXT, "OPTIONS", mask=False)], 1002, "net.websocket.unmasked"),
    ([web.frame(web.TEXT, "OPTIONS", reserved=4)], 1002, "net.websocket.reserved"),
    ([web.frame(web.PING, "x", last=False)], 1002, "net.websocket.control"),
    ([web.frame(0, "x")], 1002, "net.websocket.continuation"),
    ([web.frame(web.TEXT, b"\xff\xfe")], 1007, "net.websocket.utf8"),
    ([b"\x82\xff\x80" + bytes(7)], 1009, "net.websocket.too_large"),
    ([web.frame(web.BINARY, bytes(60_000), last=False), web.frame(0, bytes(60_000))], 1009, "net.websocket.too_large")])
def test_what_is_no_frame_closes_with_its_code(site, frames, code, reason):
    with site.socket() as link:
        link.tls.sendall(b"".join(frames))
        assert link.closes_with() == code
    assert site.refused(reason, "sip.stream.refused")


def test_what_is_no_message_is_answered_as_far_as_it_goes_and_in_the_end_not_at_all(site):
    with site.socket() as link:
        for _ in range(21):
            link.send("BYE nothing\r\n\r\n")
        assert link.closes_with() == 1008


def test_two_messages_in_one_are_none(site):
    phone = site.asker()
    with phone:
        one = phone.caller.text("OPTIONS", uri="sip:" + edges.DOMAIN)
        phone.link.send(one + one)
        assert phone.link.status(400)


def test_pings_of_both_kinds_are_answered(site):
    with site.socket() as link:
        link.send_frame(web.PING, "there?")
        link.send("\r\n\r\n")
        assert link.receive().raw == b"\r\n" and link.pongs == [b"there?"]


def test_a_goodbye_is_answered(site):
    with site.socket() as link:
        link.send_frame(web.CLOSE, b"\x03\xe9")
        assert link.closes_with() == 1000
    assert site.refused("net.websocket.closed", "tls.connection.closed")


# --- who logs in -----------------------------------------------------------------------------------------------------

def test_a_password_registers_by_digest_and_is_shown_as_such(site):
    with site.registered():
        shown = site.edge.ask("registrations")["registrations"]
        assert [(each["aor"], each["transport"], each["proof"], each["flow"]) for each in shown] == \
            [("alice@" + edges.DOMAIN, "wss", "digest", True)], shown
        assert ".invalid" in shown[0]["contact"]
        assert site.edge.ask("status")["connections"]["websockets"] == 1
        assert ["[web_listener]", site.address] in [list(each.values()) if isinstance(each, dict) else list(each)
                                                    for each in site.edge.ask("status")["listeners"]]


def test_scram_registers_and_the_edge_proves_itself(site):
    with site.asker() as phone:
        exchange, done = proofs.scram(phone, "alice", proofs.PASSWORDS["alice"])
        assert done.status == 200 and exchange.proven(done), done
        assert "transport=ws" in done["Service-Route"]


def test_a_token_registers(site):
    with site.asker() as phone:
        assert phone.ask(site.issuer.token()).status == 200


def test_one_challenge_stands_in_each_field(site):
    with site.asker() as phone:
        schemes = [value.split()[0] for value in phone.ask().all("WWW-Authenticate")]
        assert sorted(set(schemes)) == ["Bearer", "Digest", "SCRAM-SHA-256"], schemes


def test_a_wrong_password_is_refused_and_counted(site):
    with site.asker() as phone:
        assert phone.ask(proofs.digest(phone.challenge(), "alice", "wrong")).status == 401
    assert site.refused("identity.proof.wrong", "sip.request.refused")


def test_the_listener_takes_only_what_it_says(border):
    site = WebEdge(border, 'authentication = ["scram"]')
    with site.asker() as phone:
        assert [value.split()[0] for value in phone.ask().all("WWW-Authenticate")] == ["SCRAM-SHA-256"]


def test_a_certificate_is_not_asked_for_and_nobody_is_known_by_a_network(site):
    with site.asker() as phone:
        assert phone.ask(method="MESSAGE").status == 401


# --- requests and calls ----------------------------------------------------------------------------------------------

def test_a_message_in_binary_frames_and_in_fragments_is_one(site):
    with site.registered() as phone:
        text = phone.caller.text("OPTIONS", uri="sip:" + edges.DOMAIN)
        phone.link.send_frame(web.BINARY, text[:50], last=False)
        phone.link.send_frame(web.PING, "between")
        phone.link.send_frame(0, text[50:])
        assert phone.link.final("OPTIONS").status == 200
        assert phone.link.pongs == [b"between"]


def test_messages_go_both_ways(site):
    with site.registered() as phone:
        bob = site.bob()
        bob.send("MESSAGE", extra=("Content-Type: text/plain",))
        asked = phone.link.request("MESSAGE")
        assert asked["Via"].startswith("SIP/2.0/WSS localhost:") and ".invalid" in asked.uri, asked
        web.WebCallee(phone.link, asked).respond(200, "OK")
        assert bob.wire.final("MESSAGE").status == 200

        out = web.WebCaller(phone.link, "sip:bob@" + edges.DOMAIN, "alice")
        out.send("MESSAGE", extra=("Content-Type: text/plain",))
        link = site.border.link()
        asked = link.request("MESSAGE")
        assert asked["Via"].startswith("SIP/2.0/TLS ") and ".invalid" not in asked.raw.decode(), asked
        wire.Callee(link, asked).respond(200, "OK")
        assert phone.link.final("MESSAGE").status == 200


def offer(voice):
    return wire.sdp(voice.port, profile=dtls.PROFILE + "F", crypto=[], attributes=voice.attributes("actpass", ice=True))


def established(site, phone, voice):
    """A call from a browser: (the browser's side, bob's side)."""
    alice = web.WebCaller(phone.link, "sip:bob@" + edges.DOMAIN, "alice")
    alice.send("INVITE", offer(voice))
    link = site.border.link()
    invite = link.request("INVITE")
    assert ".invalid" not in invite.raw.decode()
    bob = wire.Callee(link, invite)
    bob.respond(200, "OK", answer_to(invite))
    answered = alice.learn(phone.link.final())
    assert answered.status == 200 and answered["Contact"].endswith(";transport=ws>"), answered
    alice.ack(answered)
    assert link.request("ACK")
    return alice, bob


def hang_up(bob, phone):
    bob.send("BYE")
    bye = phone.link.request("BYE")
    assert bye["Via"].startswith("SIP/2.0/WSS ")
    web.WebCallee(phone.link, bye).respond(200, "OK", request=bye)
    assert bob.wire.final("BYE").status == 200


def test_a_browser_calls_a_phone(site):
    with site.registered() as phone, contextlib.closing(dtls.DtlsEnd()) as voice:
        _, bob = established(site, phone, voice)
        hang_up(bob, phone)


def test_a_browser_takes_a_call_over_from_another_of_the_same_person(site):
    with site.registered() as phone, site.registered() as other, contextlib.closing(dtls.DtlsEnd()) as voice:
        alice, bob = established(site, phone, voice)
        mine, theirs = (value.split(";tag=")[1] for value in (alice.from_value, alice.to_value))
        taking = web.WebCaller(other.link, "sip:bob@" + edges.DOMAIN, "alice")
        taking.send("INVITE", offer(voice), extra=(f"Replaces: {alice.call_id};to-tag={theirs};from-tag={mine}",))
        again = bob.wire.request("INVITE")
        bob.respond(200, "OK", answer_to(again, version=2), request=again)
        answered = taking.learn(other.link.final())
        assert answered.status == 200 and "a=fingerprint:sha-256 " in answered.body, answered
        taking.ack(answered)
        over = phone.link.request("BYE")
        web.WebCallee(phone.link, over).respond(200, "OK", request=over)
        hang_up(bob, other)


def test_a_browser_that_offers_no_dtls_is_refused(site):
    with site.registered() as phone:
        alice = web.WebCaller(phone.link, "sip:bob@" + edges.DOMAIN, "alice")
        alice.send("INVITE", wire.sdp())
        assert phone.link.final().status == 488


def test_a_phone_calls_a_browser_on_the_connection_it_registered_on(site):
    with site.registered() as phone:
        bob = site.bob()
        bob.send("INVITE", wire.sdp())
        invite = phone.link.request("INVITE")
        assert ".invalid" in invite.uri and invite["Via"].startswith("SIP/2.0/WSS localhost:"), invite
        assert "transport=ws" in invite["Contact"]
        web.WebCallee(phone.link, invite).respond(486, "Busy Here")
        phone.link.request("ACK")
        assert bob.wire.final().status == 486


def test_a_browser_that_has_left_is_not_called(site):
    phone = site.registered()
    phone.link.send_frame(web.CLOSE)
    phone.link.closes_with()
    site.edge.wait_event(lambda event: event.get("code") == "tls.connection.closed")
    bob = site.bob()
    bob.send("INVITE", wire.sdp())
    assert bob.wire.final().status == 480


def test_a_reload_keeps_websockets_and_gives_the_next_one_the_new_certificate(site):
    with site.registered() as phone:
        before = site.connect().getpeercert(True)
        run([site.border.build.sallyport, "ca", "issue", "--dir", site.state / "ca", "--name", "web2", "--out", site.state, "--dns", "localhost"])
        for kind in ("pem", "key"):
            (site.state / f"web2.{kind}").replace(site.state / f"web.{kind}")
        site.edge.reload()
        assert site.edge.wait_event(lambda event: event.get("code") == "edge.reloaded")
        assert site.connect().getpeercert(True) != before
        phone.caller.send("OPTIONS", uri="sip:" + edges.DOMAIN)
        assert phone.link.final("OPTIONS").status == 200


def test_refusals_are_counted_by_reason(border):
    metrics = f"127.0.0.1:{free_port()}"
    site = WebEdge(border, metrics=metrics)
    with site.connect() as tls:
        web.ask(tls, "/sip", headers=web.upgrade_headers("https://evil.test"))

    def counted():
        with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as page:
            return page.read().decode()
    until(lambda: 'sallyport_web_requests_refused_total{reason="net.websocket.origin"} 1' in counted(), "it is counted")
    assert "sallyport_websockets_open 0" in counted()
