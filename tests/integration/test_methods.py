# SPDX-License-Identifier: Apache-2.0
"""Default deny by method: what is not listed is refused, outside of a call and within one, whatever the method."""
import re

import pytest
from conftest import Border
from kit import wire

ALL = ["INVITE", "OPTIONS", "UPDATE", "PRACK", "INFO", "REGISTER", "MESSAGE", "REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH"]
EXTRA = {"REFER": ("Refer-To: <sip:bob@sallyport.test>",), "SUBSCRIBE": ("Event: presence",), "PUBLISH": ("Event: presence",),
         "NOTIFY": ("Event: presence", "Subscription-State: active"), "PRACK": ("RAck: 1 1 INVITE",), "REGISTER": ("Expires: 60",)}


def allowing(*methods):
    listed = ", ".join(f'"{method}"' for method in methods)
    return lambda text: re.sub(r"(?m)^methods = .*$", f"methods = [{listed}]", text)


@pytest.fixture(scope="module")
def borders(build, tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("methods"), {}

    def get(name, *methods):
        if name not in made:
            made[name] = Border(build, folder / name, edit=lambda text: allowing(*methods)(text).replace("[edge]", "[edge]\nworkers = 1"))
        return made[name]

    yield get
    for each in made.values():
        each.close()


def denied(border, answer, method):
    assert answer.status == 405, answer
    assert method not in [name.strip() for name in answer["Allow"].split(",")]
    assert border.edge.wait_event(lambda event: event.get("reason") == "guard.method.denied" and method in str(event), 10.0)


@pytest.mark.parametrize("method", ALL)
def test_a_method_that_is_not_listed_is_refused_outside_of_a_call(borders, method):
    border = borders("none", "ACK", "CANCEL", "BYE")
    caller = border.caller()
    caller.send(method, wire.sdp() if method == "INVITE" else "", extra=EXTRA.get(method, ()))
    denied(border, caller.wire.final(method), method)


@pytest.mark.parametrize("method", [method for method in ALL if method != "INVITE"])
def test_a_method_that_is_not_listed_is_refused_within_a_call_which_goes_on(borders, method):
    border = borders("calls", "INVITE", "ACK", "CANCEL", "BYE")
    caller, callee, _, _ = border.establish()
    caller.send(method, extra=EXTRA.get(method, ()))
    denied(border, caller.wire.final(method), method)
    assert callee.wire.silent(0.1)
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200
    callee.respond(200, "OK", request=callee.wire.request("BYE"))


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "PUBLISH", "REGISTER", "REFER"])
def test_the_called_side_is_held_to_the_same(borders, method):
    border = borders("calls", "INVITE", "ACK", "CANCEL", "BYE")
    caller, callee, _, _ = border.establish()
    callee.send(method, extra=EXTRA.get(method, ()))
    denied(border, callee.wire.final(method), method)
    caller.send("BYE")
    assert caller.wire.final("BYE").status == 200
    callee.respond(200, "OK", request=callee.wire.request("BYE"))


def test_a_method_that_nobody_knows_is_501_and_is_never_carried(borders):
    border = borders("calls", "INVITE", "ACK", "CANCEL", "BYE")
    caller = border.caller()
    caller.send("FROBNICATE")
    assert caller.wire.final("FROBNICATE").status == 501


def own_list(text):
    text = text.replace('name = "bob"', 'name = "bob"\nmethods = ["MESSAGE"]').replace("[edge]", "[edge]\nworkers = 1")
    return text.replace("[devices]", '[devices]\nmethods = ["OPTIONS"]')


def test_who_has_a_list_of_their_own_is_held_to_that(border):
    made = border(edit=own_list)
    bob = wire.Caller(wire.Wire.connect(made.address, made.state / "phones/bob.pem", made.state / "phones/bob.key"), "sip:alice@sallyport.test", "bob")
    alice = made.caller(to="sip:sallyport.test")
    alice.send("OPTIONS")
    assert alice.wire.final("OPTIONS").status == 200
    bob.send("OPTIONS")
    answer = bob.wire.final("OPTIONS")
    denied(made, answer, "OPTIONS")
    assert "MESSAGE" in answer["Allow"]
    bob.send("MESSAGE", extra=("Content-Type: text/plain",))
    assert bob.wire.final("MESSAGE").status != 405
    alice.send("MESSAGE", extra=("Content-Type: text/plain",))
    denied(made, alice.wire.final("MESSAGE"), "MESSAGE")
