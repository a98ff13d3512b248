# SPDX-License-Identifier: Apache-2.0
"""Every proof a listener without a demand for certificates takes, and every way in which one is not taken. What is told
to the client is the same for all that is wrong; what is told to the operator names the reason."""
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import answer_to

from kit import edge as edges
from kit import proofs, wire
from kit.proofs import Asker, digest

ISSUER = proofs.Issuer()
TOKEN = f'token = {{ issuer = "{proofs.ISSUER}", audience = "{proofs.AUDIENCE}", jwks = "keys.json" }}\n'
PASSWORD = proofs.PASSWORDS["alice"]


@pytest.fixture
def edge(border):
    """edge(authentication) -> one that runs."""
    def make(authentication='["digest", "scram", "token"]'):
        def edit(text):
            if "token" in authentication:
                text = text.replace("# token = {", TOKEN + "# token = {", 1)
            return proofs.accounts(authentication)(text)
        made = border(edit=edit, run=False)
        (made.state / "keys.json").write_text(json.dumps(ISSUER.jwks()))
        proofs.furnish(made)
        made.edge = edges.Edge(made.build, made.config)
        return made
    return make


def refused(made, reason):
    return made.edge.wait_event(lambda event: event.get("code") == "sip.request.refused" and event.get("reason") == reason)


def certificate(made, name):
    return {"cert": made.state / f"phones/{name}.pem", "key": made.state / f"phones/{name}.key"}


# --- what is taken ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-512-256"])
@pytest.mark.parametrize("user", ["alice", "alice@" + edges.DOMAIN])
def test_digest_is_taken_and_proves_the_edge_too(edge, algorithm, user):
    with Asker(edge().address) as phone:
        done = phone.ask(digest(phone.challenge(algorithm=algorithm), user, PASSWORD))
        assert done.status == 200 and "rspauth=" in done["Authentication-Info"], done
        assert phone.ask().status == 200  # the connection is alice's now


def test_scram_is_taken_and_proves_the_edge_too(edge):
    with Asker(edge().address) as phone:
        exchange, done = proofs.scram(phone, "alice", PASSWORD)
        assert done.status == 200 and exchange.proven(done), done


def asked(phone, method, by, to="sip:" + edges.DOMAIN):
    """What a request outside of a registration is answered with, and whether that proves the edge."""
    phone.uri = to
    challenged = phone.ask(method=method)
    assert challenged.status == 401
    if by == "scram":
        exchange = proofs.Scram("alice", PASSWORD)
        done = phone.ask(exchange.final(phone.ask(exchange.first(), method)), method)
        return done, exchange.proven(done)
    authorization = digest(proofs.challenge_in(challenged, algorithm=by), "alice", PASSWORD, method, to)
    done = phone.ask(authorization, method)
    return done, done["Authentication-Info"] is not None and proofs.digest_proven(authorization, done, PASSWORD)


@pytest.mark.parametrize("by", ["SHA-256", "SHA-512-256", "scram"])
def test_the_edge_proves_itself_in_the_answer_to_whatever_request_proved_the_phone(edge, by):
    with Asker(edge().address) as phone:
        done, proven = asked(phone, "OPTIONS", by)
        assert done.status == 200 and proven, done
        assert phone.ask(method="OPTIONS")["Authentication-Info"] is None  # that one proved nothing


@pytest.mark.parametrize("by", ["SHA-256", "scram"])
@pytest.mark.parametrize("status", [200, 202, 480])
def test_the_answer_to_a_message_that_is_carried_on_proves_the_edge_too(border, by, status):
    def edit(text):
        return proofs.accounts('["digest", "scram"]')(text).replace('"INFO"]', '"INFO", "MESSAGE"]')
    made = proofs.furnish(border(edit=edit, run=False))
    made.edge = edges.Edge(made.build, made.config)
    with Asker(made.address) as phone, ThreadPoolExecutor() as pool:
        phone.caller.headers.append("Content-Type: text/plain")
        answer = pool.submit(asked, phone, "MESSAGE", by, "sip:bob@" + edges.DOMAIN)
        callee = wire.Callee(made.link(), made.link().request("MESSAGE"))
        callee.respond(status, extra=("Authentication-Info: rspauth=\"00\"",))
        done, proven = answer.result()
        assert done.status == status and proven == (status < 300), done
        assert (done["Authentication-Info"] is None) == (status >= 300) and len(done.all("Authentication-Info")) < 2


