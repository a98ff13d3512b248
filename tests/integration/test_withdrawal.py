# SPDX-License-Identifier: Apache-2.0
"""Who is taken out of the credentials, or given another password, or whose issuer's key is gone, loses at the reload
what was proven: the connection, what is bound over it, and its calls. Nobody else notices."""
import json

import pytest
from conftest import answer_to

from kit import edge as edges
from kit import proofs, wire
from kit.process import run
from kit.proofs import Asker, digest

ISSUER = proofs.Issuer()
TOKEN = f'token = {{ issuer = "{proofs.ISSUER}", audience = "{proofs.AUDIENCE}", jwks = "keys.json" }}\n'


@pytest.fixture
def edge(border):
    def edit(text):
        text = text.replace("# token = {", TOKEN + "# token = {", 1)
        return proofs.accounts('["digest", "scram", "token"]')(text)
    made = border(edit=edit, run=False)
    (made.state / "keys.json").write_text(json.dumps(ISSUER.jwks()))
    proofs.furnish(made)
    made.edge = edges.Edge(made.build, made.config)
    return made


def credentials(made, *words, say=""):
    run([made.build.sallyport, "credentials", *words, "--config", made.config], say=say)


def reload(made):
    run([made.build.sallyport, "reload", "--config", made.config])


def registered(phone, by="digest"):
    """The phone, once it has proven its password and is registered."""
    password = proofs.PASSWORDS[phone.user]
    done = proofs.scram(phone, phone.user, password)[1] if by == "scram" else \
        phone.ask(digest(phone.challenge(), phone.user, password))
    assert done.status == 200, done
    return phone


def bound(made):
    return sorted(each["aor"].split("@")[0] for each in made.edge.ask("registrations")["registrations"])


def withdrawn(made, user):
    event = made.edge.wait_event(lambda event: event.get("code") == "tls.peer.withdrawn" and user in event["identity"])
    assert event["reason"] == "identity.proof.withdrawn"


@pytest.mark.parametrize("by", ["digest", "scram"])
@pytest.mark.parametrize("change", [("remove", "alice"), ("add", "alice", "--replace")])
def test_a_withdrawn_password_ends_the_connection_and_what_is_bound_over_it(edge, by, change):
    with Asker(edge.address) as alice, Asker(edge.address, "bob") as bob:
        registered(alice, by)
        registered(bob, by)
        assert bound(edge) == ["alice", "bob"]
        credentials(edge, *change, say="another password\n")
        assert alice.ask().status == 200  # nothing changes before the reload
        reload(edge)
        withdrawn(edge, "alice")
        assert alice.link.closed()
        assert bound(edge) == ["bob"]
        assert bob.ask().status == 200
    with Asker(edge.address) as again:
        assert again.ask(digest(again.challenge(), "alice", proofs.PASSWORDS["alice"])).status == 401
        assert bound(edge) == ["bob"]


def test_a_reload_that_changes_nobody_ends_nothing(edge):
    with Asker(edge.address) as alice:
        registered(alice)
        credentials(edge, "add", "carol", "--replace", say="another password\n")
        reload(edge)
        assert alice.ask().status == 200 and bound(edge) == ["alice"]
        assert not [event for event in edge.edge.events() if event.get("code") == "tls.peer.withdrawn"]


def test_a_withdrawn_password_ends_the_calls_too(edge):
    with Asker(edge.address) as alice:
        registered(alice)
        caller = wire.Caller(alice.link, f"sip:bob@{edges.DOMAIN}", "alice")
        caller.send("INVITE", wire.sdp())
        link = edge.link()
        callee = wire.Callee(link, link.request("INVITE"))
        callee.respond(200, "OK", answer_to(callee.invite))
        caller.ack(caller.learn(caller.wire.final()))
        link.request("ACK")
        credentials(edge, "remove", "alice")
        reload(edge)
        callee.respond(200, "OK", request=link.request("BYE"))
        assert alice.link.closed()
        assert edge.ended()["reason"] == "call.peer_withdrawn"


def test_a_token_is_withdrawn_with_its_issuers_key(edge):
    with Asker(edge.address) as alice, Asker(edge.address, "bob") as bob:
        assert alice.ask(ISSUER.token()).status == 200
        registered(bob)
        newer = proofs.Issuer("k2")
        (edge.state / "keys.json").write_text(json.dumps({"keys": ISSUER.jwks()["keys"] + newer.jwks()["keys"]}))
        reload(edge)
        assert alice.ask().status == 200
        (edge.state / "keys.json").write_text(json.dumps(newer.jwks()))
        reload(edge)
        withdrawn(edge, "alice")
        assert alice.link.closed() and bound(edge) == ["bob"]
