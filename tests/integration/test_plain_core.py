# SPDX-License-Identifier: Apache-2.0
"""A voice core that is configured as unprotected: real phones with TLS and SRTP on one side of the edge, a scripted
core with plain TCP and RTP on the other; and everybody who may not come in that way."""
import queue
import struct

import pytest
from conftest import ROOT  # noqa: F401
from kit import audio, edge as edges, strangers, wire
from kit.plain_rtp import PlainRtp
from kit.process import free_port, run

PLAIN = dict(profile="RTP/AVP", crypto=[], formats=((0, "PCMU/8000"),))
STRANGER, CARRIER = "127.0.0.9", "127.0.0.8"


class Site:
    """An edge between enrolled phones and an unprotected core, which listens and may connect."""

    def __init__(self, build, state):
        self.build, self.state = build, state
        self.address, self.plain, self.bob = (f"127.0.0.1:{free_port()}" for _ in range(3))
        edges.initialise(build, state, self.address, {"alice": "", "bob": self.bob})
        self.core = wire.WirePeer.plain()
        self.config = state / "sallyport.toml"
        self.config.write_text(self.configured(self.config.read_text()))
        self.edge = edges.Edge(build, self.config)
        self.processes, self.wires = [], []

    def configured(self, text, networks="127.0.0.1/32"):
        mine = f"""[unprotected_listener]
address = "{self.plain}"

[[peer]]
name = "pbx"
address = "{self.core.address}"
networks = ["{networks}"]
numbers_allowed = ["+4930"]
unprotected = true

# Known by its network too, and not unprotected: it has no business at the listener without TLS.
[[peer]]
name = "carrier"
authentication = ["network"]
networks = ["{CARRIER}/32"]

[[route]]
user = "conference"
to = "pbx"

"""
        begin = text.index("\n[[route]]") + 1
        return text[:begin] + mine + text[begin:]

    def link(self):
        """The connection that the edge makes to the core."""
        return self._kept(self.core.wire())

    def connect(self, source="127.0.0.1"):
        return self._kept(wire.Wire.connect_plain(self.plain, source))

    def phone(self, name="alice"):
        state = self.state / "phones"
        return self._kept(wire.Wire.connect(self.address, state / f"{name}.pem", state / f"{name}.key"))

    def _kept(self, link):
        self.wires.append(link)
        return link

    def started(self, process):
        self.processes.append(process)
        return process

    def says(self, name, seed, seconds=5):
        return audio.write_syllables(self.state / f"{name}-says.wav", seconds, seed=seed)

    def refused(self, code):
        return self.edge.wait_event(lambda event: event.get("reason") == code)

    def ended(self):
        """The record of the call that has ended, as `sallyport evidence` tells it."""
        return self.edge.ask("evidence", self.edge.wait_event(lambda event: event.get("code") == "call.ended")["call"])

    def close(self):
        for process in self.processes:
            process.stop()
        for link in self.wires:
            link.close()
        self.edge.stop()
        self.core.close()


@pytest.fixture
def site(build, tmp_path):
    made = Site(build, tmp_path / "state")
    yield made
    made.close()


class PlainCallee(wire.Callee):
    transport = "TCP"


class PlainCaller(wire.Caller):
    transport = "TCP"


def media_of(description):
    """(host, port) of a description's audio."""
    lines = description.splitlines()
    port = next(line for line in lines if line.startswith("m=audio")).split()[1]
    return next(line for line in lines if line.startswith("c=")).split()[2], int(port)


def alike(site, played, heard):
    done = run([site.build.phone, "compare", played, heard, "--json"], check=False)
    assert done.returncode == 0, f"{played} -> {heard}: {done.stdout}{done.stderr}"


def in_clear(message):
    assert " RTP/AVP " in message.body and "a=crypto" not in message.body, message
    assert "SIP/2.0/TLS" not in repr(message) and "transport=tls" not in repr(message), message


