# SPDX-License-Identifier: Apache-2.0
"""Between INVITE and the end of a call, on the wire: reliable provisional responses, targets that fail, late offers, transfers."""
import re

from conftest import answer_to
from kit import edge as edges, wire
from kit.process import free_port


def prack(caller, response):
    rseq, cseq = response["RSeq"], response.cseq
    caller.send("PRACK", extra=(f"RAck: {rseq} {cseq}",))
    return caller.wire.final("PRACK").status


def test_a_caller_that_supports_it_hears_early_media_reliably(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp(), extra=("Supported: 100rel",))
    invite = standard.link().request("INVITE")
    callee = wire.Callee(standard.link(), invite)
    callee.respond(183, "Progress", answer_to(invite))
    early = caller.learn(caller.wire.status(183))
    assert early["Require"] == "100rel" and "a=crypto:" in early.body
    again = caller.wire.status(183)  # nobody has acknowledged it
    assert again["RSeq"] == early["RSeq"]
    caller.send("PRACK", extra=(f"RAck: {int(early['RSeq']) + 1} {early.cseq}",))
    assert caller.wire.final("PRACK").status == 481
    callee.respond(200, "OK", answer_to(invite))
    assert callee.wire.request("ACK")
    assert not [m for m in caller.wire.backlog if m.status == 200 and m.method == "INVITE"]  # waits for the PRACK
    assert prack(caller, early) == 200
    done = caller.learn(caller.wire.final())
    assert done.status == 200 and not done.body
    caller.ack(done)
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def test_a_callees_reliable_response_is_acknowledged(standard):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    assert "100rel" in invite["Supported"]
    callee = wire.Callee(standard.link(), invite)
    callee.respond(183, "Progress", answer_to(invite), extra=("Require: 100rel", "RSeq: 42"))
    acknowledged = callee.wire.request("PRACK")
    assert acknowledged["RAck"] == f"42 {invite.cseq}"
    callee.respond(200, "OK", request=acknowledged)
    callee.respond(200, "OK")  # its description has been given
    done = caller.learn(caller.wire.final())
    assert done.status == 200 and "a=crypto:" in done.body
    caller.ack(done)
    caller.send("BYE")
    bye = callee.wire.request("BYE")
    assert int(bye.cseq.split()[0]) > int(acknowledged.cseq.split()[0])


def test_a_late_offer_is_made_by_the_callee_and_answered_in_the_ack(standard):
    caller = standard.caller()
    caller.send("INVITE", extra=("Supported: 100rel",))
    invite = standard.link().request("INVITE")
    assert "a=crypto:" in invite.body  # ours
    callee = wire.Callee(standard.link(), invite)
    callee.respond(180, "Ringing")
    callee.respond(200, "OK", answer_to(invite))
    done = caller.learn(caller.wire.final())
    caller.ack(done, answer_to(done, port=40000))
    assert callee.wire.request("ACK")
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200
    assert standard.ended()["reason"] == "call.bye"


def with_a_dead_first_target(text):
    dead = f'''
[[peer]]
name = "dead"
identities = ["dns:dead.example"]
trust = "private"
address = "127.0.0.1:{free_port()}"
'''
    text, changed = re.subn(r'(?m)^to = "bob"$', 'to = [{ peer = "dead", priority = 1 }, { peer = "bob", priority = 2 }]', text)
    assert changed == 1, text
    return text + dead


def test_a_target_that_refuses_the_connection_is_followed_by_the_next(border):
    made = border(edit=with_a_dead_first_target)
    caller, callee, _, _ = made.establish()
    failed = made.edge.wait_event(lambda event: event.get("code") == "call.attempt.failed")
    assert failed["target"].startswith("dead") and failed["reason"].startswith("net.connect.")
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200


def with_refer(text):
    text, changed = re.subn(r'(?m)^(methods = \[.*)\]$', r'\1, "REFER"]', text)
    assert changed == 1, text
    return text


def test_a_transfer_joins_the_two_that_remain(border):
    made = border(edit=with_refer)
    caller, callee, _, _ = made.establish()
    caller.send("REFER", extra=(f"Refer-To: <sip:bob@{edges.DOMAIN}>",))
    assert caller.wire.final("REFER").status == 202
    notify = caller.wire.request("NOTIFY")
    assert notify.body.startswith("SIP/2.0 100") and notify["Event"].startswith("refer")
    wire.Callee(caller.wire, notify).respond(200, "OK")
    invite = made.link().request("INVITE")
    assert "sip:alice@" in invite["Referred-By"]
    joined = wire.Callee(made.link(), invite)
    joined.respond(200, "OK", answer_to(invite, port=42000))
    again = made.link().expect(lambda m: m.method == "INVITE" and not m.status and m["Call-ID"] == callee.invite["Call-ID"])
    callee.respond(200, "OK", answer_to(again, version=2), request=again)
    final = caller.wire.request("NOTIFY")
    assert final.body.startswith("SIP/2.0 200") and final["Subscription-State"].startswith("terminated")
    wire.Callee(caller.wire, final).respond(200, "OK")  # and only then is it hung up on
    assert caller.wire.request("BYE")
    assert made.edge.wait_event(lambda event: event.get("code") == "call.transferred")
    callee.send("BYE")
    assert made.link().expect(lambda m: m.method == "BYE" and not m.status and m["Call-ID"] == invite["Call-ID"])


def test_without_the_method_there_is_no_transfer(standard):
    caller, _, _, _ = standard.establish()
    caller.send("REFER", extra=(f"Refer-To: <sip:bob@{edges.DOMAIN}>",))
    assert caller.wire.final("REFER").status == 405
