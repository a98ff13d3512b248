# SPDX-License-Identifier: Apache-2.0
"""What the two peers of a call observe: scripted on both sides, byte by byte."""
import re

import pytest
from conftest import answer_to
from kit import edge as edges, wire

SECRETS_OF_ALICE = ["10.9.8.7", "secretive", "LeakyPhone"]
SECRETS_OF_BOB = ["10.20.30.40", "inner", "SecretPBX"]


def test_a_call_is_set_up_and_ended_by_the_caller(standard):
    caller, callee, _, _ = standard.establish()
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200
    bye = callee.wire.request("BYE")
    callee.respond(200, "OK", request=bye)
    assert standard.ended()["reason"] == "call.bye"


def test_the_callee_may_end_it_too(standard):
    caller, callee, _, _ = standard.establish()
    callee.send("BYE")
    assert callee.wire.final("BYE").status == 200
    assert caller.wire.request("BYE")
    event = standard.ended()
    assert (event["reason"], event["by"]) == ("call.bye", "callee")


def test_no_byte_of_one_side_reaches_the_other(standard):
    caller, callee, invite, done = standard.establish()
    for secret in [*SECRETS_OF_ALICE, caller.call_id, caller.branch, wire_tag(caller)]:
        assert secret not in repr(invite), secret
    for secret in [*SECRETS_OF_BOB, invite["Call-ID"], callee.tag]:
        assert secret not in repr(done), secret
    assert "40000" not in invite.body and "41000" not in done.body
    keys = [set(re.findall(r"inline:(\S+)", text)) for text in (invite.body, done.body)]
    assert not keys[0] & keys[1]


def wire_tag(caller):
    return caller.from_value.split(";tag=")[1]


def test_one_identity_is_asserted_from_the_certificate(standard):
    caller = standard.caller()
    caller.from_value = "<sip:president@example.org>;tag=x"
    caller.send("INVITE", wire.sdp(), extra=("P-Asserted-Identity: <sip:king@example.org>", "P-Preferred-Identity: <sip:king@example.org>",
                                             "Remote-Party-ID: <sip:king@example.org>"))
    invite = standard.link().request("INVITE")
    assert invite.all("P-Asserted-Identity") == ["<sip:alice@sallyport.test>"]
    assert "president" not in repr(invite) and "king" not in repr(invite)
    assert "sip:alice@sallyport.test" in invite["From"]


def test_privacy_hides_the_caller(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp(), extra=("Privacy: id",))
    invite = standard.link().request("INVITE")
    assert "anonymous.invalid" in invite["From"] and not invite["P-Asserted-Identity"]
    assert "alice" not in repr(invite)


