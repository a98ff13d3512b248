# SPDX-License-Identifier: Apache-2.0
"""An edge that registers phones, by certificate or by password."""
import hashlib

from kit import edge as edges
from kit.load import with_settings

PASSWORD = "correct-horse-47"


def verifier(user, password, realm=edges.DOMAIN):
    """A line of the credentials file: H(user:realm:password), and the same for user@domain."""
    hashes = [hashlib.sha256(f"{name}:{realm}:{password}".encode()).hexdigest() for name in (user, f"{user}@{realm}")]
    return f"{user}@{realm} digest-sha-256 {realm} {' '.join(hashes)}\n"


def registering(state, *users):
    """The edge is everybody's registrar; `users` have a password."""
    def edit(text):
        text = with_settings(text, "[[listener]]", {"client_certificate": '"optional"'})
        text = with_settings(text, "[registrar]", {"enabled": "true"})
        (state / "phones.credentials").touch(0o600)
        (state / "phones.credentials").write_text("".join(verifier(user, PASSWORD) for user in users))
        proofs = {"authentication": '["certificate", "digest"]', "digest_algorithms": '["SHA-256"]'} if users else {}
        text = with_settings(text, "[devices]", {"credentials": '"phones.credentials"', **proofs})
        return text + '\n[[route]]\nuser = "*"\nto = "device"\n'

    return edit


def bound(stage):
    return {each["aor"].split("@")[0]: each for each in stage.edge.ask("registrations")["registrations"]}
