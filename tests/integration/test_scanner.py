# SPDX-License-Identifier: Apache-2.0
"""What sipvicious does over UDP, done over TLS by a script of ours: sweeps with OPTIONS, looks for extensions with REGISTER and
INVITE, guesses passwords. There is nothing to be found in bytes or in time, guessing comes to an end by address and by name, and
the operator reads why."""
import re
import statistics
import time

import pytest

from kit import edge as edges
from kit import proofs
from kit import wire
from kit.proofs import Asker, digest

KNOWN, UNKNOWN = ["alice", "bob", "carol"], ["100", "1001", "admin", "dave"]
RATIO = 1.5  # of medians in one run; an unknown user who costs a hash less would be told by far more
ROUNDS = 120
UNLIMITED = {"source_auth_failures": 'mode = "off"', "identity_auth_failures": 'mode = "off"',
             "identity_request_rate": 'mode = "off"', "source_call_rate": 'mode = "off"', "identity_call_rate": 'mode = "off"'}


@pytest.fixture
def edge(border):
    def make(**rules):
        def edit(text):
            for rule, setting in rules.items():
                text, changed = re.subn(rf"{rule} = {{ mode = \"enforce\"", f"{rule} = {{ {setting}", text)
                assert changed == 1, rule
            return proofs.accounts()(text)
        made = proofs.furnish(border(edit=edit, run=False))
        made.edge = edges.Edge(made.build, made.config)
        return made
    return make


def told(response):
    """What an answer says beyond what the question said: the status, and every header of the edge's own, with what is random
    by design reduced to its length."""
    echoed = {"via", "from", "to", "call-id", "cseq"}
    own = [(name, re.sub(r'(nonce|opaque|sid|tag)="([^"]*)"', lambda found: f"{found[1]}={len(found[2])}", value))
           for name, value in response.headers if name.lower() not in echoed]
    return response.start, len(response.tag("To") or ""), own, response.body


def asked(link, method, name):
    """A question about `name` by somebody who is nobody."""
    scanner = wire.Caller(link, f"sip:{name}@{edges.DOMAIN}", name)
    uri = "sip:" + edges.DOMAIN if method == "REGISTER" else scanner.to
    scanner.send(method, wire.sdp() if method == "INVITE" else "", uri=uri)
    return link.final(method)


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "INVITE"])
def test_a_sweep_sees_no_name_from_another(edge, method):
    made = edge()
    answers = {}
    for name in KNOWN + UNKNOWN:
        with proofs.connect(made.address) as link:
            answers[name] = told(asked(link, method, name))
    assert len({repr(answer) for answer in answers.values()}) == 1, answers
    assert made.edge.ask("registrations")["registrations"] == []


@pytest.mark.parametrize("method", ["REGISTER", "OPTIONS"])
def test_a_guessed_password_sees_no_name_from_another(edge, method):
    made = edge(**UNLIMITED)
    answers = {}
    for name in KNOWN + UNKNOWN:
        with Asker(made.address, name) as phone:
            challenge = proofs.challenge_in(phone.ask(method=method))
            answers[name] = told(phone.ask(digest(challenge, name, "1234", method), method=method))
    assert len({repr(answer) for answer in answers.values()}) == 1, answers


def test_scram_sees_no_name_from_another(edge):
    """The salt is a name's own; its length, the rounds and what comes after are everybody's."""
    made = edge(**UNLIMITED)
    seen, salts = set(), {}
    for name in KNOWN + UNKNOWN:
        for spelling in (name, f"{name}@{edges.DOMAIN}", f"{name}@{edges.DOMAIN.upper()}"):
            with Asker(made.address, name) as phone:
                exchange = proofs.Scram(spelling, "1234")
                first = phone.ask(exchange.first())
                message = exchange.learn(first)
                salts.setdefault(name, set()).add(message["s"])
                last = phone.ask(exchange.final(first))
                seen.add((first.status, len(message["s"]), message["i"], repr(told(last))))
    assert len(seen) == 1, seen
    assert all(len(each) == 1 for each in salts.values()), salts
    assert len(set.union(*salts.values())) == len(salts)


def test_a_restart_tells_nobody_apart(edge):
    made = edge(**UNLIMITED)

    def salts():
        found = {}
        for name in KNOWN + UNKNOWN:
            with Asker(made.address, name) as phone:
                exchange = proofs.Scram(name, "1234")
                found[name] = exchange.learn(phone.ask(exchange.first()))["s"]
        return found

    before = salts()
    made.edge.stop()
    made.edge = edges.Edge(made.build, made.config)
    assert salts() == before


