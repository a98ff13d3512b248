# SPDX-License-Identifier: Apache-2.0
"""coturn beside the edge: who has registered may relay to the edge's media address for a while, and to nothing else."""
import json

import pytest
from conftest import Border
from kit import coturn, edge as edges, wire
from kit.forge import Forge
from kit.load import with_settings
from stage import needs

pytestmark = needs(coturn.missing())
NAME, SECRET, MEDIA = "turn.example.org", "d1f0b2c3a495867768594a3b2c1d0e0f", "127.0.0.1"
TYPE = "application/vnd.sallyport.ice-servers+json"


def with_turn(text):
    return with_settings(text, "[registrar]", {"enabled": "true"}) + f'\n[turn]\nurls = ["turns:{NAME}:443?transport=tcp"]\nsecret_file = "turn.secret"\nlifetime = "2m"\n'


@pytest.fixture(scope="module")
def place(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("turn")
    made = Border(build, folder / "state", edit=with_turn, run=False)
    secret = made.state / "turn.secret"
    secret.touch(0o600)
    secret.write_text(SECRET + "\n")
    made.edge = edges.Edge(build, made.config)
    identity = Forge(folder / "issued", made.state / "ca").make("turn", san=f"DNS:{NAME}")
    with coturn.Coturn(folder / "coturn", identity, SECRET, MEDIA) as made.turn:
        yield made
    made.close()


def registered(place, accept=TYPE):
    phone = wire.Caller(wire.Wire.connect(place.address, place.state / "phones/alice.pem", place.state / "phones/alice.key"),
                        "sip:" + edges.DOMAIN, "alice")
    phone.to_value = f"<sip:alice@{edges.DOMAIN}>"
    phone.send("REGISTER", extra=(f"Accept: {accept}",) if accept else ())
    return phone.wire.final("REGISTER")


def client(place, credentials):
    return coturn.Client(place.turn.address, place.state / "ca/ca.pem", NAME, credentials)


def refusal(ask, *arguments):
    with pytest.raises(coturn.TurnError) as refused:
        ask(*arguments)
    return refused.value.code


def test_who_registers_and_asks_may_relay_to_the_edge_and_nowhere_else(place):
    answer = registered(place)
    assert answer.status == 200 and answer["Content-Type"] == TYPE
    told = json.loads(answer.body)
    server, = told["ice_servers"]
    assert told["lifetime"] == 120 and server["urls"] == [f"turns:{NAME}:443?transport=tcp"]
    relay = client(place, server)
    assert relay.allocate() > 0
    relay.permit(MEDIA)
    for elsewhere in ("127.0.0.2", "10.0.0.1", "169.254.169.254", "192.168.1.1", "224.0.0.1", "203.0.113.99", "8.8.8.8"):
        assert refusal(relay.permit, elsewhere) == 403


def test_credentials_made_up_or_ended_open_nothing(place):
    server, = json.loads(registered(place).body)["ice_servers"]
    end, user = server["username"].split(":", 1)
    for username, credential in ((server["username"], server["credential"].swapcase()), (f"{int(end) + 86400}:{user}", server["credential"]),
                                 (f"{end}:mallory@{edges.DOMAIN}", server["credential"]), (f"1000000000:{user}", server["credential"])):
        assert refusal(client(place, {"username": username, "credential": credential}).allocate) == 401


def test_who_does_not_ask_is_told_nothing(place):
    answer = registered(place, accept=None)
    assert answer.status == 200 and answer.body == "" and TYPE not in str(answer)
