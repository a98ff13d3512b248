# SPDX-License-Identifier: Apache-2.0
"""Keys of a token issuer by URL: fetched over TLS that is verified, in bounds, and kept as long as nothing better comes."""
import time

import pytest

from kit import edge as edges
from kit import proofs
from kit.forge import Forge
from kit.key_server import KeyServer
from kit.process import run
from kit.proofs import Asker

ISSUER = proofs.Issuer()


class Place:
    """An edge whose tokens' keys are at a server of ours, on 127.0.0.1."""

    def __init__(self, border, answer, san="IP:127.0.0.1", ca="ca"):
        made = border(edit=proofs.accounts('["token"]'), run=False)
        if ca != "ca":
            run([made.build.sallyport, "ca", "init", "--dir", made.state / ca, "--name", "Other"])
        forge = Forge(made.state / "issuer", made.state / ca)
        self.server = KeyServer(*forge.make("issuer", san=san, eku="serverAuth"), answer)
        (made.state / "devices.credentials").touch(0o600)
        token = (f'token = {{ issuer = "{proofs.ISSUER}", audience = "{proofs.AUDIENCE}", jwks_url = "{self.server.url}", '
                 'jwks_trust = "private" }\n')
        made.config.write_text(made.config.read_text().replace("# token = {", token + "# token = {", 1))
        self.made, self.edge, self.address = made, None, made.address
        self.edge = made.edge = edges.Edge(made.build, made.config)

    def fetched(self):
        return self.edge.wait_event(lambda event: event.get("code") == "token.keys.fetched")

    def not_fetched(self, reason, timeout=20.0):
        return self.edge.wait_event(
            lambda event: event.get("code") == "token.keys.not_fetched" and event["reason"] == reason, timeout)

    def keys(self):
        return self.edge.ask("status")["token_keys"]

    def show(self, token):
        with Asker(self.address) as phone:
            return phone.ask(token)

    def when(self, accept, timeout=20.0):
        """Waits for what `keys` reports."""
        deadline = time.monotonic() + timeout
        while not accept(self.keys()):
            assert time.monotonic() < deadline, self.keys()


@pytest.fixture
def place(border):
    made = []

    def make(answer, **options):
        made.append(Place(border, answer, **options))
        return made[-1]

    yield make
    for each in made:
        each.server.close()


def test_keys_are_fetched_at_the_start_and_tokens_verified_with_them(place):
    edge = place((200, ISSUER.jwks()))
    assert edge.fetched()["keys"] == 1
    assert edge.show(ISSUER.token()).status == 200
    assert edge.keys()["from"] == edge.server.url and edge.keys()["keys"] == 1 and edge.keys()["failure"] == ""
    assert edge.server.asked == 1


@pytest.mark.parametrize("options, reason", [
    ({"san": "IP:127.0.0.2"}, "tls.peer.unknown"),
    ({"san": "DNS:edge.sallyport.test"}, "tls.peer.unknown"),
    ({"ca": "other"}, "tls.certificate.untrusted_issuer"),
])
def test_a_server_that_cannot_prove_the_host_is_not_asked_and_no_token_is_taken(place, options, reason):
    edge = place((200, ISSUER.jwks()), **options)
    event = edge.not_fetched(reason)
    assert event["consequence"] == "every token is refused" and edge.server.asked == 0
    assert edge.show(ISSUER.token()).status == 503
    assert edge.edge.wait_event(lambda event: event.get("reason") == "identity.token.no_keys")["code"] == "sip.request.refused"
    assert reason in edge.keys()["failure"] and edge.keys()["fetched"] == "never"


@pytest.mark.parametrize("answer, reason", [
    ((200, b" " * 300_000), "net.https.too_large"),
    ((404, b"no"), "net.https.status"),
    ((302, b""), "net.https.status"),
    ((200, b"<html>"), "identity.jwks.malformed"),
    ((200, {"keys": []}), "identity.jwks.none"),
])
def test_what_is_no_set_of_keys_in_bounds_is_not_taken(place, answer, reason):
    assert place(answer).not_fetched(reason)["keys"] == 0


def test_a_server_that_says_nothing_is_given_up_and_nobody_waits_for_it(place):
    edge = place(None)
    begun = time.monotonic()
    assert edge.show(ISSUER.token()).status == 503
    assert edge.edge.ask("status")["workers"] > 0
    assert time.monotonic() - begun < 5
    edge.not_fetched("net.https.timeout")


def test_an_unknown_key_is_looked_for_and_the_old_one_goes_with_who_was_proven_by_it(place):
    edge = place((200, ISSUER.jwks()))
    edge.fetched()
    newer = proofs.Issuer("k2")
    with Asker(edge.address) as alice:
        assert alice.ask(ISSUER.token()).status == 200
        edge.server.answer = (200, newer.jwks())
        assert edge.show(newer.token()).status == 401
        assert alice.link.closed(20.0)
    assert edge.edge.wait_event(lambda event: event.get("code") == "tls.peer.withdrawn")["reason"] == "identity.proof.withdrawn"
    assert edge.show(newer.token()).status == 200
    assert edge.show(ISSUER.token()).status == 401
    assert edge.server.asked == 2


def test_the_last_good_keys_stay_when_the_server_fails_and_over_a_reload(place):
    edge = place((200, ISSUER.jwks()))
    edge.fetched()
    edge.server.answer = (500, b"")
    with Asker(edge.address) as alice:
        assert alice.ask(ISSUER.token()).status == 200
        run([edge.made.build.sallyport, "reload", "--config", edge.made.config])
        event = edge.not_fetched("net.https.status")
        assert event["keys"] == 1 and event["consequence"] == "the last good ones stay"
        assert alice.ask().status == 200
    assert edge.show(ISSUER.token()).status == 200
    assert edge.keys()["keys"] == 1 and "net.https.status" in edge.keys()["failure"]