def ratio(known, unknown):
    a, b = statistics.median(known), statistics.median(unknown)
    return max(a, b) / min(a, b)


def seconds(ask):
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def test_guessing_takes_as_long_for_a_name_that_exists_as_for_one_that_does_not(edge):
    made = edge(**UNLIMITED)
    times = {"alice": [], "mallo": []}
    with Asker(made.address) as phone:
        challenge = phone.challenge()
        for count in range(1, ROUNDS):
            for name in times if count % 2 else reversed(times):
                answer = digest(challenge, name, "1234", count=count)
                times[name].append(seconds(lambda: phone.ask(answer)))
    assert ratio(*times.values()) < RATIO, {name: statistics.median(each) for name, each in times.items()}


def test_scram_takes_as_long_for_a_name_that_exists_as_for_one_that_does_not(edge):
    made = edge(**UNLIMITED)
    times = {"alice": [], "mallo": []}
    with Asker(made.address) as phone:
        for count in range(ROUNDS):
            for name in times if count % 2 else reversed(times):
                exchange = proofs.Scram(name, "1234")
                times[name].append(seconds(lambda: phone.ask(exchange.first())))
    assert ratio(*times.values()) < RATIO, {name: statistics.median(each) for name, each in times.items()}


def test_the_comparison_of_times_would_tell(edge):
    """The bound is no formality: as much time again, spent for one name only, breaks it."""
    made = edge(**UNLIMITED)
    with Asker(made.address) as phone:
        exchange = proofs.Scram("alice", "1234")
        plain = [seconds(lambda: phone.ask(exchange.first())) for _ in range(ROUNDS)]
    assert ratio(plain, [each + statistics.median(plain) for each in plain]) > RATIO


def guesses(phone, name, count, challenge=None):
    challenge = challenge or phone.challenge()
    return [phone.ask(digest(challenge, name, f"guess {i}", count=i)).status for i in range(1, count + 1)]


def refused(made, reason):
    return made.edge.wait_event(lambda event: event.get("code") == "sip.request.refused" and event.get("reason") == reason)


@pytest.mark.parametrize("name", ["alice", "mallory"])
def test_guessing_at_one_name_comes_to_an_end(edge, name):
    made = edge(source_auth_failures='mode = "off"')
    with Asker(made.address, name) as phone:
        told_apart = guesses(phone, name, 14)
        assert told_apart[:10] == [401] * 10 and told_apart[-1] == 480, told_apart
    assert refused(made, "identity.proof.wrong")["source"].startswith("127.0.0.1")
    assert refused(made, "guard.auth.identity")["detail"]


def test_guessing_at_many_names_comes_to_an_end(edge):
    made = edge()
    statuses = []
    for number in range(26):
        with Asker(made.address, f"user{number}") as phone:
            statuses.append(guesses(phone, f"user{number}", 1)[0])
    assert statuses[:20] == [401] * 20 and statuses[-1] == 503, statuses
    assert refused(made, "guard.auth.source")


def test_a_name_is_the_same_in_all_spellings_and_behind_other_headers(edge):
    made = edge(source_auth_failures='mode = "off"')
    statuses = []
    for number in range(14):
        with Asker(made.address, "alice") as phone:
            challenge = phone.challenge()
            spelling = ["alice", "alice@" + edges.DOMAIN, "alice@" + edges.DOMAIN.upper()][number % 3]
            decoy = digest(challenge, f"nobody{number}", "x", realm="elsewhere.test")
            statuses.append(phone.ask([decoy, digest(challenge, spelling, f"guess {number}", count=2)]).status)
    assert statuses[-1] == 480, statuses
    assert refused(made, "guard.auth.identity")


def test_an_exchange_that_another_name_interrupts_tells_nothing(edge):
    """One exchange at a time: whoever begins another loses the first, so that no guess is counted against a second name."""
    made = edge(source_auth_failures='mode = "off"')
    for password in (proofs.PASSWORDS["alice"], "a guess"):
        with Asker(made.address, "mallory") as phone:
            exchange = proofs.Scram("alice", password)
            begun = phone.ask(exchange.first())
            phone.ask(proofs.Scram("mallory", "x").first())
            assert phone.ask(exchange.final(begun)).status == 401


def test_whoever_has_the_password_is_still_let_in_after_others_guessed(edge):
    made = edge(source_auth_failures='mode = "off"')
    with Asker(made.address) as owner:
        assert owner.ask(digest(owner.challenge(), "alice", proofs.PASSWORDS["alice"])).status == 200
        with Asker(made.address) as guesser:
            guesses(guesser, "alice", 12)
        assert owner.ask().status == 200