def test_a_phone_calls_the_core_and_both_are_heard(site):
    played, heard = {"alice": site.says("alice", 0), "core": site.says("core", 1)}, {name: site.state / f"{name}-heard.wav" for name in ("alice", "core")}
    alice = site.started(edges.calling_phone(site.build, site.state, "alice", f"sip:conference@{edges.DOMAIN}", site.address, "--play", played["alice"],
                                             "--record", heard["alice"], "--duration", "4s", "--codec", "pcmu"))
    link = site.link()
    invite = link.request("INVITE")
    in_clear(invite)
    assert invite["Via"].startswith(f"SIP/2.0/TCP {site.plain};")
    assert f"@{site.plain};transport=tcp>" in invite["Contact"]
    with PlainRtp() as rtp:
        PlainCallee(link, invite).respond(200, "OK", wire.sdp(rtp.port, **PLAIN))
        link.request("ACK")
        rtp.play(played["core"], media_of(invite.body))

        call, = site.edge.ask("calls")["calls"]
        assert [leg["unprotected"] for leg in call["legs"]] == [False, True]
        shown = run([site.build.sallyport, "calls", "--config", site.config]).stdout
        assert "UNPROTECTED: plain TCP" in shown and "UNPROTECTED: plain RTP" in shown

        bye = link.request("BYE", 20.0)
        PlainCallee(link, invite).respond(200, request=bye)
        assert alice.wait(20.0) == 0, alice.output()
        assert rtp.sources == {media_of(invite.body)}
        rtp.record(heard["core"])
    alike(site, played["alice"], heard["core"])
    alike(site, played["core"], heard["alice"])

    record = site.ended()
    caller, core = record["legs"]
    assert caller["srtp_suite"] and caller["tls_version"] and not caller["unprotected"]
    assert core["unprotected"] and core["proven_by"] == "network"
    assert not core["srtp_suite"] and not core["tls_version"] and not core["keying"]
    assert any("pbx is unprotected" in downgrade for downgrade in record["downgrades"])


def test_a_core_with_a_ptime_is_sent_packets_of_that_length(build, tmp_path):
    class ThirtyMilliseconds(Site):
        def configured(self, text, networks="127.0.0.1/32"):
            return super().configured(text, networks).replace('name = "pbx"', 'name = "pbx"\nptime = 30')

    site = ThirtyMilliseconds(build, tmp_path / "state")
    try:
        alice = site.started(edges.calling_phone(site.build, site.state, "alice", f"sip:conference@{edges.DOMAIN}", site.address, "--play", site.says("alice", 0),
                                                 "--duration", "4s", "--codec", "pcmu"))
        link = site.link()
        invite = link.request("INVITE")
        with PlainRtp() as rtp:
            PlainCallee(link, invite).respond(200, "OK", wire.sdp(rtp.port, **PLAIN))
            link.request("ACK")
            bye = link.request("BYE", 20.0)
            PlainCallee(link, invite).respond(200, request=bye)
            assert alice.wait(20.0) == 0, alice.output()
            packets = [struct.unpack("!BBHII", packet[:12]) + (len(packet) - 12,) for packet in rtp.packets]
        assert len(packets) > 30
        assert {length for *_, length in packets} == {240}
        assert len({source for _, _, _, _, source, _ in packets}) == 1
        for before, after in zip(packets, packets[1:]):
            assert after[2] == (before[2] + 1) % 2**16
            assert (after[3] - before[3]) % 2**32 >= 240
        assert site.ended()["legs"][0]["media"]["repacketised"] == "20 -> 30 ms"
    finally:
        site.close()


def test_the_core_calls_a_phone_and_both_are_heard(site):
    played, heard = {"bob": site.says("bob", 0), "core": site.says("core", 1)}, {name: site.state / f"{name}-heard.wav" for name in ("bob", "core")}
    site.started(edges.answering_phone(site.build, site.state, "bob", site.bob, "--play", played["bob"], "--record", heard["bob"], "--calls", "1"))
    core = PlainCaller(site.connect(), f"sip:bob@{edges.DOMAIN}", "+49301")
    with PlainRtp() as rtp:
        core.send("INVITE", wire.sdp(rtp.port, **PLAIN))
        done = core.learn(core.wire.final(timeout=20.0))
        assert done.status == 200, done
        in_clear(done)
        core.ack(done)
        rtp.play(played["core"], media_of(done.body))
        rtp.wait_played()
        core.send("BYE")
        assert core.wire.final("BYE").status == 200
        assert rtp.sources == {media_of(done.body)}
        rtp.record(heard["core"])
    record = site.ended()
    site.processes[-1].wait(20.0)
    alike(site, played["bob"], heard["core"])
    alike(site, played["core"], heard["bob"])
    assert [leg["unprotected"] for leg in record["legs"]] == [True, False]
    assert record["legs"][1]["srtp_suite"].startswith("AEAD")


