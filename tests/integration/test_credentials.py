# SPDX-License-Identifier: Apache-2.0
"""`sallyport credentials`: what it writes, what it refuses, and that no password is ever kept or shown."""
import stat
import subprocess

import pytest

from kit import edge as edges
from kit.process import run

ALICE = "alice@" + edges.DOMAIN
PASSWORD = "correct horse battery"


class House:
    """A state folder whose [devices] name a credentials file that is not there yet."""

    def __init__(self, build, state):
        self.build, self.config, self.file = build, state / "sallyport.toml", state / "devices.credentials"
        edges.initialise(build, state, "127.0.0.1:5061", {"bob": "127.0.0.1:5062"})
        text = self.config.read_text()
        self.config.write_text(text.replace('# credentials = "devices.credentials"', 'credentials = "devices.credentials"'))

    def say(self, *words, password=""):
        return run([self.build.sallyport, "credentials", *words, "--config", self.config], check=False, say=password)


@pytest.fixture
def house(build, tmp_path):
    return House(build, tmp_path / "state")


def test_a_password_becomes_verifiers_of_its_owner_alone(house):
    added = house.say("add", "alice", password=PASSWORD + "\n")
    assert added.returncode == 0 and ALICE in added.stdout, added
    text = house.file.read_text()
    assert stat.S_IMODE(house.file.stat().st_mode) == 0o600
    assert PASSWORD not in text + added.stdout + added.stderr
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    assert [line[:2] for line in lines] == [[ALICE, kind] for kind in
                                            ("digest-sha-256", "digest-sha-512-256", "scram-sha-256")]
    assert house.say("list").stdout == f"{ALICE}  digest-sha-256 digest-sha-512-256 scram-sha-256\n"
    assert run([house.build.sallyport, "check", "--config", house.config]).returncode == 0
    assert list(house.file.parent.glob("*.tmp")) == []


def test_whom_the_file_has_is_not_added_again_but_may_be_given_a_new_password(house):
    house.say("add", "alice", password=PASSWORD)
    before = house.file.read_text()
    again = house.say("add", ALICE, password="another")
    assert again.returncode == 1 and "identity.credentials.exists" in again.stderr
    assert house.file.read_text() == before
    assert house.say("add", "alice", "--replace", password="another").returncode == 0
    assert house.file.read_text() != before and house.file.read_text().count(ALICE) == 3
    nobody = house.say("add", "carol", "--replace", password="another")
    assert nobody.returncode == 1 and "identity.credentials.absent" in nobody.stderr


def test_somebody_is_removed_and_nobody_else(house):
    house.say("add", "alice", password=PASSWORD)
    house.say("add", "carol", password=PASSWORD)
    assert house.say("remove", "alice").returncode == 0
    assert ALICE not in house.file.read_text() and house.file.read_text().count("carol@") == 3
    gone = house.say("remove", "alice")
    assert gone.returncode == 1 and "identity.credentials.absent" in gone.stderr


def test_a_peer_has_a_username_of_its_own(house):
    assert house.say("add", "peer:bob", "--username", "trunk7", password=PASSWORD).returncode == 0
    assert "peer:bob trunk7 digest-sha-256 " + edges.DOMAIN in house.file.read_text()


@pytest.mark.parametrize("words, password, code", [
    (("add", "al ice"), PASSWORD, "identity.credentials.identity"),
    (("add", "alice@elsewhere.test"), PASSWORD, "app.credentials.domain"),
    (("add", "alice", "--username", "al"), PASSWORD, "app.credentials.username"),
    (("add", "peer:bob"), PASSWORD, "app.credentials.username"),
    (("add", "peer:nobody", "--username", "x"), PASSWORD, "app.credentials.peer"),
    (("add", "alice"), "", "crypto.password.line"),
    (("add", "alice"), "x" * 257, "crypto.password.line"),
    (("remove", "alice"), "", "identity.credentials.absent"),
])
def test_what_cannot_be_is_refused_and_nothing_is_written(house, words, password, code):
    refused = house.say(*words, password=password)
    assert refused.returncode == 1 and code in refused.stderr, refused
    assert not house.file.exists()


def test_without_a_file_named_there_is_nothing_to_change(house):
    house.config.write_text(house.config.read_text().replace('\ncredentials =', '\n# credentials ='))
    assert "app.credentials.unset" in house.say("add", "alice", password=PASSWORD).stderr


def test_a_file_that_others_can_read_is_not_taken(house):
    house.say("add", "alice", password=PASSWORD)
    house.file.chmod(0o640)
    assert "crypto.key.permissions" in house.say("add", "carol", password=PASSWORD).stderr


def test_commands_at_once_all_have_their_way_or_say_why_not(house):
    children = [subprocess.Popen([house.build.sallyport, "credentials", "add", f"user{i}", "--config", house.config],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for i in range(8)]
    said = [(child.communicate(PASSWORD), child.returncode) for child in children]
    added = sum(code == 0 for _, code in said)
    assert added >= 1 and all(code == 0 or "app.credentials.busy" in error for (_, error), code in said), said
    assert house.file.read_text().count("scram-sha-256") == added


def test_an_argument_is_never_taken_for_a_password(house):
    assert house.say("add", "alice", PASSWORD).returncode == 2
