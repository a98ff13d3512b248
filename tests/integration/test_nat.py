# SPDX-License-Identifier: Apache-2.0
"""Phones behind a NAT that gives them other ports, with private addresses in all they say: they register, call and are
called. Everything is in network namespaces: the edge at the border, a home behind a router, an office without one."""
import json
import pathlib

import pytest
from conftest import answer_to
from kit import audio, edge as edges, namespaces, wire
from kit.load import with_settings
from kit.process import run
from kit.srtp import MediaEnd, SrtpError, talk

dtls = pytest.importorskip("kit.dtls", reason="python3-openssl is not installed")

pytestmark = pytest.mark.skipif(namespaces.missing() is not None, reason=str(namespaces.missing()))

GCM = "AEAD_AES_256_GCM"
HOME, OFFICE, ROUTER, EDGE = "192.168.77.2", "10.77.2.2", "10.77.1.2", "10.77.1.1"


class House:
    """alice is at home, behind the router; carol is in the office."""

    def __init__(self, build, state, edit=lambda text: text):
        self.build, self.state, self.phones = build, pathlib.Path(state), []
        self.network = namespaces.Network("router", "office")
        self.network.behind("router", "home")
        self.address = f"{EDGE}:5061"
        edges.initialise(build, self.state, self.address, {"alice": "", "carol": "", "dora": ""})
        self.config = self.state / "sallyport.toml"
        text = self.config.read_text().replace("enabled = false", "enabled = true").replace("# drain_deadline = \"30s\"", "drain_deadline = \"2s\"")
        self.config.write_text(edit(text) + '\n[[route]]\nuser = "*"\nto = "device"\n')
        self.edge = edges.Edge(build, self.config, prefix=self.network.prefix(namespaces.BORDER))

    # --- real phones

    def answering(self, name, place, *options):
        """Registered, and to be called on that connection."""
        phone = edges.Process([*self.network.prefix(place), self.build.phone, "answer", "--via", self.address,
                               *edges.phone_identity(self.state, name), "--json", "--calls", "1", *options])
        self.phones.append(phone)
        phone.wait_json(lambda event: event.get("event") == "registered")
        return phone

    def talk(self, caller, callee):
        """Both speak, and what each hears is what the other has said; the call's record."""
        says, hears = "{}-says.wav", "{}-hears.wav"
        for seed, (name, _) in enumerate((caller, callee), 1):
            audio.write_syllables(self.state / says.format(name), 3, seed=seed)
        voice = [("--play", self.state / says.format(name), "--record", self.state / hears.format(name)) for name, _ in (caller, callee)]
        answering = self.answering(*callee, *voice[1])
        calling = edges.calling_phone(self.build, self.state, caller[0], f"sip:{callee[0]}@{edges.DOMAIN}", self.address,
                                      *voice[0], "--duration", "4s", prefix=self.network.prefix(caller[1]))
        self.phones.append(calling)
        assert calling.wait(40.0) == 0, calling.output()
        answering.wait(20.0)
        ended = self.edge.wait_event(lambda event: event.get("code") == "call.ended")
        for speaker, listener in ((caller[0], callee[0]), (callee[0], caller[0])):
            done = run([self.build.phone, "compare", self.state / says.format(speaker), self.state / hears.format(listener), "--json"], check=False)
            assert done.returncode == 0, (speaker, listener, done.stdout)
        return self.edge.ask("evidence", ended["call"])

    # --- scripted ones

    def wire(self, name, place):
        with self.network.inside(place):
            return wire.Wire.connect(self.address, self.state / f"phones/{name}.pem", self.state / f"phones/{name}.key")

    def registered(self, name, place):
        phone = wire.Caller(self.wire(name, place), f"sip:{name}@{edges.DOMAIN}", name)
        phone.send("REGISTER", uri="sip:" + edges.DOMAIN, extra=("Expires: 600",))
        phone.done = phone.wire.final("REGISTER")
        assert phone.done.status == 200
        return phone

    def media(self, place, kind=MediaEnd, **options):
        with self.network.inside(place):
            return kind(host=self.network.addresses[place], **options)

    def close(self):
        try:
            for phone in self.phones:
                phone.stop()
            self.edge.stop()
        finally:
            self.network.close()


