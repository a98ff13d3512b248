# SPDX-License-Identifier: Apache-2.0
"""Who is tried next and who rings together, on the wire: servers in trouble, servers by name, all phones of a user."""
import pytest
from conftest import Border, answer_to
from kit import edge as edges, wire
from kit.names import NameServer
from kit.process import free_port

ALICE = f"sip:alice@{edges.DOMAIN}"


class Servers:
    """An edge whose peer bob stands at several servers; `where` makes the peer's settings of their addresses."""

    def __init__(self, build, folder, count=2, where=None):
        self.names = None
        made = self.made = Border(build, folder, run=False)
        files = made.state / "phones/bob.pem", made.state / "phones/bob.key", made.state / "ca/ca.pem"
        self.all = [made.peer, *(wire.WirePeer(*files) for _ in range(count - 1))]
        places = [server.address for server in self.all]
        said = where(self) if where else targets(places)
        text = made.config.read_text().replace(f'address = "{made.peer.address}"', said)
        if self.names:
            text = text.replace("[dns]", f'[dns]\nservers = ["{self.names.address}"]')
        made.config.write_text(text.replace("[sip]", '[sip]\nattempt_timeout = "1s"'))
        made.edge = edges.Edge(build, made.config)

    def call(self):
        caller = self.made.caller()
        caller.send("INVITE", wire.sdp())
        return caller

    def asked(self, index):
        """The INVITE at one of the servers."""
        server = self.all[index]
        if not hasattr(server, "link"):
            server.link = server.wire()
        return wire.Callee(server.link, server.link.request("INVITE"))

    def untouched(self, index):
        return self.all[index].wires.empty()

    def close(self):
        self.made.close()
        for each in [*self.all[1:], *([self.names] if self.names else [])]:
            each.close()


def targets(places):
    rows = ", ".join(f'{{ address = "{place}", priority = {rank} }}' for rank, place in enumerate(places, 1))
    return f"targets = [{rows}]"


