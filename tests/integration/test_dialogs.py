# SPDX-License-Identifier: Apache-2.0
"""Dialogs in every state, on the wire: what voice follows, who speaks first, what both sides want at once, what ends."""
import pytest
from conftest import Border, answer_to
from kit import edge as edges, wire
from kit.srtp import MediaEnd, talk

GCM = "AEAD_AES_256_GCM"
BOB = f"sip:bob@{edges.DOMAIN}"


@pytest.fixture(scope="module")
def shared(build, tmp_path_factory):
    """One edge for all tests that change nothing in it."""
    def edit(text):
        text = text.replace('"INFO"]', '"INFO", "REFER"]').replace("[sip]", '[sip]\nsession_expires = "90s"')
        text = text.replace("[edge]", "[edge]\nworkers = 1")  # one connection to bob
        return text.replace("[media]", '[media]\ntimeout = "10m"')

    made = Border(build, tmp_path_factory.mktemp("dialogs") / "state", edit=edit)
    yield made
    made.close()


class Voice:
    """One side's media: a port, and a key for each description that it gives."""

    def __init__(self):
        self.end, self.version = MediaEnd(), 0

    def describe(self, tag=1, **options):
        self.key, self.version = MediaEnd.key(GCM), self.version + 1
        return wire.sdp(self.end.port, key=self.key, tag=tag, version=self.version, **options)

    def take(self, body):
        self.end.agree(GCM, self.key, body)
        return self


@pytest.fixture
def voices():
    made = [Voice() for _ in range(4)]
    yield made
    for each in made:
        each.end.close()


def heard_both_ways(left, right):
    talk(left.end, right.end)
    talk(right.end, left.end)


def rung(border, offer="", extra=()):
    """(caller, callee) with the INVITE at the callee; nothing is answered yet."""
    caller = border.caller()
    caller.send("INVITE", offer, extra=extra)
    return caller, wire.Callee(border.link(), border.link().request("INVITE"))


def confirm(caller, callee, body=""):
    callee.respond(200, "OK", body)
    done = caller.learn(caller.wire.final())
    assert done.status == 200
    caller.ack(done)
    assert callee.wire.request("ACK")
    return done


def hang_up(caller, callee):
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200
    bye = callee.wire.expect(lambda m: m.method == "BYE" and not m.status and m["Call-ID"] == callee.invite["Call-ID"])
    callee.respond(200, "OK", request=bye)


def reinvite(caller, body=""):
    caller.send("INVITE", body)
    return caller.wire.expect(lambda m: m.status >= 200 and m.method == "INVITE")


# --- before the answer ------------------------------------------------------------------------------------------

def test_voice_follows_many_early_answers_whose_keys_and_ports_change(shared, voices):
    alice, *bobs = voices
    caller, callee = rung(shared, alice.describe())
    for bob in bobs:
        callee.respond(183, "Session Progress", bob.describe())
        early = caller.wire.status(183)
        alice.take(early.body)
        bob.take(callee.invite.body)
        heard_both_ways(alice, bob)
    last = bobs[-1]
    confirm(caller, callee, last.describe())  # and once more with the answer
    last.take(callee.invite.body)
    heard_both_ways(alice, last)
    hang_up(caller, callee)


def test_voice_follows_the_branch_that_answers(shared, voices):
    alice, announcement, person = voices[:3]
    caller, callee = rung(shared, alice.describe())
    callee.respond(183, "Session Progress", announcement.describe(), tag="announcement")
    alice.take(caller.wire.status(183).body)
    announcement.take(callee.invite.body)
    talk(announcement.end, alice.end)
    callee.respond(183, "Session Progress", person.describe(), tag="person")
    assert caller.wire.status(183)
    person.take(callee.invite.body)
    callee.tag = "person"
    confirm(caller, callee, wire.sdp(person.end.port, key=person.key))
    heard_both_ways(alice, person)
    assert not announcement.end.spoken_to()
    hang_up(caller, callee)


def test_a_required_extension_that_we_lack_is_refused_before_anybody_is_called(shared):
    caller = shared.caller()
    caller.send("INVITE", wire.sdp(), extra=("Require: precondition, 100rel, resource-priority", "Supported: 100rel"))
    refused = caller.wire.final()
    assert refused.status == 420
    assert sorted(refused.all("Unsupported")) == ["precondition", "resource-priority"]
    marker = shared.caller()
    marker.send("INVITE", wire.sdp(), extra=("Require: timer", "Supported: timer"))
    callee = wire.Callee(shared.link(), shared.link().request("INVITE"))  # the first that came is this one
    callee.respond(486, "Busy Here")
    assert marker.wire.final().status == 486


# --- who speaks first -------------------------------------------------------------------------------------------

def test_a_call_without_an_offer_has_voice_both_ways(shared, voices):
    alice, bob = voices[:2]
    caller, callee = rung(shared)
    bob.describe()
    callee.respond(200, "OK", wire.sdp(bob.end.port, key=bob.key))
    done = caller.learn(caller.wire.final())
    alice.describe()
    caller.ack(done, wire.sdp(alice.end.port, key=alice.key))
    assert callee.wire.request("ACK")
    alice.take(done.body)
    bob.take(callee.invite.body)
    heard_both_ways(alice, bob)
    hang_up(caller, callee)


def established(border, voices):
    alice, bob = voices[:2]
    caller, callee = rung(border, alice.describe())
    done = confirm(caller, callee, bob.describe())
    alice.take(done.body)
    bob.take(callee.invite.body)
    heard_both_ways(alice, bob)
    return alice, bob, caller, callee


