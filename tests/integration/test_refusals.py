# SPDX-License-Identifier: Apache-2.0
"""Each refusal: what the peer sees, and the reason the operator sees."""
import base64
import os
import re

import pytest
from conftest import answer_to
from kit import wire


def reason(standard, expected, timeout=10.0):
    return standard.edge.wait_event(lambda event: event.get("reason") == expected, timeout)


OFFERS = {
    "plain RTP": (wire.sdp(profile="RTP/AVP", crypto=[]), "sdp.plain_rtp"),
    "no key": (wire.sdp(crypto=[]), "sdp.crypto.none"),
    "a NULL suite": (wire.sdp(crypto=["a=crypto:1 NULL_HMAC_SHA1_80 inline:" + base64.b64encode(bytes(30)).decode()]), "sdp.crypto.none"),
    "UNENCRYPTED_SRTP": (wire.sdp(crypto=["a=crypto:1 AEAD_AES_256_GCM inline:" + base64.b64encode(os.urandom(44)).decode() + " UNENCRYPTED_SRTP"]),
                         "sdp.crypto.unencrypted"),
    "UNENCRYPTED_SRTCP": (wire.sdp(crypto=["a=crypto:1 AEAD_AES_256_GCM inline:" + base64.b64encode(os.urandom(44)).decode() + " UNENCRYPTED_SRTCP"]),
                          "sdp.crypto.unencrypted"),
    "a suite below the tier": (wire.sdp(suite="AES_CM_128_HMAC_SHA1_80"), "sdp.crypto.none"),
    "a short key": (wire.sdp(key=base64.b64encode(os.urandom(43)).decode()), "sdp.crypto.key"),
    "no audio": ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/SAVP 96\r\na=rtpmap:96 VP8/90000\r\n", "sdp.no_audio"),
    "no common codec": (wire.sdp(formats=((18, "G729/8000"),)), "sdp.codec.none"),
    "not SDP at all": ("hello", None),
}


@pytest.mark.parametrize("what", OFFERS)
def test_an_offer_that_policy_refuses_gets_488_and_its_reason(standard, what):
    offer, code = OFFERS[what]
    caller = standard.caller()
    caller.send("INVITE", offer)
    assert caller.wire.final().status == 488
    if code:
        assert reason(standard, code)


def test_an_answer_that_was_not_offered_ends_the_call_on_both_sides(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    callee = wire.Callee(standard.link(), invite)
    callee.respond(200, "OK", wire.sdp(41000, suite="AES_CM_128_HMAC_SHA1_80"))
    assert callee.wire.request("ACK") and callee.wire.request("BYE")
    assert caller.wire.final().status == 488
    assert reason(standard, "sdp.crypto.not_offered")


def test_a_plain_answer_ends_the_call(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    callee = wire.Callee(standard.link(), invite)
    callee.respond(200, "OK", wire.sdp(41000, profile="RTP/AVP", crypto=[]))
    assert callee.wire.request("ACK") and callee.wire.request("BYE")
    assert caller.wire.final().status == 488


def test_a_downgrading_reinvite_is_refused_and_the_call_goes_on(standard):
    caller, callee, _, _ = standard.establish()
    caller.send("INVITE", wire.sdp(40000, profile="RTP/AVP", crypto=[], version=2))
    refused = caller.wire.final()
    assert refused.status == 488
    caller.ack(refused)
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_a_foreign_domain_is_refused_with_403(standard):
    caller = standard.caller(to="sip:bob@elsewhere.example")
    caller.send("INVITE", wire.sdp())
    assert caller.wire.final().status == 403
    assert reason(standard, "guard.domain.foreign")


def test_a_number_nobody_answers_for_is_404(standard):
    caller = standard.caller(to="sip:nobody@sallyport.test")
    caller.send("INVITE", wire.sdp())
    assert caller.wire.final().status == 404
    assert reason(standard, "call.route.none")


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "NOTIFY", "REGISTER", "INFO", "BYE", "FROBNICATE"])
def test_a_method_that_is_not_allowed_gets_405_or_481(standard, method):
    caller = standard.caller()
    caller.send(method)
    answer = caller.wire.final(method)
    assert answer.status in ((405, 481) if method in ("BYE", "INFO") else (405, 501)), answer
    assert answer.status != 405 or "INVITE" in answer["Allow"]


def test_an_unsupported_required_extension_is_named(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp(), extra=("Require: precondition",))
    refused = caller.wire.final()
    assert refused.status == 420 and refused["Unsupported"] == "precondition"


def identity_rate(mode, burst):
    return lambda text: re.sub(r"identity_call_rate = .*", f'identity_call_rate = {{ mode = "{mode}", calls_per_second = 0.1, burst = {burst} }}', text)


def test_the_identity_rate_limit_answers_and_says_which_rule(border):
    made = border(edit=identity_rate("enforce", 2))
    statuses = []
    for _ in range(4):
        caller = made.caller(to="sip:nobody@sallyport.test")
        caller.send("INVITE", wire.sdp())
        statuses.append(caller.wire.final().status)
    assert statuses[:2] == [404, 404] and statuses[2:] == [480, 480]
    assert reason(made, "guard.rate.identity")
    why = made.edge.ask("why", "alice@sallyport.test")
    assert any(decision["rule"] == "identity_call_rate" for decision in why["decisions"])


def test_a_device_has_a_figure_of_its_own(border):
    made = border(edit=lambda text: text.replace("# max_calls = 4 ", "max_calls = 1 "))
    made.establish()
    second = made.caller()
    second.send("INVITE", wire.sdp())
    assert second.wire.final().status == 480
    assert reason(made, "guard.calls.identity")


def test_a_rule_in_shadow_counts_but_lets_through(border):
    made = border(edit=identity_rate("shadow", 1))
    for _ in range(3):
        caller = made.caller(to="sip:nobody@sallyport.test")
        caller.send("INVITE", wire.sdp())
        assert caller.wire.final().status == 404
    rules = {rule["name"]: rule for rule in made.edge.ask("status")["rules"]}
    assert rules["identity_call_rate"]["shadow_refused"] == 2


FRAMES = {
    "two Content-Lengths": b"OPTIONS sip:sallyport.test SIP/2.0\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "a negative length": b"OPTIONS sip:sallyport.test SIP/2.0\r\nContent-Length: -1\r\n\r\n",
    "no length": b"OPTIONS sip:sallyport.test SIP/2.0\r\nCall-ID: x\r\n\r\n",
    "a hex length": b"OPTIONS sip:sallyport.test SIP/2.0\r\nContent-Length: 0x10\r\n\r\n",
    "not SIP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without end": b"OPTIONS sip:sallyport.test SIP/2.0\r\nX: " + b"a" * 80000,
}


@pytest.mark.parametrize("what", FRAMES)
def test_a_stream_in_doubt_is_closed_and_nothing_behind_it_is_executed(standard, what):
    caller = standard.caller()
    hidden = caller.text("INVITE", wire.sdp())
    try:
        caller.wire.send(FRAMES[what] + hidden.encode())
    except OSError:
        pass  # closed while we were still talking
    assert caller.wire.closed()
    assert standard.edge.ask("status")["calls"]["attempted"] == 0


def test_an_unreadable_message_gets_400_and_the_connection_stays(standard):
    caller = standard.caller(to="sip:sallyport.test")
    text = caller.text("OPTIONS").replace("Max-Forwards: 70", "Max-Forwards: many")
    caller.wire.send(text)
    assert caller.wire.expect(lambda m: m.status == 400)
    caller.send("OPTIONS")
    assert caller.wire.final("OPTIONS").status == 200