@pytest.fixture
def servers(build, tmp_path):
    made = []

    def make(**options):
        made.append(Servers(build, tmp_path / f"state{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


# --- who is tried next ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("status", [408, 503])
def test_a_server_in_trouble_is_followed_by_the_next(servers, status):
    place = servers()
    caller = place.call()
    first = place.asked(0)
    first.respond(status, "Trouble")
    assert first.wire.request("ACK")
    second = place.asked(1)
    assert second.invite["Call-ID"] != first.invite["Call-ID"]
    second.respond(200, "OK", answer_to(second.invite))
    done = caller.learn(caller.wire.final())
    assert done.status == 200
    caller.ack(done)
    assert second.wire.request("ACK")


def test_a_server_that_says_nothing_is_given_up_in_time(servers):
    place = servers()
    caller = place.call()
    first = place.asked(0)
    second = place.asked(1)
    second.respond(200, "OK", answer_to(second.invite))
    assert caller.learn(caller.wire.final()).status == 200
    first.respond(180, "Ringing")  # too late: taken back
    assert first.wire.request("CANCEL")


def test_a_server_that_hangs_up_is_followed_by_the_next(servers):
    place = servers()
    caller = place.call()
    place.asked(0).wire.close()
    second = place.asked(1)
    second.respond(180, "Ringing")
    assert caller.wire.status(180)


@pytest.mark.parametrize("status", [404, 480, 486, 603])
def test_what_the_called_party_says_is_final(servers, status):
    place = servers()
    caller = place.call()
    place.asked(0).respond(status, "No")
    assert caller.wire.final().status == status
    assert place.untouched(1)


def test_nobody_else_is_tried_once_voice_has_been_heard(servers):
    place = servers()
    caller = place.call()
    first = place.asked(0)
    first.respond(183, "Progress", answer_to(first.invite))
    assert caller.wire.status(183)
    first.respond(503, "Service Unavailable")
    assert caller.wire.final().status == 500
    assert place.untouched(1)


def test_when_all_fail_the_caller_hears_of_it_once(servers):
    place = servers()
    caller = place.call()
    for index in (0, 1):
        place.asked(index).respond(503, "Service Unavailable")
    assert caller.wire.final().status >= 500
    assert caller.wire.silent()


def by_name(place):
    """NAPTR to SRV to addresses (RFC 3263): a dead server first, then the two."""
    ports = [free_port(), *(server.port for server in place.all)]
    records = {("bob.example", "NAPTR"): [(10, 10, "s", "SIPS+D2T", "_sips._tcp.bob.example")],
               ("_sips._tcp.bob.example", "SRV"): [(rank, 0, port, f"s{rank}.bob.example") for rank, port in enumerate(ports, 1)]}
    records |= {(f"s{rank}.bob.example", "A"): ["127.0.0.1"] for rank in range(1, 4)}
    place.names = NameServer(records)
    return 'host = "bob.example"\nnetworks = ["127.0.0.0/8"]'


def test_servers_by_name_are_tried_in_the_order_of_their_records(servers):
    place = servers(where=by_name)
    caller = place.call()
    place.asked(0).respond(503, "Service Unavailable")
    second = place.asked(1)
    assert second.invite.uri == "sip:bob@bob.example"
    second.respond(486, "Busy Here")
    assert caller.wire.final().status == 486
    assert ("_sips._tcp.bob.example", "SRV") in place.names.asked


# --- who rings together -----------------------------------------------------------------------------------------

def registering(text):
    return text.replace("enabled = false", "enabled = true") + '\n[[route]]\nuser = "alice"\nto = "device"\n'


class Phones:
    """alice's two phones, registered, and a call of bob's to her."""

    def __init__(self, made):
        self.made, self.phones = made, []
        for number in (1, 2):
            phone = made.caller(to=ALICE)
            phone.contact = f'<sip:phone{number}@10.9.8.{number}:5061;transport=tls>;+sip.instance="<urn:uuid:0000000{number}-0000-4000-8000-000000000000>"'
            phone.send("REGISTER", uri="sip:" + edges.DOMAIN, extra=("Expires: 600",))
            assert phone.wire.final("REGISTER").status == 200
            self.phones.append(phone)
        self.bob = wire.Caller(wire.Wire.connect(made.address, made.state / "phones/bob.pem", made.state / "phones/bob.key"), ALICE, "bob")

    def ring(self):
        self.bob.send("INVITE", wire.sdp())
        self.callees = [wire.Callee(phone.wire, phone.wire.request("INVITE")) for phone in self.phones]
        for callee in self.callees:
            callee.respond(180, "Ringing")
        assert self.bob.wire.status(180)
        return self.callees


@pytest.fixture(scope="module")
def registrar(build, tmp_path_factory):
    made = Border(build, tmp_path_factory.mktemp("phones") / "state", edit=registering)
    yield made
    made.close()


@pytest.fixture
def phones(registrar):
    made = Phones(registrar)
    yield made
    for each in [*made.phones, made.bob]:
        each.wire.close()


def test_all_phones_of_a_user_ring_and_the_first_answer_stops_the_others(phones):
    first, second = phones.ring()
    assert first.invite["Call-ID"] != second.invite["Call-ID"]
    keys = [line for callee in (first, second) for line in callee.invite.body.splitlines() if "inline:" in line]
    assert len({line.split("inline:")[1] for line in keys}) == len(keys)  # no two phones share a key
    second.respond(200, "OK", answer_to(second.invite))
    done = phones.bob.learn(phones.bob.wire.final())
    assert done.status == 200
    phones.bob.ack(done)
    assert second.wire.request("ACK")
    cancel = first.wire.request("CANCEL")
    assert "cause=200" in cancel["Reason"] and "completed elsewhere" in cancel["Reason"]
    first.respond(487, "Request Terminated")
    phones.bob.send("BYE")
    assert phones.bob.wire.final("BYE").status == 200
    assert second.wire.request("BYE")


def test_a_phone_that_is_busy_leaves_the_others_ringing(phones):
    first, second = phones.ring()
    first.respond(486, "Busy Here")
    assert first.wire.request("ACK") and phones.bob.wire.silent()
    second.respond(486, "Busy Here")
    assert phones.bob.wire.final().status == 486


def test_a_decline_is_for_all_phones(phones):
    first, second = phones.ring()
    first.respond(603, "Decline")
    assert second.wire.request("CANCEL")
    second.respond(487, "Request Terminated")
    assert phones.bob.wire.final().status == 603


def test_two_that_answer_at_once_are_one_call(phones):
    first, second = phones.ring()
    first.respond(200, "OK", answer_to(first.invite))
    assert first.wire.request("ACK")
    second.respond(200, "OK", answer_to(second.invite))
    assert second.wire.request("ACK") and second.wire.request("BYE")
    assert phones.bob.learn(phones.bob.wire.final()).status == 200


def test_who_gives_up_stops_all_of_them(phones):
    callees = phones.ring()
    phones.bob.cancel()
    assert phones.bob.wire.final().status == 487
    assert all(callee.wire.request("CANCEL") for callee in callees)