@pytest.mark.parametrize("by", ["SHA-256", "scram"])
def test_the_answer_to_a_call_proves_the_edge_too(edge, by):
    made = edge()
    with Asker(made.address) as phone:
        caller, to = wire.Caller(phone.link, "sip:bob@" + edges.DOMAIN, "alice"), "sip:bob@" + edges.DOMAIN
        caller.send("INVITE", wire.sdp())
        challenged = phone.link.final()
        caller.ack(challenged)
        if by == "scram":
            exchange = proofs.Scram("alice", PASSWORD)
            caller.send("INVITE", wire.sdp(), extra=("Authorization: " + exchange.first(),))
            authorization = exchange.final(phone.link.final())
        else:
            authorization = digest(proofs.challenge_in(challenged, algorithm=by), "alice", PASSWORD, "INVITE", to)
        caller.send("INVITE", wire.sdp(), extra=("Authorization: " + authorization,))
        callee = wire.Callee(made.link(), made.link().request("INVITE"))
        callee.respond(180, "Ringing")
        assert phone.link.status(180)["Authentication-Info"] is None
        callee.respond(200, "OK", answer_to(callee.invite))
        done = phone.link.final()
        assert exchange.proven(done) if by == "scram" else proofs.digest_proven(authorization, done, PASSWORD), done


def test_a_token_is_taken(edge):
    with Asker(edge().address) as phone:
        assert phone.ask(ISSUER.token()).status == 200


def test_a_certificate_and_a_password_together(edge):
    made = edge('["certificate and digest"]')
    with Asker(made.address, **certificate(made, "alice")) as phone:
        assert phone.ask(digest(phone.challenge(), "alice", PASSWORD)).status == 200
        registered = made.edge.ask("registrations")["registrations"]
        assert [each["proof"] for each in registered] == ["certificate and digest"], registered


# --- what is not -----------------------------------------------------------------------------------------------------

def test_md5_is_neither_offered_nor_taken(edge):
    made = edge()
    with Asker(made.address) as phone:
        asked = phone.ask()
        assert {each["algorithm"] for each in proofs.challenges(asked, "Digest")} == {"SHA-256", "SHA-512-256"}
        answer = phone.ask(digest(proofs.challenge_in(asked), "alice", PASSWORD, algorithm="MD5"))
        assert answer.status == 401 and refused(made, "identity.proof.wrong")


@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("nobody", PASSWORD), ("bob", PASSWORD)])
def test_a_wrong_password_and_an_unknown_user_are_refused_by_digest_and_by_scram(edge, user, password):
    made = edge()
    with Asker(made.address) as phone:
        assert phone.ask(digest(phone.challenge(), user, password)).status == 401
        assert refused(made, "identity.proof.wrong")
    with Asker(made.address) as phone:
        assert proofs.scram(phone, user, password)[1].status == 401


def test_a_foreign_realm_is_refused(edge):
    with Asker(edge().address) as phone:
        assert phone.ask(digest(phone.challenge(), "alice", PASSWORD, realm="elsewhere.test")).status == 401


def test_a_count_that_was_used_is_refused_on_a_connection_that_is_nobodys(edge):
    with Asker(edge().address) as phone:
        challenge = phone.challenge()
        assert phone.ask(digest(challenge, "alice", "wrong", count=1)).status == 401
        assert phone.ask(digest(challenge, "alice", PASSWORD, count=2)).status == 200
    with Asker(edge().address) as phone:
        answer = digest(phone.challenge(), "bob", proofs.PASSWORDS["bob"], count=5)
        assert phone.ask(answer).status == 403  # bob is proven, and may not register alice
        assert phone.ask(answer).status in (401, 403)


