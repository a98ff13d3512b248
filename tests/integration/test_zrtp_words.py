# SPDX-License-Identifier: Apache-2.0
"""Two people who compare the words that ZRTP shows them (RFC 6189 7): what they type at their phones, and what the phones
make of it, in this call and in the next."""
import signal

import pytest
from conftest import ROOT  # noqa: F401
from test_media import Call, report_of
from test_zrtp import by_zrtp, sas_of


class Couple(Call):
    """alice and bob, each at a phone that remembers, and calls that last until alice hangs up."""

    def __init__(self, build, state):
        super().__init__(build, state, edit=by_zrtp, seconds=600, people=True)

    def begin(self, asked=("alice", "bob")):
        def options(name):
            return ("--media", "zrtp", "--zrtp-cache", self.state / f"{name}.zrtp", *(("--compare-sas",) if name in asked else ()))

        self.start(alice=options("alice"), bob=options("bob"))
        self.shown = {"alice": sas_of(self.alice), "bob": sas_of(self.bob)}
        assert self.shown["alice"]["sas"] == self.shown["bob"]["sas"]
        return self

    def end(self):
        """Of a call that lives; what each phone says of it."""
        self.alice.signal(signal.SIGINT)
        return self.ended(status=0)

    def ended(self, status):
        """The same of one that has ended itself, alice's exit status being `status`."""
        assert self.alice.wait(20.0) == status, self.alice.output()
        self.bob.wait(20.0)
        over = self.edge.wait_event(lambda event: event.get("code") == "call.ended" and event["call"] == self.id)
        assert over["reason"] == "call.bye", over
        return {"alice": report_of(self.alice), "bob": report_of(self.bob)}

    def both_say_yes(self):
        for phone in (self.alice, self.bob):
            phone.write("y\n")
            assert reply_of(phone) == "same"


def reply_of(phone):
    return phone.wait_json(lambda event: event.get("event") == "sas_reply")["reply"]


@pytest.fixture
def couple(build, tmp_path):
    made = Couple(build, tmp_path / "state")
    yield made
    made.close()


def was_asked(phone):
    return any("sas_reply" in line for line in phone.lines)


def test_what_both_have_compared_is_remembered(couple):
    couple.begin().both_say_yes()
    assert all(report["sas_verified"] for report in couple.end().values())
    couple.begin()
    assert all(shown["verified"] and not shown["cache_mismatch"] for shown in couple.shown.values())
    couple.alice.write("n\n")  # nobody has asked
    reports = couple.end()
    assert all(report["sas_verified"] for report in reports.values()) and not was_asked(couple.alice)
    assert all(shown["verified"] for shown in couple.begin().shown.values()), "and it stays so"
    couple.end()


def test_an_answer_that_is_none_is_asked_for_again(couple):
    couple.begin(asked=("alice",))
    for text, reply in (("perhaps\n", "unclear"), ("\n", "unclear"), ("yes\n", "same")):
        couple.alice.write(text)
        assert reply_of(couple.alice) == reply
    reports = couple.end()
    assert reports["alice"]["sas_verified"] and not reports["bob"]["sas_verified"]
    shown = couple.begin(asked=()).shown
    assert not shown["alice"]["verified"] and not shown["bob"]["verified"], "both must have compared (RFC 6189 7.1)"
    couple.end()


def test_different_words_end_the_call_and_nobody_is_remembered_as_compared(couple):
    couple.begin()
    couple.bob.write("y\n")
    assert reply_of(couple.bob) == "same"
    couple.alice.write("n\n")
    assert reply_of(couple.alice) == "different"
    reports = couple.ended(status=1)
    report = reports["alice"]
    assert report["code"] == "phone.zrtp.sas_differs" and "in the middle" in report["detail"] and not report["sas_verified"]
    assert reports["bob"]["code"] == "phone.call.bye"
    assert not couple.begin(asked=()).shown["alice"]["verified"]
    couple.end()


def test_a_yes_can_be_taken_back(couple):
    couple.begin().both_say_yes()
    couple.alice.write("no\n")
    assert reply_of(couple.alice) == "different"
    couple.ended(status=1)
    assert not couple.begin(asked=()).shown["alice"]["verified"]
    couple.end()


def test_nobody_who_could_answer_leaves_the_words_uncompared(couple):
    couple.begin()
    couple.alice.close_input()
    assert reply_of(couple.alice) == "none"
    reports = couple.end()
    assert reports["alice"]["code"] == "phone.call.hung_up" and not reports["alice"]["sas_verified"]
    assert not couple.begin(asked=()).shown["alice"]["verified"]
    couple.end()


def test_somebody_else_under_a_known_address_is_announced(couple):
    couple.begin().both_say_yes()
    couple.end()
    (couple.state / "bob.zrtp").rename(couple.state / "bob-of-then.zrtp")
    couple.begin()
    assert couple.shown["alice"]["cache_mismatch"] and not couple.shown["alice"]["verified"]
    assert not couple.shown["bob"]["cache_mismatch"], "who has never talked to her misses nobody"
    couple.alice.write("n\n")
    assert reply_of(couple.alice) == "different", "she is asked, though she has compared with bob"
    couple.ended(status=1)
    (couple.state / "bob-of-then.zrtp").rename(couple.state / "bob.zrtp")
    assert couple.begin().shown["alice"]["verified"], "bob himself is known as before"
    couple.end()
