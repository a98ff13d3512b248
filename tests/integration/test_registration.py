# SPDX-License-Identifier: Apache-2.0
"""Phones that register: what they are told, where their calls arrive, and what nobody may register."""
from conftest import answer_to
from kit import edge as edges
from kit import wire
from kit.load import with_settings

ALICE = "sip:alice@" + edges.DOMAIN


def registering(text):
    assert '"INFO"]' in text
    assert "enabled = false" in text
    text = text.replace('"INFO"]', '"INFO", "MESSAGE"]').replace("enabled = false", "enabled = true")
    return text + '\n[[route]]\nuser = "alice"\nto = "device"\n'


def registered(border, to=ALICE):
    phone = border.caller(to=to)
    phone.send("REGISTER", uri="sip:" + edges.DOMAIN, extra=("Expires: 600",))
    return phone, phone.wire.final("REGISTER")


def peer(border, to=ALICE):
    link = wire.Wire.connect(border.address, border.state / "phones/bob.pem", border.state / "phones/bob.key")
    return wire.Caller(link, to, "bob")


def test_a_registered_phone_is_called_on_the_connection_it_registered_on(border):
    edge = border(edit=registering)
    phone, answer = registered(edge)
    assert answer.status == 200 and "expires=600" in answer["Contact"], answer
    bob = peer(edge)
    bob.send("INVITE", wire.sdp())
    invite = phone.wire.request("INVITE")
    assert invite.uri == "sip:secretive@10.9.8.7:5061;transport=tls"
    wire.Callee(phone.wire, invite).respond(200, "OK", answer_to(invite))
    assert bob.learn(bob.wire.final()).status == 200
    listed = edge.edge.ask("registrations")["registrations"]
    assert [(each["aor"], each["flow"]) for each in listed] == [("alice@" + edges.DOMAIN, True)], listed


def test_a_phone_that_has_left_is_not_called(border):
    edge = border(edit=registering)
    phone, answer = registered(edge)
    assert answer.status == 200
    phone.wire.close()
    edge.edge.wait_event(lambda event: event.get("code") == "tls.connection.closed")
    bob = peer(edge)
    bob.send("INVITE", wire.sdp())
    assert bob.wire.final().status == 480
    assert edge.edge.wait_event(lambda event: event.get("reason") == "registrar.no_flow")


def test_nobody_registers_the_address_of_another(border):
    edge = border(edit=registering)
    _, answer = registered(edge, to="sip:bob@" + edges.DOMAIN)
    assert answer.status == 403
    assert edge.edge.wait_event(lambda event: event.get("reason") == "registrar.aor.foreign")


def test_without_a_registrar_the_method_is_refused(standard):
    _, answer = registered(standard)
    assert answer.status == 405
    assert standard.edge.wait_event(lambda event: event.get("reason") == "guard.method.denied")


def test_a_stranger_is_challenged_with_the_algorithms_of_those_whom_a_password_alone_proves(border):
    def edit(text):
        text = with_settings(registering(text), "[[listener]]", {"client_certificate": '"optional"'})
        text = with_settings(text, "[devices]", {"authentication": '["certificate", "digest"]', "credentials": '"none.credentials"',
                                                 "digest_algorithms": '["SHA-256"]'})
        return with_settings(text, "[[peer]]", {"digest_algorithms": '["MD5", "SHA-512-256"]'})  # bob's own challenges

    border_of = border(edit=edit, run=False)
    (border_of.state / "none.credentials").touch(0o600)
    border_of.edge = edges.Edge(border_of.build, border_of.config)
    stranger = wire.Caller(wire.Wire.connect(border_of.address), ALICE, "alice")
    stranger.send("REGISTER", uri="sip:" + edges.DOMAIN)
    challenges = stranger.wire.final("REGISTER").all("WWW-Authenticate")
    assert len(challenges) == 1 and "algorithm=SHA-256," in challenges[0], challenges