@pytest.fixture
def house(build, tmp_path):
    made = []

    def make(**options):
        made.append(House(build, tmp_path / f"state{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def legs_of(record, names):
    return {name: next(leg for leg in record["legs"] if leg["identity"].startswith(f"{name}@")) for name in names}


@pytest.mark.parametrize("caller, callee", [(("alice", "home"), ("carol", "office")), (("carol", "office"), ("alice", "home"))])
def test_a_phone_behind_a_nat_calls_and_is_called(house, caller, callee):
    stage = house()
    legs = legs_of(stage.talk(caller, callee), ("alice", "carol"))
    assert legs["alice"]["remote_endpoint"].split(":")[0] == ROUTER
    assert legs["alice"]["media"]["latched_source"].split(":")[0] == ROUTER
    assert legs["carol"]["media"]["latched_source"].split(":")[0] == OFFICE
    assert {leg["transport"] for leg in legs.values()} == {"tls"}
    assert {leg["found_by"] for leg in legs.values()} == {"SDP"}


def test_a_client_is_told_where_it_comes_from(house):
    stage = house()
    assert f";received={ROUTER}" in stage.registered("alice", "home").done["Via"]
    asking = wire.Caller(stage.wire("dora", "home"), "sip:" + edges.DOMAIN, "dora")
    asking.send("OPTIONS", branch="z9hG4bKwhere;rport")
    via = asking.wire.final("OPTIONS")["Via"]
    remote = stage.edge.wait_events(lambda each: each.get("code") == "tls.connection.opened" and "dora@" in each["identity"])[0]["remote"]
    assert via.endswith(f";received={ROUTER};rport={remote.split(':')[1]}"), (via, remote)


def test_two_phones_behind_the_same_nat_hear_each_other(house):
    house().talk(("alice", "home"), ("dora", "home"))


class Scripted:
    """carol in the office calls alice at home; voice is the kit's own."""

    def __init__(self, stage, at_home, answer):
        self.stage, self.alice = stage, stage.registered("alice", "home")
        self.office, self.key = stage.media("office"), MediaEnd.key(GCM)
        self.carol = wire.Caller(stage.wire("carol", "office"), f"sip:alice@{edges.DOMAIN}", "carol")
        self.carol.send("INVITE", wire.sdp(self.office.port, host=OFFICE, suite=GCM, key=self.key))
        self.invite = self.alice.wire.request("INVITE")
        self.home = at_home
        self.callee = wire.Callee(self.alice.wire, self.invite)
        self.callee.respond(200, "OK", answer(self.invite))
        self.done = self.carol.learn(self.carol.wire.final())
        assert self.done.status == 200, self.done
        self.carol.ack(self.done)
        self.alice.wire.request("ACK")
        self.office.agree(GCM, self.key, self.done.body)

    def hang_up(self):
        self.carol.send("BYE")
        self.alice.wire.request("BYE")
        event = self.stage.edge.wait_event(lambda event: event.get("code") == "call.ended")
        return self.stage.edge.ask("evidence", event["call"])


def test_voice_follows_what_is_verified_and_nothing_else(house):
    stage = house()
    home, key = stage.media("home"), MediaEnd.key(GCM)
    call = Scripted(stage, home, lambda invite: answer_to(invite, home.port, suite=GCM, key=key, host=HOME))
    home.agree(GCM, key, call.invite.body)
    stranger = stage.media("office")
    stranger.agree(GCM, MediaEnd.key(GCM), call.invite.body)  # at the port that hears alice, with a key nobody agreed
    for _ in range(20):
        stranger.say(bytes(160))
        call.office.say(bytes(160))
    assert not stranger.spoken_to() and not home.spoken_to(), "her private address leads nowhere"
    talk(home, call.office)
    talk(call.office, home)
    for _ in range(20):
        stranger.say(bytes(160))
    talk(call.office, home)
    assert not stranger.spoken_to()
    alice = legs_of(call.hang_up(), ("alice",))["alice"]
    assert alice["media"]["latched_source"].split(":")[0] == ROUTER
    assert {"reason": "bad_tag", "packets": 40} in alice["media"]["drops"]


def with_dtls(text):
    return with_settings(text, "[devices]", {"media": '["dtls", "sdes"]', "ice": '"accept"'}).replace(
        '# handshake_timeout = "10s"', 'handshake_timeout = "2s"')


def described(end, setup, ice):
    return wire.sdp(end.port, host=HOME, profile=dtls.PROFILE, crypto=[], attributes=end.attributes(setup, ice))


def test_a_dtls_phone_behind_a_nat_is_found_by_ice(house):
    stage = house(edit=with_dtls)
    home = stage.media("home", dtls.DtlsEnd)
    call = Scripted(stage, home, lambda invite: described(home, "active", ice=True))
    assert home.agree(call.invite.body).check(), "the edge answers where the check comes from"
    home.handshake(client=True)
    talk(home, call.office)
    talk(call.office, home)
    agreed = stage.edge.wait_event(lambda event: event.get("code") == "media.keys_agreed" and event["keying"] == "DTLS-SRTP")
    assert agreed["fingerprint"].lower() == home.identity.fingerprint.lower()
    alice = legs_of(call.hang_up(), ("alice",))["alice"]
    assert (alice["found_by"], alice["path"].split(":")[0]) == ("ICE", ROUTER)
    assert alice["dtls_verified"] and alice["dtls_fingerprint"].lower() == home.identity.fingerprint.lower()


def test_a_dtls_phone_behind_a_nat_without_ice_is_ended_with_the_cause(house):
    stage = house(edit=with_dtls)
    home = stage.media("home", dtls.DtlsEnd)
    call = Scripted(stage, home, lambda invite: described(home, "active", ice=False))
    home.agree(call.invite.body)
    with pytest.raises(SrtpError):
        home.handshake(client=True, timeout=1.5)
    call.alice.wire.request("BYE")
    ended = stage.edge.wait_event(lambda event: event.get("code") == "call.ended")
    assert ended["reason"] == "media.dtls_elsewhere"
    assert f"DTLS comes from {ROUTER}:" in ended["detail"] and f"SDP says {HOME}:{home.port}" in ended["detail"]
    record = stage.edge.ask("evidence", ended["call"])
    assert "needs ICE" in legs_of(record, ("alice",))["alice"]["media"]["finding"]


def test_a_registered_phone_that_says_nothing_stays_reachable(house):
    stage = house(edit=lambda text: with_settings(text, "[[listener]]", {"idle_timeout": '"3s"'}))
    alice, silent = stage.registered("alice", "home"), stage.wire("dora", "home")
    silent.send("\r\n\r\n")
    assert silent.closed(20.0), "who is not registered is given up"
    alice.wire.tls.settimeout(60.0)
    assert alice.wire.tls.recv(16) == b"\r\n", "what keeps the NAT's binding"
    carol = wire.Caller(stage.wire("carol", "office"), f"sip:alice@{edges.DOMAIN}", "carol")
    carol.send("INVITE", wire.sdp())
    assert alice.wire.request("INVITE")


def test_each_listener_tells_of_itself_and_check_shows_it(house):

    def edit(text):
        pair = [line for line in text.splitlines() if line.startswith(("certificate =", "key ="))][:2]
        text = with_settings(text, "[[listener]]", {"advertise": '"edge.example.org"', "media_advertise": f'"{EDGE}"'})
        own = '\n'.join(['[[listener]]', 'name = "inside"', 'address = "10.77.2.1:5071"', *pair, 'media_advertise = "10.77.2.1"', ''])
        return text.replace("[media]", own + "\n[media]", 1)

    stage = house(edit=edit)
    alice = stage.registered("alice", "home")
    stage.address = "10.77.2.1:5071"
    carol = wire.Caller(stage.wire("carol", "office"), f"sip:alice@{edges.DOMAIN}", "carol")
    carol.send("INVITE", wire.sdp(40000, host=OFFICE))
    invite = alice.wire.request("INVITE")
    assert "edge.example.org:5061" in invite["Via"] and "@edge.example.org:5061" in invite["Contact"]
    assert f"c=IN IP4 {EDGE}" in invite.body
    wire.Callee(alice.wire, invite).respond(200, "OK", answer_to(invite, 40000, host=HOME))
    done = carol.wire.final()
    assert "@10.77.2.1:5071" in done["Contact"] and "c=IN IP4 10.77.2.1" in done.body
    shown = run([*stage.network.prefix(namespaces.BORDER), stage.build.sallyport, "check", "--nat", "--json", "--config", stage.config])
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    ways = {way["listener"]: way for way in lines[0]["nat"]["listeners"]}
    assert {name: (way["signalling"], way["media"]) for name, way in ways.items()} == {
        next(iter(ways)): ("edge.example.org:5061", [EDGE]), "inside": ("10.77.2.1:5071", ["10.77.2.1"])}
    assert {line["code"] for line in lines[1:] if line["severity"] == "warning"} >= {"nat.private"}