def test_a_nonce_of_another_connection_is_stale_and_good_for_nothing(edge):
    made = edge()
    with Asker(made.address) as first, Asker(made.address) as second:
        answer = digest(first.challenge(), "alice", PASSWORD)
        again = second.ask(answer)
        assert again.status == 401 and proofs.challenge_in(again)["stale"] == "true"
        assert first.ask(answer).status == 200


def test_a_nonce_nobody_issued_is_stale_only_to_who_knows_the_password(edge):
    with Asker(edge().address) as phone:
        forged = dict(phone.challenge(), nonce="bm90IG9mIG91cnM")
        assert "stale" not in proofs.challenge_in(phone.ask(digest(forged, "alice", "wrong")))
        assert proofs.challenge_in(phone.ask(digest(forged, "alice", PASSWORD)))["stale"] == "true"


def test_nobody_registers_with_anothers_password(edge):
    made = edge()
    with Asker(made.address, "alice") as phone:
        assert phone.ask(digest(phone.challenge(), "bob", proofs.PASSWORDS["bob"])).status == 403
        assert refused(made, "registrar.aor.foreign")


def test_a_connection_stays_whose_it_is(edge):
    made = edge()
    with Asker(made.address, "alice") as phone:
        challenge = phone.challenge()
        assert phone.ask(digest(challenge, "alice", PASSWORD)).status == 200
        assert phone.ask(digest(challenge, "bob", proofs.PASSWORDS["bob"], count=2)).status == 403
        assert refused(made, "identity.flow.other_principal")


def test_a_certificate_does_not_go_with_anothers_password(edge):
    made = edge('["certificate and digest"]')
    with Asker(made.address, **certificate(made, "alice")) as phone:
        assert phone.ask(digest(phone.challenge(), "bob", proofs.PASSWORDS["bob"])).status == 403
    with Asker(made.address) as phone:
        assert phone.ask().status in (401, 403)
        assert phone.ask(digest({"nonce": "x", "realm": proofs.REALM, "algorithm": "SHA-256"}, "alice", PASSWORD)).status != 200


@pytest.mark.parametrize("name, token", [
    ("another audience", lambda: ISSUER.token(aud="sip:elsewhere.test")),
    ("another issuer", lambda: ISSUER.token(iss="https://elsewhere.test")),
    ("expired", lambda: ISSUER.token(iat=int(time.time()) - 900, exp=int(time.time()) - 300)),
    ("not yet valid", lambda: ISSUER.token(nbf=int(time.time()) + 300)),
    ("without an end", lambda: ISSUER.token(exp=None)),
    ("somebody else's key", lambda: ISSUER.token(key=proofs.Issuer().key)),
    ("tied to another certificate", lambda: ISSUER.token(cnf={"x5t#S256": "A" * 43})),
])
def test_a_token_that_is_not_for_us_is_refused(edge, name, token):
    with Asker(edge('["token"]').address) as phone:
        answer = phone.ask(token())
        assert answer.status == 401 and 'error="invalid_token"' in answer["WWW-Authenticate"], (name, answer)


def test_a_token_for_another_user_registers_that_user_only(edge):
    with Asker(edge('["token"]').address, "alice") as phone:
        assert phone.ask(ISSUER.token("bob")).status == 403


def test_a_token_is_good_on_the_connection_that_showed_it_first(edge):
    made = edge('["token"]')
    token = ISSUER.token()
    with Asker(made.address) as first, Asker(made.address) as second:
        assert first.ask(token).status == 200
        assert second.ask(token).status == 401


@pytest.mark.parametrize("header, status", [
    ("Digest", 400), ("Digest username=alice", 400), ("SCRAM-SHA-256 realm=x, data=!!", 400), ("Basic YTpi", 401),
    ("Digest " + ", ".join(f'x{i}="y"' for i in range(200)), 400),
])
def test_what_cannot_be_read_is_told_apart_from_what_is_wrong(edge, header, status):
    with Asker(edge().address) as phone:
        assert phone.ask(header).status == status