def test_the_core_is_heard_from_the_address_of_its_sdp_alone(site):
    caller = wire.Caller(site.phone(), f"sip:conference@{edges.DOMAIN}", "alice")
    caller.send("INVITE", wire.sdp(40000))
    link = site.link()
    invite = link.request("INVITE")
    PlainCallee(link, invite).respond(200, "OK", wire.sdp(41000, **PLAIN))
    caller.ack(caller.learn(caller.wire.final()))
    link.request("ACK")
    host, port = media_of(invite.body)
    assert strangers.spray_rtp(f"{host}:{port}") == []
    caller.send("BYE")
    bye = link.request("BYE")
    PlainCallee(link, invite).respond(200, request=bye)
    core = site.ended()["legs"][1]
    assert {drop["reason"]: drop["packets"] for drop in core["media"]["drops"]} == {"foreign_source": 50}
    assert core["media"]["latched_source"] == "" and core["media"]["packets_in"] == 0


# --- who may not ---


def test_an_address_that_no_unprotected_peer_has_gets_a_closed_connection_and_not_a_byte(site):
    link = site.connect(STRANGER)
    link.send(strangers.PROBE)
    assert link.closed() and not link.backlog
    assert site.refused("net.source.unknown")["source"].startswith(STRANGER)


def test_a_peer_that_is_not_unprotected_is_a_stranger_there(site):
    link = site.connect(CARRIER)
    assert link.closed() and not link.backlog
    assert site.refused("net.source.unknown")["source"].startswith(CARRIER)


def test_the_core_gets_no_word_at_the_listener_with_tls(site):
    heard, how = strangers.knock_clear(site.address)
    assert heard == b"" and how
    assert site.refused("tls.handshake.not_tls")


def test_a_sips_call_never_goes_to_the_core(site):
    caller = wire.Caller(site.phone(), f"sips:conference@{edges.DOMAIN}", "alice")
    caller.send("INVITE", wire.sdp(40000))
    answer = caller.wire.final()
    assert answer.status == 480 and answer["Warning"].startswith("380 ")
    with pytest.raises(queue.Empty):
        site.core.wire(0.3)


def test_a_sips_call_of_the_core_is_refused(site):
    core = PlainCaller(site.connect(), f"sips:bob@{edges.DOMAIN}", "+49301")
    core.send("INVITE", wire.sdp(41000, **PLAIN))
    assert core.wire.final().status == 416


def test_plain_rtp_on_the_public_side_stays_refused(site):
    caller = wire.Caller(site.phone(), f"sip:conference@{edges.DOMAIN}", "alice")
    caller.send("INVITE", wire.sdp(40000, **PLAIN))
    assert caller.wire.final().status == 488
    assert site.refused("sdp.plain_rtp")


def test_srtp_of_the_core_is_refused_since_its_keys_came_in_clear(site):
    core = PlainCaller(site.connect(), f"sip:bob@{edges.DOMAIN}", "+49301")
    core.send("INVITE", wire.sdp(41000))
    assert core.wire.final().status == 488
    assert site.refused("sdp.profile")


def test_a_reload_that_withdraws_its_network_ends_its_connection(site):
    link = site.connect()
    core = PlainCaller(link, f"sip:{edges.DOMAIN}", "+49301")
    core.send("OPTIONS")
    assert link.final("OPTIONS").status == 200
    site.config.write_text(site.config.read_text().replace('"127.0.0.1/32"', '"127.0.0.77/32"'))
    site.edge.reload()
    assert link.closed()
    assert site.edge.wait_event(lambda event: event.get("code") == "tls.peer.withdrawn")["peer"] == "pbx"


# --- that it is said ---


def test_it_is_said_at_every_place(site):
    assert site.edge.wait_event(lambda event: event.get("reason") == "config.advice.unprotected")["code"] == "edge.weakness"
    status = site.edge.ask("status")
    assert status["unprotected_peers"] == ["pbx"]
    assert {"name": "[unprotected_listener]", "address": site.plain} in status["listeners"]
    assert "UNPROTECTED peer, plain TCP and RTP: pbx" in run([site.build.sallyport, "status", "--config", site.config]).stdout
    assert {peer["name"]: peer["unprotected"] for peer in site.edge.ask("peers")["peers"]}["pbx"]


def test_check_warns_and_strict_refuses(site):
    plain = run([site.build.sallyport, "check", "--config", site.config], check=False)
    assert plain.returncode == 0 and "config.advice.unprotected" in plain.stdout
    strict = run([site.build.sallyport, "check", "--strict", "--config", site.config], check=False)
    assert strict.returncode == 1 and "refused" in strict.stdout
