# SPDX-License-Identifier: Apache-2.0
"""A call between two scripted ends: its signalling word by word, its keys by SDES or by DTLS, its way by ICE or by SDP."""
from conftest import answer_to
from kit import wire
from kit.dtls import PROFILE
from kit.srtp import MediaEnd

GCM = "AEAD_AES_256_GCM"


class SdesEnd(MediaEnd):
    def __init__(self, suite=GCM):
        super().__init__()
        self.suite, self.own = suite, self.key(suite)

    def offer(self):
        return wire.sdp(self.port, suite=self.suite, key=self.own)

    def answer(self, invite):
        return answer_to(invite, self.port, suite=self.suite, key=self.own)


def described(end, setup, ice=False, version=1, profile=PROFILE, direction="sendrecv"):
    return wire.sdp(end.port, profile=profile, crypto=[], attributes=end.attributes(setup, ice), version=version, direction=direction)


class Call:
    """alice has called, bob has answered; both sides are as their ends say."""

    def __init__(self, border, offer, answer):
        self.border, self.caller = border, border.caller()
        self.caller.send("INVITE", offer)
        self.link = border.link()
        self.invite = self.link.request("INVITE")
        self.callee = wire.Callee(self.link, self.invite)
        self.callee.respond(200, "OK", answer(self.invite))
        self.done = self.caller.learn(self.caller.wire.final())
        assert self.done.status == 200, self.done
        self.caller.ack(self.done)
        self.link.request("ACK")

    def hang_up(self):
        self.caller.send("BYE")
        self.link.request("BYE")
        event = self.border.ended()
        return self.border.edge.ask("evidence", event["call"])
