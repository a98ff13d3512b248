# SPDX-License-Identifier: Apache-2.0
"""The phone asks a STUN server where it is seen (RFC 8445 5.1.1.2), and tells the other end; what the server says that is
no answer changes nothing. Against a scripted server, and against coturn, behind a NAT."""
import re

import pytest
from conftest import ROOT  # noqa: F401
from kit import coturn, edge as edges, namespaces, stun
from kit.wire import WirePeer
from test_media import Call, report_of
from test_nat import ROUTER, House, with_dtls
from test_phone_dtls import keyed

OUTSIDE = ("203.0.113.7", 4444)


class Invited:
    """What a phone that is called `alice` offers to a scripted edge, having asked `server`."""

    def __init__(self, build, state, server, *options):
        edges.initialise(build, state, "127.0.0.1:5061", {"alice": "", "bob": ""})
        identity = (state / "phones/bob.pem", state / "phones/bob.key", state / "ca/ca.pem")
        with WirePeer(*identity) as peer:
            phone = edges.calling_phone(build, state, "alice", f"sip:bob@{edges.DOMAIN}", peer.address, "--ice", "--stun", server,
                                        *options, expect=f"uri:sip:bob@{edges.DOMAIN}")
            try:
                with peer.wire() as link:
                    self.offer = link.request("INVITE", 20.0).body
            finally:
                phone.stop()

    def candidates(self):
        return re.findall(r"^a=candidate:(.+?)\r?$", self.offer, re.M)


def test_the_offer_tells_where_the_server_sees_the_phone(build, tmp_path):
    with stun.Server(lambda transaction: [stun.answer(transaction, None, OUTSIDE)]) as server:
        invited = Invited(build, tmp_path / "state", server.address)
    port = int(re.search(r"m=audio (\d+) ", invited.offer)[1])
    host, reflexive = invited.candidates()
    assert re.fullmatch(rf"1 1 UDP \d+ 127\.0\.0\.1 {port} typ host", host), host
    assert re.fullmatch(r"2 1 UDP \d+ 203\.0\.113\.7 4444 typ srflx raddr \S+ rport \d+", reflexive), reflexive
    assert int(host.split()[3]) > int(reflexive.split()[3])
    assert [client for _, client, _ in server.asked] == [("127.0.0.1", port)], "from the very socket that voice will use"


def broken(datagram):
    return datagram[:-1] + bytes([datagram[-1] ^ 1])


def replies():
    def good(transaction, **changes):
        return stun.answer(transaction, None, **{"endpoint": OUTSIDE, **changes})

    yield "nothing", lambda transaction: []
    yield "garbage", lambda transaction: [b"\x01\x01" + bytes(50), b"\xff" * 20, b"x"]
    yield "another transaction", lambda transaction: [good(bytes(12)), good(bytes(reversed(transaction)))]
    yield "a wrong fingerprint", lambda transaction: [broken(good(transaction))]
    yield "too much", lambda transaction: [stun.message(stun.SUCCESS, [(0x8099, bytes(1600))], None, transaction)]
    yield "an error", lambda transaction: [good(transaction, code=401)]
    yield "another server", lambda transaction: [good(transaction, code=300)]
    yield "no address", lambda transaction: [stun.message(stun.SUCCESS, [], None, transaction)]
    yield "nowhere", lambda transaction: [good(transaction, endpoint=("0.0.0.0", 4444))]
    yield "everybody", lambda transaction: [good(transaction, endpoint=("224.0.0.1", 4444))]


@pytest.mark.parametrize("reply", [pytest.param(reply, id=name) for name, reply in replies()])
def test_what_is_no_answer_changes_nothing(build, tmp_path, reply):
    with stun.Server(reply) as server:
        invited = Invited(build, tmp_path / "state", server.address)
    assert [line.split()[7] for line in invited.candidates()] == ["host"]
    assert 1 <= len(server.asked) <= 3


def test_a_call_is_set_up_though_the_server_is_silent(build, tmp_path):
    call = Call(build, tmp_path / "state", edit=keyed(devices='"sdes"\nice = "require"', bob='"sdes"\nice = "require"'), seconds=2)
    try:
        with stun.Server(lambda transaction: []) as server:
            options = ("--ice=require", "--stun", server.address)
            call.start(alice=options, bob=options)
            call.finish()
            call.judge()
        assert len(server.asked) == 6
        assert all("reflexive" not in report_of(phone)["ice"] for phone in (call.alice, call.bob))
    finally:
        call.close()


@pytest.mark.skipif(coturn.missing() is not None, reason=str(coturn.missing()))
def test_a_phone_that_is_behind_no_nat_tells_one_candidate(build, tmp_path):
    with coturn.StunServer(tmp_path / "coturn") as server:
        invited = Invited(build, tmp_path / "state", server.address)
    assert [line.split()[7] for line in invited.candidates()] == ["host"], "what the server sees is where it is"


@pytest.mark.skipif((coturn.missing() or namespaces.missing()) is not None, reason=str(coturn.missing() or namespaces.missing()))
def test_a_phone_behind_a_nat_learns_its_outer_address(build, tmp_path):
    house = House(build, tmp_path / "state", edit=with_dtls)
    try:
        with house.network.inside(namespaces.BORDER):
            server = coturn.StunServer(tmp_path / "coturn", host="10.77.1.1")
        with server:
            bob = house.answering("carol", "office", "--media", "dtls", "--ice=require", "--stun", server.address, "--tone", "speech")
            alice = edges.calling_phone(build, house.state, "alice", f"sip:carol@{edges.DOMAIN}", house.address, "--media", "dtls",
                                        "--ice=require", "--stun", server.address, "--duration", "3s", "--tone", "speech",
                                        prefix=house.network.prefix("home"))
            house.phones.append(alice)
            assert alice.wait(40.0) == 0, alice.output()
            seen = report_of(alice)["ice"]["reflexive"]
            assert seen.split(":")[0] == ROUTER, seen
            assert "reflexive" not in report_of(bob)["ice"], "the office has no NAT"
    finally:
        house.close()