def test_early_media_passes_before_the_answer(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    callee = wire.Callee(standard.link(), invite)
    answer = answer_to(invite)
    callee.respond(183, "Progress", answer)
    early = caller.wire.status(183)
    assert "a=crypto:1 AEAD_AES_256_GCM" in early.body
    callee.respond(200, "OK", answer)
    done = caller.learn(caller.wire.final())
    assert done.status == 200 and done.body == early.body  # the preview and the answer are one
    caller.ack(done)
    assert callee.wire.request("ACK")


def test_cancel_reaches_the_callee_and_the_caller_gets_487(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    callee = wire.Callee(standard.link(), invite)
    callee.respond(180, "Ringing")
    caller.wire.status(180)
    caller.cancel()
    assert caller.wire.final("CANCEL").status == 200
    refused = caller.wire.final()
    assert refused.status == 487
    caller.learn(refused)
    caller.ack(refused)
    cancel = callee.wire.request("CANCEL")
    assert cancel.all("Via")[0] == invite.all("Via")[0] and cancel.uri == invite.uri
    callee.respond(200, "OK", request=cancel)
    callee.respond(487, "Request Terminated")
    assert callee.wire.request("ACK")
    assert standard.ended()["reason"] == "call.cancelled"


def test_cancel_before_any_answer_waits_for_a_provisional(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    callee = wire.Callee(standard.link(), standard.link().request("INVITE"))
    caller.wire.status(100)
    caller.cancel()
    assert caller.wire.final().status == 487
    assert callee.wire.silent()
    callee.respond(180, "Ringing")
    assert callee.wire.request("CANCEL")  # RFC 3261 9.1


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_ended(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    callee = wire.Callee(standard.link(), invite)
    callee.respond(180, "Ringing")
    caller.wire.status(180)
    caller.cancel()
    callee.wire.request("CANCEL")
    callee.respond(200, "OK", answer_to(invite))
    assert callee.wire.request("ACK")
    assert callee.wire.request("BYE")
    assert caller.wire.final().status == 487


@pytest.mark.parametrize("far, near", [(486, 486), (404, 404), (603, 603), (488, 488), (503, 500), (401, 502), (302, 480), (481, 500)])
def test_the_callees_refusal_is_mapped(standard, far, near):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    callee = wire.Callee(standard.link(), standard.link().request("INVITE"))
    extra = ("Contact: <sip:elsewhere@192.0.2.9>",) if far == 302 else ()
    callee.respond(far, "Refused", extra=extra)
    refused = caller.wire.final()
    assert refused.status == near and "192.0.2.9" not in repr(refused)
    assert callee.wire.request("ACK")


def test_a_second_answering_fork_is_taken_down(standard):
    caller, callee, invite, _ = standard.establish()
    callee.respond(200, "OK", answer_to(invite, 41010), tag="anotherfork")
    ack = callee.wire.request("ACK")
    assert "anotherfork" in ack["To"]
    assert "anotherfork" in callee.wire.request("BYE")["To"]
    assert caller.wire.silent()


def test_the_answer_is_repeated_until_acknowledged(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    wire.Callee(standard.link(), invite).respond(200, "OK", answer_to(invite))
    first = caller.learn(caller.wire.final())
    again = caller.wire.final()  # RFC 3261 13.3.1.4, on reliable transports too
    assert first.raw == again.raw
    caller.ack(first)


def test_hold_and_resume_cross_the_border(standard):
    caller, callee, _, _ = standard.establish()
    for version, direction, answered in ((2, "sendonly", "recvonly"), (3, "sendrecv", "sendrecv")):
        caller.send("INVITE", wire.sdp(40000, direction=direction, version=version))
        again = callee.wire.request("INVITE")
        assert f"a={direction}" in again.body
        callee.respond(200, "OK", answer_to(again, direction=answered), request=again)
        done = caller.wire.expect(lambda m: m.status == 200 and m.method == "INVITE")
        assert f"a={answered}" in done.body
        caller.ack(done)
        assert callee.wire.request("ACK")
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_a_new_address_or_key_concerns_one_hop_only(standard):
    key = wire.sdp(40000)
    caller, callee, _, _ = standard.establish(offer=key)
    caller.send("INVITE", wire.sdp(40100, version=2))
    done = caller.wire.expect(lambda m: m.status == 200 and m.method == "INVITE")
    caller.ack(done)
    assert callee.wire.silent()


def test_update_refreshes_without_disturbing_the_other_side(standard):
    caller, callee, _, _ = standard.establish()
    caller.send("UPDATE")
    assert caller.wire.final("UPDATE").status == 200
    assert callee.wire.silent()


def test_glare_is_refused_with_491(standard):
    caller, callee, _, _ = standard.establish()
    caller.send("INVITE", wire.sdp(40000, direction="sendonly", version=2))
    callee.wire.request("INVITE")
    callee.send("INVITE", wire.sdp(41000, direction="sendonly", version=2))
    assert callee.wire.final().status == 491


def test_a_refused_reinvite_leaves_the_call_as_it_was(standard):
    caller, callee, _, _ = standard.establish()
    caller.send("INVITE", wire.sdp(40000, direction="sendonly", version=2))
    again = callee.wire.request("INVITE")
    callee.respond(488, "Not Acceptable Here", request=again)
    refused = caller.wire.final()
    assert refused.status == 488
    caller.ack(refused)
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_max_forwards_is_counted_down_over_both_legs(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp(), max_forwards=5)
    assert standard.link().request("INVITE")["Max-Forwards"] == "4"
    other = standard.caller()
    other.send("INVITE", wire.sdp(), max_forwards=0)
    assert other.wire.final().status == 483


def test_a_call_that_comes_back_is_a_loop(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    back = standard.caller()
    back.call_id = invite["Call-ID"]
    back.send("INVITE", wire.sdp())
    assert back.wire.final().status == 482


def test_a_late_offer_is_answered_with_ours(standard):
    caller = standard.caller()
    caller.send("INVITE")
    invite = standard.link().request("INVITE")
    assert "a=crypto" in invite.body
    wire.Callee(standard.link(), invite).respond(200, "OK", answer_to(invite))
    done = caller.learn(caller.wire.final())
    assert done.status == 200 and "a=crypto" in done.body
    caller.ack(done, answer_to(done, 40000))
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_options_is_answered_with_what_we_allow(standard):
    caller = standard.caller(to="sip:sallyport.test")
    caller.send("OPTIONS")
    answer = caller.wire.final("OPTIONS")
    assert answer.status == 200 and "INVITE" in answer["Allow"]


def test_a_second_principal_cannot_touch_the_dialog(standard):
    caller, callee, invite, done = standard.establish()
    thief = standard.caller(name="bob")
    thief.from_value, thief.to_value, thief.call_id, thief.cseq = caller.from_value, caller.to_value, caller.call_id, 50
    thief.target = caller.target
    thief.send("BYE")
    assert thief.wire.final("BYE").status == 481
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_the_session_timer_is_agreed(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp(), extra=("Supported: timer", "Session-Expires: 600;refresher=uac"))
    invite = standard.link().request("INVITE")
    assert invite["Session-Expires"].startswith("1800")
    wire.Callee(standard.link(), invite).respond(200, "OK", answer_to(invite))
    done = caller.wire.final()
    assert done["Session-Expires"] == "600;refresher=uac"


def test_too_small_a_session_interval_is_refused_with_ours(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp(), extra=("Supported: timer", "Session-Expires: 30"))
    refused = caller.wire.final()
    assert refused.status == 422 and refused["Min-SE"] == "90"


def test_silence_ends_the_call_with_its_cause(border):
    made = border(edit=lambda text: text.replace('# timeout = "60s"', 'timeout = "5s"'))
    caller, callee, _, _ = made.establish()
    event = made.ended()
    assert event["reason"] == "media.timeout" and "nothing" in event["detail"]
    assert caller.wire.request("BYE") and callee.wire.request("BYE")


def test_a_killed_edge_leaves_a_record_that_says_so(border):
    made = border()
    made.establish()
    call = made.edge.ask("calls")["calls"][0]["call_id"]
    made.edge.process.child.kill()
    made.edge.process.wait()
    made.edge.notify.close()
    made.edge = edges.Edge(made.build, made.config)
    record = made.edge.ask("evidence", call)
    assert record["end"]["code"] == "process.crashed"


def test_drain_refuses_new_calls_and_lets_live_ones_finish(border):
    made = border(edit=lambda text: text.replace('drain_deadline = "2s"', 'drain_deadline = "20s"'))
    caller, callee, _, _ = made.establish()
    late = [made.caller() for _ in range(6)]  # on whichever worker: those without calls go on answering too
    made.edge.ask("drain")
    for each in late:
        each.send("INVITE", wire.sdp())
        assert each.wire.final().status == 503
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200
    assert made.edge.process.wait(10.0) == 0
