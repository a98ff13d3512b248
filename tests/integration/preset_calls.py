# SPDX-License-Identifier: Apache-2.0
"""Calls between a counterpart and whoever stands on the other side of the edge, with voice."""
from kit import counterpart as parts, wire
from kit.srtp import talk

from preset_stage import CORE

PHONE = parts.Counterpart("phone", "phone", (), "127.0.0.1", "127.0.0.0/8", "sip:alice@10.9.8.7:5061;transport=tls", "LeakyPhone/9.9", "bob",
                          suites=(parts.GCM256, parts.CM128))


class Call:
    """asked: the INVITE as the called side sees it; answered: the 200 as the caller sees it."""

    def __init__(self, stage, caller, callee, offer=None):
        self.stage, self.caller_is, self.callee_is = stage, caller, callee
        self.near, self.far = stage.end(caller), stage.end(callee)
        self.offer, self.keys = caller.offer(self.near) if offer is None else offer(self.near)

    def send(self, link, to, from_value, extra=()):
        self.caller = wire.Caller(link, to, "x")
        self.caller.contact, self.caller.headers = f"<{self.caller_is.contact}>", [f"User-Agent: {self.caller_is.agent}", *self.caller_is.headers]
        self.caller.from_value = f"{from_value};tag={wire.token()}"
        routes = tuple(f"Record-Route: {route}" for route in self.caller_is.record_routes)
        self.caller.send("INVITE", self.offer, extra=(*routes, *extra))
        return self

    def ring(self, link):
        self.asked = link.request("INVITE")
        self.callee = wire.Callee(link, self.asked)
        self.callee.contact, self.callee.headers = f"<{self.callee_is.contact}>", [f"Server: {self.callee_is.agent}"]
        self.callee.respond(180, "Ringing", extra=self.routes())
        assert self.caller.wire.status(180)
        return self

    def routes(self):
        return tuple(f"Record-Route: {route}" for route in self.callee_is.record_routes)

    def answer(self, codec="PCMU", **options):
        self.answer_body, suite, key = self.callee_is.answer(self.far, self.asked.body, codec, **options)
        self.callee.respond(200, "OK", self.answer_body, extra=self.routes())
        self.answered = self.caller.learn(self.caller.wire.final())
        assert self.answered.status == 200, self.answered
        self.caller.ack(self.answered)
        self.ack = self.callee.wire.request("ACK")
        self.far.agree(suite, key, self.asked.body)
        taken = parts.offered_suites(self.answered.body)
        assert len(taken) == 1 and taken[0] in self.keys, self.answered
        self.near.agree(taken[0], self.keys[taken[0]], self.answered.body)
        return self

    def talk(self):
        kinds = [next((number for number, name in parts.offered_formats(body) if name == "PCMU/8000"), None)
                 for body in (self.answered.body, self.asked.body)]
        talk(self.near, self.far, kind=kinds[0], heard_as=kinds[1])
        talk(self.far, self.near, kind=kinds[1], heard_as=kinds[0])
        return self

    def press(self, speaker, listener):
        """A key, as RFC 4733 says it: three packets, the last of them its end."""
        numbers = {id(end): dict((name, number) for number, name in parts.offered_formats(body))["telephone-event/8000"]
                   for end, body in ((self.near, self.answered.body), (self.far, self.asked.body))}
        for event in (b"\x05\x0a\x00\xa0", b"\x05\x0a\x01\x40", b"\x05\x8a\x01\xe0"):
            speaker.say(event, numbers[id(speaker)])
            assert listener.hear() == (numbers[id(listener)], event)

    def hang_up(self):
        self.caller.send("BYE")
        assert self.caller.wire.final("BYE").status == 200
        bye = self.callee.wire.request("BYE")
        self.callee.respond(200, "OK", request=bye)
        return bye


def to_counterpart(stage, ring=True):
    """From the other side to the counterpart."""
    who = stage.who
    if who.trunk:
        call = Call(stage, CORE, who)
        link = stage.from_core()
        call.send(link, f"sip:{who.dialled}@example.org", "\"Caller\" <sip:+4930555777@core.example.org>")
    else:
        call = Call(stage, PHONE, who)
        call.send(stage.registered(), f"sip:{who.dialled}@example.org", "<sip:alice@example.org>")
    return call.ring(stage.link(stage.far)) if ring else call


def from_counterpart(stage, link=None, ring=True, offer=None, to=None, extra=()):
    """From the counterpart to the other side."""
    who = stage.who
    call = Call(stage, who, CORE if who.trunk else PHONE, offer)
    phone = None if who.trunk else stage.registered()
    uri = to or f"sip:{who.called}@{who.edge}:5061;transport=tls" + (";user=phone" if who.user_phone else "")
    call.send(link or stage.connected(), uri, f"\"Far\" <sip:+4930555999@{who.names[0].lstrip('*.')}>", extra)
    return call.ring(phone or stage.link(stage.core)) if ring else call


def hosts_of(message):
    """Where the edge says that it is, in what it sends."""
    contact = message["Contact"].split("@", 1)[-1].strip("<>").split(";")[0]
    via = message.all("Via")[0].split()[1].split(";")[0]
    return contact.removeprefix("sip:"), via
