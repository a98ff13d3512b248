# SPDX-License-Identifier: Apache-2.0
"""A call that somebody attacks on its caller's leg, which is keyed by SDES, by DTLS, or by DTLS on a way that ICE finds."""
import re
import time

from conftest import Border
from kit.conversation import Conversation
from kit.dtls import DtlsEnd
from kit.hammer import Hammer
from scripted_call import GCM, Call, SdesEnd, described

KINDS = ("sdes", "dtls", "ice")
SLOWEST = 0.75  # of the rate that is meant: tests are run on busy machines
STRANGER, SPOOFED = "a stranger", "somebody under the caller's address"


class Stage:
    """An edge, and one call through it."""

    def __init__(self, build, state, kind):
        def edit(text):
            said = 'tier = "strict"\nmedia = ["sdes", "dtls"]\n' + ('ice = "accept"\n' if kind == "ice" else "")
            return text.replace('tier = "strict"', said)

        self.kind, self.state = kind, state
        self.border = Border(build, state, edit)
        self.alice, self.bob = SdesEnd() if kind == "sdes" else DtlsEnd(), SdesEnd()

    def media_range(self):
        first, last = re.search(r'port_range = "(\d+)-(\d+)"', self.border.config.read_text()).groups()
        return [("127.0.0.1", port) for port in range(int(first), int(last) + 1)]

    def signal(self):
        """The call is answered; its voice has not found its way yet."""
        setup, ice = ("active", True) if self.kind == "ice" else ("passive", False)  # the edge is the server, or the client
        offer = self.alice.offer() if self.kind == "sdes" else described(self.alice, setup, ice)
        self.call = Call(self.border, offer, self.bob.answer)
        if self.kind != "sdes":
            self.alice.agree(self.call.done.body)
        else:
            self.alice.agree(GCM, self.alice.own, self.call.done.body)
        self.bob.agree(GCM, self.bob.own, self.call.invite.body)
        return self

    def connect(self):
        if self.kind == "ice":
            assert self.alice.check(timeout=5.0)
        if self.kind != "sdes":
            self.alice.handshake(client=self.kind == "ice")
        return self

    def hammer(self, who, datagrams, count=None, rate=0, to=None):
        """At the caller's leg."""
        source = (self.alice.host, self.alice.port) if who == SPOOFED else None
        return Hammer(self.state, datagrams, to or [self.alice.far], count or len(datagrams), rate, source)

    def attack(self, datagrams, before=20, to=None, seconds=2.0, rate=2000):
        """While the two talk, by a stranger and under the caller's address at once, each so many a second. The voice is
        not hurt. `datagrams`: a list, or what makes one of the conversation so far. Returns (what the attackers have
        sent, the caller's part of the conversation)."""
        with Conversation(self.alice, self.bob) as talk:
            talk.last(before)
            made = datagrams(talk) if callable(datagrams) else datagrams
            hammers = [self.hammer(who, made, int(rate * seconds), rate, to) for who in (STRANGER, SPOOFED)]
            done = [hammer.over() for hammer in hammers]
            for hammer in hammers:
                hammer.stop()
            talk.last(20)
        unhurt(talk.end())
        assert [each["answers"] for each in done] == [0, 0], "a stranger gets silence"
        assert all(each["sent"] / each["seconds"] > SLOWEST * rate for each in done), done
        return sum(each["sent"] for each in done), talk.talkers[0]

    def ended(self):
        """It ends when its parties end it, and no sooner: (the record, the drops of the caller's leg by reason)."""
        record = self.call.hang_up()
        assert record["end"]["code"] == "call.bye"
        for leg in record["legs"]:
            assert leg["media"]["loss_percent"] < 0.5
        return record, {drop["reason"]: drop["packets"] for drop in record["legs"][0]["media"]["drops"]}

    def close(self):
        self.alice.close()
        self.bob.close()
        self.border.close()


def unhurt(talk):
    figures = [(talker.sent, len(talker.heard), talker.strange, talker.repeated) for talker in talk.talkers]
    assert min(talker.sent for talker in talk.talkers) >= 50, figures
    assert talk.lost() < 0.5, figures
    assert not any(talker.strange or talker.repeated for talker in talk.talkers), figures