def test_a_reinvite_without_an_offer_is_answered_with_ours(shared, voices):
    alice, bob, caller, callee = established(shared, voices)
    done = reinvite(caller)
    assert done.status == 200 and "a=crypto:" in done.body
    body = alice.describe()
    alice.take(done.body)
    caller.ack(done, body)
    heard_both_ways(alice, bob)
    hang_up(caller, callee)


# --- hold -------------------------------------------------------------------------------------------------------

def held_by_zeros(body):
    return body.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")


def held_by_direction(body):
    return body.replace("a=sendrecv", "a=sendonly")


@pytest.mark.parametrize("held", [held_by_zeros, held_by_direction])
def test_hold_silences_and_resume_brings_the_voice_back(shared, voices, held):
    alice, bob, caller, callee = established(shared, voices)
    for change, theirs in ((held, ("sendonly", "inactive")), (str, ("sendrecv",))):
        caller.send("INVITE", change(alice.describe()))
        again = callee.wire.request("INVITE")
        assert any(f"a={direction}" in again.body for direction in theirs), again
        answer = {"sendonly": "recvonly", "inactive": "inactive", "sendrecv": "sendrecv"}
        said = next(direction for direction in answer if f"a={direction}" in again.body)
        callee.respond(200, "OK", wire.sdp(bob.end.port, key=bob.key, direction=answer[said], version=alice.version), request=again)
        done = caller.wire.expect(lambda m: m.status == 200 and m.method == "INVITE")
        caller.ack(done)
        assert callee.wire.request("ACK")
        alice.take(done.body)
        if change is held:
            bob.end.say(bytes(160))
            assert not alice.end.spoken_to()
    heard_both_ways(alice, bob)
    hang_up(caller, callee)


# --- both at once -----------------------------------------------------------------------------------------------

def test_glare_is_refused_on_the_side_that_is_asked_and_passes(shared, voices):
    alice, bob, caller, callee = established(shared, voices)
    caller.send("INVITE", held_by_direction(alice.describe()))
    again = callee.wire.request("INVITE")
    callee.send("INVITE", held_by_direction(wire.sdp(bob.end.port, version=2)))
    refused = callee.wire.final()
    assert refused.status == 491
    callee.respond(491, "Request Pending", request=again)  # the far side saw the same
    told = caller.wire.expect(lambda m: m.status >= 200 and m.method == "INVITE")
    assert told.status == 491
    caller.ack(told)
    hang_up(caller, callee)


def test_a_second_reinvite_before_the_first_is_answered_is_told_to_wait(shared, voices):
    alice, _, caller, callee = established(shared, voices)
    caller.send("INVITE", held_by_direction(alice.describe()))
    again = callee.wire.request("INVITE")
    caller.send("INVITE", alice.describe())
    refused = caller.wire.expect(lambda m: m.status >= 300 and m.method == "INVITE")
    assert refused.status in (491, 500) and (refused.status == 491 or refused["Retry-After"])  # RFC 3261 14.2
    callee.respond(488, "Not Acceptable Here", request=again)
    assert caller.wire.expect(lambda m: m.status >= 300 and m.method == "INVITE").status == 488
    hang_up(caller, callee)


# --- transfers --------------------------------------------------------------------------------------------------

def test_an_attended_transfer_joins_the_two_other_parties(shared, voices):
    alice, bob, caller, callee = established(shared, voices)
    carol = voices[2]
    consulting, consulted = rung(shared, wire.sdp())
    confirm(consulting, consulted, carol.describe())
    mine, theirs = consulting.from_value.split(";tag=")[1], consulting.to_value.split(";tag=")[1]
    replaces = f"{consulting.call_id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{mine}"
    caller.send("REFER", extra=(f"Refer-To: <{BOB}?Replaces={replaces}>",))
    assert caller.wire.final("REFER").status == 202
    ended = consulting.wire.request("BYE")
    wire.Callee(consulting.wire, ended).respond(200, "OK", request=ended)
    joining = asked_again(shared, consulted)
    carol.take(joining.body)
    consulted.respond(200, "OK", wire.sdp(carol.end.port, key=carol.key, version=2), request=joining)
    again = asked_again(shared, callee)
    callee.respond(200, "OK", wire.sdp(bob.end.port, key=bob.key, version=2), request=again)
    assert shared.edge.wait_event(lambda event: event.get("code") == "call.transferred")
    bob.take(again.body)
    heard_both_ways(bob, carol)
    for status in ("100", "200"):
        told = caller.wire.request("NOTIFY")
        assert told.body.startswith("SIP/2.0 " + status)
        wire.Callee(caller.wire, told).respond(200, "OK")
    assert caller.wire.request("BYE")


def asked_again(border, callee):
    return border.link().expect(lambda m: m.method == "INVITE" and not m.status and m["Call-ID"] == callee.invite["Call-ID"])


def test_a_transfer_into_a_call_of_somebody_else_is_refused(shared, voices):
    _, _, caller, callee = established(shared, voices)
    for replaces in ("guessed%3Bto-tag%3Da%3Bfrom-tag%3Db", f"{callee.invite['Call-ID']}%3Bto-tag%3D{callee.tag}%3Bfrom-tag%3Dx"):
        caller.send("REFER", extra=(f"Refer-To: <{BOB}?Replaces={replaces}>",))
        assert caller.wire.final("REFER").status == 481
    hang_up(caller, callee)


