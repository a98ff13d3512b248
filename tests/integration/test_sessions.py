# SPDX-License-Identifier: Apache-2.0
"""What takes its time, begun together and waited for once: session timers (RFC 4028), connections on which nobody speaks."""
import threading
import time

import pytest
from conftest import Border, answer_to
from kit import wire

pytestmark = pytest.mark.xdist_group("sessions")

INTERVAL = 90  # the least that there is


def quiet(text):
    """Calls on which nobody speaks last, on one worker: one connection to the callee."""
    text = text.replace("[edge]", "[edge]\nworkers = 1").replace("[media]", '[media]\ntimeout = "10m"')
    return text.replace("[sip]", f'[sip]\nsession_expires = "{INTERVAL}s"')


@pytest.fixture(scope="module")
def border(build, tmp_path_factory):
    made = Border(build, tmp_path_factory.mktemp("sessions") / "state", edit=quiet)
    yield made
    made.close()


class Answering(threading.Thread):
    """Answers the first ping of the edge on a connection, and nothing after that."""

    def __init__(self, link):
        super().__init__(daemon=True)
        self.tls, self.pings, self.ended = link.tls, [], None
        self.start()

    def run(self):
        self.tls.settimeout(120.0)
        while self.ended is None:
            try:
                said = self.tls.recv(4096)
            except OSError:
                said = b""
            if not said:
                self.ended = time.monotonic()
            elif said == b"\r\n\r\n":
                self.pings.append(time.monotonic())
                if len(self.pings) == 1:
                    self.tls.sendall(b"\r\n")


@pytest.fixture(scope="module", autouse=True)
def answering(build, tmp_path_factory):
    made = Border(build, tmp_path_factory.mktemp("pings") / "state", edit=quiet)
    made.establish()
    yield Answering(made.link())
    made.close()


class Session:
    """A call whose two sides have agreed on who refreshes."""

    def __init__(self, border, caller_says, callee_says, allow="INVITE, ACK, BYE, CANCEL"):
        self.caller = border.caller()
        self.caller.send("INVITE", wire.sdp(), extra=("Supported: timer", f"Allow: {allow}", *caller_says))
        self.callee = wire.Callee(border.link(), border.link().request("INVITE"))
        require = ("Require: timer", f"Allow: {allow}", *callee_says) if callee_says else ()
        self.callee.respond(200, "OK", answer_to(self.callee.invite), extra=require)
        self.done = self.caller.learn(self.caller.wire.final())
        assert self.done.status == 200
        self.caller.ack(self.done)
        assert self.callee.wire.request("ACK")
        self.began = time.monotonic()

    def elapsed(self):
        return time.monotonic() - self.began


@pytest.fixture(scope="module")
def sessions(border, answering):
    """Every one has the caller's leg and the callee's leg, which are timed apart."""
    theirs = f"Session-Expires: {INTERVAL};refresher=uac"  # on the caller's leg: the caller refreshes, or does not
    ours = f"Session-Expires: {INTERVAL};refresher=uas"
    return {
        "silent caller": Session(border, (theirs,), (f"Session-Expires: {INTERVAL};refresher=uac",)),
        "silent callee": Session(border, (ours,), (f"Session-Expires: {INTERVAL};refresher=uas",)),
        "we refresh by UPDATE": Session(border, (ours,), (f"Session-Expires: {INTERVAL};refresher=uac",), "INVITE, ACK, BYE, CANCEL, UPDATE"),
        "we refresh by INVITE": Session(border, (ours,), (f"Session-Expires: {INTERVAL};refresher=uac",)),
    }


def test_a_session_too_short_is_refused_with_the_least_that_is_taken(border):
    caller = border.caller()
    caller.send("INVITE", wire.sdp(), extra=("Supported: timer", "Session-Expires: 60"))
    refused = caller.wire.final()
    assert refused.status == 422 and refused["Min-SE"] == str(INTERVAL)


def test_a_callee_that_wants_longer_sessions_is_asked_again(border):
    caller = border.caller()
    caller.send("INVITE", wire.sdp())
    callee = wire.Callee(border.link(), border.link().request("INVITE"))
    assert callee.invite["Session-Expires"].startswith(str(INTERVAL)) and callee.invite["Min-SE"] == "90"
    callee.respond(422, "Session Interval Too Small", extra=("Min-SE: 1800",))
    again = wire.Callee(border.link(), border.link().request("INVITE"))
    assert again.invite["Session-Expires"].startswith("1800") and again.invite["Min-SE"] == "1800"
    assert again.invite["Call-ID"] == callee.invite["Call-ID"]
    again.respond(486, "Busy Here")
    assert caller.wire.final().status == 486


def test_what_was_agreed_stands_in_the_answer(sessions):
    for name, refresher in (("silent caller", "uac"), ("silent callee", "uas")):
        assert sessions[name].done["Session-Expires"] == f"{INTERVAL};refresher={refresher}"
        assert "timer" in sessions[name].done["Require"]


def of(call, accept):
    """A request of the edge within the callee's dialog."""
    return call.callee.wire.expect(lambda m: not m.status and m["Call-ID"] == call.callee.invite["Call-ID"] and accept(m), timeout=70.0)


@pytest.mark.parametrize("name, method", [("we refresh by UPDATE", "UPDATE"), ("we refresh by INVITE", "INVITE")])
def test_we_refresh_both_legs_at_half_time(sessions, name, method):
    call = sessions[name]
    at_caller = call.caller.wire.request(method, timeout=70.0)
    assert INTERVAL / 2 - 2 <= call.elapsed() <= INTERVAL / 2 + 8
    assert at_caller["Session-Expires"] == f"{INTERVAL};refresher=uac"
    at_callee = of(call, lambda m: m.method == method)
    for leg, asked in ((wire.Callee(call.caller.wire, at_caller), at_caller), (call.callee, at_callee)):
        body = answer_to(asked, version=2) if method == "INVITE" else ""
        leg.respond(200, "OK", body, request=asked, extra=(f"Session-Expires: {INTERVAL};refresher=uac", "Require: timer"))
    if method == "INVITE":
        assert call.caller.wire.request("ACK")


def test_a_session_that_its_refresher_forgets_ends_before_it_expires(border, sessions):
    """RFC 4028 10: a third of the interval, at most 32 seconds, ahead."""
    call = sessions["silent callee"]
    assert of(call, lambda m: m.method == "BYE")
    assert INTERVAL - 32 <= call.elapsed() < INTERVAL
    assert call.caller.wire.request("BYE", timeout=70.0)
    call = sessions["silent caller"]
    assert call.caller.wire.request("BYE", timeout=70.0)
    assert INTERVAL - 32 <= call.elapsed() < INTERVAL
    assert border.edge.wait_event(lambda event: event.get("code") == "call.ended" and event["reason"] == "sip.session.expired")


def test_a_connection_on_which_no_ping_was_ever_answered_stays(border, sessions):
    """Few trunks know RFC 5626: one connection to the callee has carried all of the above, for more than a minute."""
    assert border.peer.wires.empty() and sessions["silent caller"].elapsed() > 40


def test_a_connection_that_answered_a_ping_and_answers_no_more_is_given_up(answering):
    answering.join(90.0)
    assert answering.ended and len(answering.pings) == 2
    assert 5 < answering.ended - answering.pings[1] < 20
