# SPDX-License-Identifier: Apache-2.0
"""An edge with a listener for browsers."""
import json
import pathlib
import re

from . import edge as edges
from . import proofs, web, wire
from .process import free_port, run

HEADERS = pathlib.Path(__file__).resolve().parent.parent.parent / "web/phone/headers.json"
TOKEN = f'token = {{ issuer = "{proofs.ISSUER}", audience = "{proofs.AUDIENCE}", jwks = "keys.json" }}\n'
PHONE = {"index.html": "<!doctype html>", "phone.js": "1;" * 200_000, "phone.css": "p {}", "icon.svg": "<svg/>"}


class WebEdge:
    """`border`: makes the edge (tests/conftest.py). alice, bob and carol have passwords, alice is called where she has
    registered; bob has a certificate besides. `phone`: the folder that is served; one with little in it unless given."""

    def __init__(self, border, settings="", metrics="", phone=None, authentication='["digest", "scram", "token"]'):
        self.port = free_port()
        self.address, self.origin = f"127.0.0.1:{self.port}", f"https://localhost:{self.port}"

        def edit(text):
            carol = '\n[[route]]\nuser = "carol"\nto = "device"\n'
            text = proofs.accounts(authentication, carol)(text)
            if "token" in authentication:
                text = text.replace("# token = {", TOKEN + "# token = {", 1)
            text = re.sub(r"(?m)^(methods = \[.*)\]", r'\1, "MESSAGE"]', text, count=1)
            return text.replace('metrics = ""', f'metrics = "{metrics}"', 1) + f"""
[web_listener]
address = "{self.address}"
advertise = "localhost"
certificate = "web.pem"
key = "web.key"
phone = "{phone or 'phone'}"
{settings}
"""
        made = border(edit=edit, run=False)
        self.state, self.border = made.state, made
        run([made.build.sallyport, "ca", "issue", "--dir", made.state / "ca", "--name", "web", "--out", made.state, "--dns", "localhost"])
        (made.state / "phone").mkdir()
        for name, content in PHONE.items():
            (made.state / "phone" / name).write_text(content)
        (made.state / "phone/headers.json").write_text(HEADERS.read_text())
        self.issuer = proofs.Issuer()
        (made.state / "keys.json").write_text(json.dumps(self.issuer.jwks()))
        proofs.furnish(made)
        self.restart()

    def restart(self):
        self.border.edge = self.edge = edges.Edge(self.border.build, self.border.config)

    def connect(self, **options):
        return web.connect(self.address, authority=self.state / "ca/ca.pem", **options)

    def socket(self, **options):
        return web.WebWire.open(self.address, self.origin, authority=self.state / "ca/ca.pem", **options)

    def asker(self, user="alice"):
        return proofs.Asker(None, user, link=self.socket(), kind=web.WebCaller)

    def registered(self, user="alice"):
        phone = self.asker(user)
        done = phone.ask(proofs.digest(phone.challenge(), user, proofs.PASSWORDS[user]))
        assert done.status == 200, done
        return phone

    def bob(self, to="sip:alice@" + edges.DOMAIN):
        """Who speaks SIP over TLS, and is known by a certificate."""
        link = wire.Wire.connect(self.border.address, self.state / "phones/bob.pem", self.state / "phones/bob.key")
        return wire.Caller(link, to, "bob")

    def refused(self, reason, code="web.request.refused"):
        return self.edge.wait_event(lambda event: event.get("code") == code and event.get("reason") == reason)
