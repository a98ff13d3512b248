# SPDX-License-Identifier: Apache-2.0
"""Our own phone with a password or a token instead of a certificate: it registers, is called where it registered, and
believes no edge that cannot prove itself."""
import json

import pytest

from kit import edge as edges
from kit import proofs
from kit.process import Process, run

ISSUER = proofs.Issuer()
TOKEN = f'token = {{ issuer = "{proofs.ISSUER}", audience = "{proofs.AUDIENCE}", jwks = "keys.json" }}'


def edge_with(border, authentication):
    def edit(text):
        return proofs.accounts(authentication)(text).replace("# token = {", TOKEN + "\n# token = {")
    made = border(edit=edit, run=False)
    (made.state / "keys.json").write_text(json.dumps(ISSUER.jwks()))
    proofs.furnish(made)
    made.edge = edges.Edge(made.build, made.config)
    return made


def identity(border, user, *proof):
    return ["--from", f"sip:{user}@{edges.DOMAIN}", "--ca", border.state / "ca/ca.pem",
            "--expect-san", f"dns:edge.{edges.DOMAIN}", *proof]


def password(border, user, text=None):
    file = proofs.private(border.state / f"{user}.password", (text or proofs.PASSWORDS[user]) + "\n")
    return ["--password-file", file]


def register(border, user, *proof):
    return run([border.build.phone, "register", "--via", border.address, *identity(border, user, *proof), "--json", "--once"],
               check=False)


@pytest.mark.parametrize("how", ["--digest", "--scram", "any"])
def test_a_phone_registers_with_its_password(border, how):
    edge = edge_with(border, '["digest", "scram"]')
    done = register(edge, "alice", *password(edge, "alice"), *([how] if how != "any" else []))
    assert done.returncode == 0, done
    event = json.loads(done.stdout.splitlines()[0])
    assert event["event"] == "registered" and event["aor"] == f"sip:alice@{edges.DOMAIN}" and event["expires"] > 0
    assert edge.edge.ask("registrations")["registrations"] == []  # taken back at the end


@pytest.mark.parametrize("how", ["--digest", "--scram"])
def test_a_phone_that_calls_without_registering_proves_itself_and_believes_the_edge(border, how):
    edge = edge_with(border, '["digest", "scram"]')
    with Process([edge.build.phone, "answer", "--via", edge.address, *identity(edge, "alice", *password(edge, "alice")),
                  "--json", "--calls", "1"]) as answering:
        answering.wait_json(lambda event: event.get("event") == "registered")
        calling = run([edge.build.phone, "call", f"sip:alice@{edges.DOMAIN}", "--via", edge.address,
                       *identity(edge, "bob", *password(edge, "bob"), how), "--json", "--duration", "1s"], check=False)
        assert calling.returncode == 0, calling


def test_a_phone_registers_with_its_token(border):
    edge = edge_with(border, '["token"]')
    token = proofs.private(edge.state / "alice.token", ISSUER.token().split()[1])
    assert register(edge, "alice", "--token-file", token).returncode == 0


def test_a_phone_with_a_wrong_password_says_so(border):
    edge = edge_with(border, '["digest", "scram"]')
    for how, code in (("--digest", "identity.digest.rejected"), ("--scram", "phone.account.rejected")):
        done = register(edge, "alice", *password(edge, "alice", "wrong"), how)
        assert done.returncode == 1 and code in done.stdout, done
    assert proofs.PASSWORDS["alice"] not in "".join(edge.edge.process.lines)


def test_a_phone_that_registered_is_called_there_and_a_call_needs_no_certificate_either(border, tmp_path):
    edge = edge_with(border, '["digest", "scram"]')
    answering = Process([edge.build.phone, "answer", "--via", edge.address, *identity(edge, "alice", *password(edge, "alice"), "--scram"),
                         "--json", "--calls", "1", "--tone", "440"])
    with answering:
        answering.wait_json(lambda event: event.get("event") == "registered")
        calling = run([edge.build.phone, "call", f"sip:alice@{edges.DOMAIN}", "--via", edge.address,
                       *identity(edge, "bob", *password(edge, "bob"), "--digest"), "--json", "--duration", "1s"], check=False)
        assert calling.returncode == 0, calling
        assert answering.wait_json(lambda event: event.get("event") == "ended")["answered"]
