# SPDX-License-Identifier: Apache-2.0
"""A carrier on the wire: it asks who we are, is busy, redirects, and takes so many calls and no more."""
import re

import pytest
from conftest import answer_to
from kit import edge as edges, proofs, wire

USERNAME, REALM, PASSWORD = "trunk-4711", "Carrier One", "s3cret"
TRUNK = f'''limits_out = {{ calls = 1 }}
credentials = {{ username = "{USERNAME}", realm = "{REALM}", password_file = "bob.password" }}
'''
ROUTES = '''
[[route]]
user = "carol"
to = "bob"
'''


def as_trunk(more=""):
    """bob is a trunk with an account of ours and room for one call; carol is behind it too. One worker, so that every
    call comes on the connection that the first one made."""
    def edit(text):
        text, changed = re.subn(r"(?m)^(# )?workers = \d+.*$", "workers = 1", text)
        assert changed == 1, text
        text, changed = re.subn(r'(?m)^name = "bob"$', f'name = "bob"\n{TRUNK}{more}', text)
        assert changed == 1, text
        return text + ROUTES
    return edit


@pytest.fixture
def trunk(border):
    def make(more=""):
        made = border(edit=as_trunk(more), run=False)
        secret = made.state / "bob.password"
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD + "\n")
        made.edge = edges.Edge(made.build, made.config)
        return made
    return make


def proof_in(request):
    return proofs.proof_in(request, USERNAME, REALM, PASSWORD)


def challenge(nonce, realm=REALM, more=""):
    return (f'Proxy-Authenticate: Digest realm="{realm}", nonce="{nonce}", qop="auth", algorithm=SHA-256{more}',)


def invited(made, caller=None):
    caller = caller or made.caller()
    caller.send("INVITE", wire.sdp())
    return caller, wire.Callee(made.link(), made.link().request("INVITE"))


def refuse(callee, status, **options):
    callee.respond(status, **options)
    assert callee.wire.request("ACK")


def test_a_challenge_is_answered_on_its_leg(trunk):
    made = trunk()
    caller, callee = invited(made)
    first = callee.invite
    assert not first["Proxy-Authorization"]
    refuse(callee, 407, extra=challenge("n1"))
    again = made.link().request("INVITE")
    assert again["Call-ID"] == first["Call-ID"]
    assert int(again.cseq.split()[0]) == int(first.cseq.split()[0]) + 1
    assert proof_in(again)["nonce"] == "n1"
    callee = wire.Callee(made.link(), again)
    callee.respond(200, "OK", answer_to(again))
    done = caller.learn(caller.wire.final())
    assert done.status == 200 and not [m for m in caller.wire.backlog if m.status == 407]
    caller.ack(done)
    assert callee.wire.request("ACK")["Proxy-Authorization"] == again["Proxy-Authorization"]
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200
    assert proof_in(callee.wire.request("BYE"))["nc"] == "00000002"


def test_a_challenge_of_another_realm_ends_the_attempt(trunk):
    made = trunk()
    caller, callee = invited(made)
    refuse(callee, 407, extra=challenge("n1", realm="bank.example"))
    refused = caller.wire.final()
    assert refused.status == 502 and not refused["Proxy-Authenticate"]
    event = made.edge.wait_event(lambda event: event.get("code") == "trunk.challenge_refused")
    assert (event["peer"], event["reason"]) == ("bob", "identity.digest.realm_foreign")


def test_a_wrong_password_is_said_once(trunk):
    made = trunk()
    caller, callee = invited(made)
    refuse(callee, 407, extra=challenge("n1"))
    refuse(wire.Callee(made.link(), made.link().request("INVITE")), 407, extra=challenge("n2"))
    assert caller.wire.final().status == 502
    event = made.edge.wait_event(lambda event: event.get("code") == "trunk.challenge_refused")
    assert event["reason"] == "identity.digest.rejected"


def test_a_full_trunk_is_sent_no_more(trunk):
    made = trunk()
    caller, callee, _, _ = made.establish()
    reported = next(each for each in made.edge.ask("trunks")["trunks"] if each["peer"] == "bob")
    assert (reported["out"]["live"], reported["out"]["limit"]) == (1, 1)
    second = made.caller()
    second.send("INVITE", wire.sdp())
    assert second.wire.final().status == 503
    assert made.edge.wait_event(lambda event: event.get("reason") == "guard.trunk.calls_out")
    caller.send("BYE")
    callee.respond(200, "OK", request=callee.wire.request("BYE"))
    assert caller.wire.final("BYE").status == 200
    third, callee = invited(made)
    refuse(callee, 503)
    assert third.wire.final().status == 500  # of the far hop only


def test_a_drained_trunk_is_not_tried(trunk):
    made = trunk()
    made.edge.ask("peer", "drain", "bob")
    caller = made.caller()
    caller.send("INVITE", wire.sdp())
    assert caller.wire.final().status == 480
    assert made.edge.wait_event(lambda event: event.get("reason") == "guard.trunk.drained")
    made.edge.ask("peer", "enable", "bob")
    caller, callee = invited(made)
    refuse(callee, 486)
    assert caller.wire.final().status == 486


def test_a_redirect_is_an_answer_unless_the_peer_may(trunk):
    made = trunk()
    caller, callee = invited(made)
    refuse(callee, 302, extra=(f"Contact: <sip:carol@{edges.DOMAIN}>",))
    refused = caller.wire.final()
    assert refused.status == 480 and not refused["Contact"]


def test_a_redirect_is_judged_as_a_new_call(trunk):
    made = trunk("follow_redirects = true\n")
    caller, callee = invited(made)
    refuse(callee, 302, extra=(f"Contact: <sip:thief@far.example>, <sip:nobody@{edges.DOMAIN}>, <sip:carol@{edges.DOMAIN}>",))
    onward = made.link().request("INVITE")
    assert onward.uri.startswith("sip:carol@") and "sip:alice@" in onward["From"]
    callee = wire.Callee(made.link(), onward)
    refuse(callee, 486)
    assert caller.wire.final().status == 486
    refused = made.edge.wait_events(lambda event: event.get("code") == "call.redirect.refused", count=3)
    assert len(refused) == 3  # and the one that every answer of the kit carries
