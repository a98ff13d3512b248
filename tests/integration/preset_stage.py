# SPDX-License-Identifier: Apache-2.0
"""deploy/samples/<preset>.toml on loopback: the sample's own text with files and addresses that exist here, an
edge that runs with it, the counterpart that the preset is for, and whoever stands on the other side."""
import re
import ssl

from conftest import ROOT
from kit import counterpart as parts, edge as edges, wire
from kit.forge import RSA, Forge
from kit.names import NameServer
from kit.process import free_port, run
from kit.srtp import MediaEnd

SAMPLES = ROOT / "deploy/samples"
CORE = parts.Counterpart(
    "generic-strict", "core", ("core.example.org",), "127.0.0.1", "127.0.0.0/8", "sip:core@10.20.30.40:5061;transport=tls", "SecretPBX/1.2",
    "+4930555100", suites=(parts.GCM256,), mutual=True, headers=("X-Secret: inner",))
ADVERTISED = "203.0.113.10"


class Pki:
    """A private CA and a public one; certificates are made once for all presets."""

    def __init__(self, build, folder):
        self.folder = folder
        self.cas = {}
        for name in ("private", "public"):
            run([build.sallyport, "ca", "init", "--dir", folder / name, "--name", name])
            self.cas[name] = Forge(folder / f"{name}-issued", folder / name)
        self.made = {}

    def anchor(self, name):
        return self.folder / name / "ca.pem"

    def edge_anchor(self, who):
        """What the counterpart trusts the edge by."""
        return self.anchor("public" if who.trunk and who is not CORE else "private")

    def certificate(self, who):
        return self.issue(f"{who.preset}-{who.peer}", "public" if who.trunk and who is not CORE else "private",
                          san=",".join(f"DNS:{name}" for name in who.names), eku=who.eku, key=who.key)

    def issue(self, name, ca="private", **options):
        if (ca, name) not in self.made:
            self.made[ca, name] = self.cas[ca].make(name, **options)
        return self.made[ca, name]


class Stage:
    """edit: of the configuration's text, after the substitutions."""

    def __init__(self, build, pki, folder, preset, edit=None, hosts=None):
        self.build, self.pki, self.folder = build, pki, folder
        folder.mkdir(parents=True)
        self.who = parts.COUNTERPARTS[preset]
        self.far = self.who.listening(pki)
        self.core = CORE.listening(pki, pki.edge_anchor(self.who)) if self.who.trunk else None
        self.names = NameServer(hosts or {(name.lower(), "A"): [self.who.host] for name in self.who.names})
        self.address = f"127.0.0.1:{free_port()}"
        self.ends, self.links = [], []
        self._files()
        text = self._substituted((SAMPLES / f"{preset}.toml").read_text())
        self.config = folder / "sallyport.toml"
        self.config.write_text(edit(text) if edit else text)
        self.edge = None

    def run(self):
        self.edge = edges.Edge(self.build, self.config)
        return self

    def _files(self):
        """Every file that a sample names. The edge's certificate is of the CA that its counterpart trusts."""
        ca = "public" if self.who.trunk else "private"
        names = "DNS:edge.example.org,DNS:sbc.example.org"
        pairs = {"edge": self.pki.issue("edge", ca, san=names), "edge-rsa": self.pki.issue("edge-rsa", ca, san=names, key=RSA)}
        for name, (cert, key) in pairs.items():
            (self.folder / f"{name}.pem").write_bytes(cert.read_bytes())
            (self.folder / f"{name}.key").write_bytes(key.read_bytes())
            (self.folder / f"{name}.key").chmod(0o600)
        public = self.pki.anchor("public").read_bytes()
        for name in ("partner-ca.pem", "digicert-global-root-g2.pem", "public-ca.pem"):
            (self.folder / name).write_bytes(public)
        for name in ("ca.pem", "ca.crl.pem"):
            (self.folder / name).write_bytes((self.pki.folder / "private" / name).read_bytes())

    def _substituted(self, text):
        text = text.replace("/etc/ssl/certs/ca-certificates.crt", f"{self.folder}/public-ca.pem").replace("/etc/sallyport/", f"{self.folder}/")
        text = text.replace('user = "sallyport"', f'state_dir = "{self.folder}"\ndrain_deadline = "1s"\nworkers = 1')
        text = text.replace('"0.0.0.0:5061"', f'"{self.address}"').replace('address = "0.0.0.0"', 'address = "127.0.0.1"')
        inner = self.core if self.core else self.far
        text = text.replace('"192.0.2.20:5061"', f'"{inner.address}"')
        if self.who.trunk:
            text = re.sub(r'(?m)^networks = .*$', "", text)  # loopback stands for what is published
            text = re.sub(r'(?m)^(host = "[^":]*):5061"', rf'\1:{self.far.port}"', text)
            own = f'networks = ["{self.who.network}"]\n'
            if self.who.preset == "teams":
                own += targets_of(self.who, self.far.port)
            text = text.replace(f'preset = "{self.who.preset}"\ntrust', f'preset = "{self.who.preset}"\n{own}trust')
        return text + f'\n[telemetry]\nmetrics = ""\n\n[dns]\nservers = ["{self.names.address}"]\ntimeout = "1s"\n'

    # --- who takes part ---

    def connect(self, **options):
        """The counterpart's connection to the edge."""
        return self._kept(self.who.connect(self.pki, self.address, **options))

    def connected(self):
        """One connection of the counterpart that several calls share."""
        if not hasattr(self, "_connected"):
            self._connected = self.connect()
        return self._connected

    def from_core(self):
        if not hasattr(self, "_from_core"):
            self._from_core = self._kept(CORE.connect(self.pki, self.address, context=self._core_context()))
        return self._from_core

    def _core_context(self):
        """The core trusts whoever issued for the edge."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.pki.edge_anchor(self.who))
        context.load_cert_chain(*self.pki.certificate(CORE))
        return context

    def registered(self):
        """A phone, alice, that is registered at the edge."""
        if not hasattr(self, "_phone"):
            self._phone = self.phone()
            phone = wire.Caller(self._phone, "sip:example.org", "alice", "example.org")
            phone.to_value = "<sip:alice@example.org>"
            phone.contact += ";expires=600"
            phone.send("REGISTER")
            if self.who.preset == "kamailio":
                upstream = self.link(self.far).request("REGISTER")
                self.told = upstream
                core = wire.Callee(self.link(self.far), upstream)
                core.contact = upstream["Contact"]
                core.respond(200, "OK")
            assert self._phone.final("REGISTER").status == 200
        return self._phone

    def phone(self, name="alice"):
        """An enrolled phone's connection."""
        cert = self.pki.issue(f"phone-{name}", san=f"URI:sip:{name}@example.org")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.pki.anchor("private"))
        context.load_cert_chain(*cert)
        return self._kept(wire.Wire.through(context, self.address, "127.0.0.1", "edge.example.org"))

    def _kept(self, link):
        self.links.append(link)
        return link

    def link(self, listener):
        """The edge's connection to a listener: the first is kept, as the edge keeps it."""
        if not hasattr(listener, "link"):
            listener.link = self._kept(listener.wire(15.0))
        return listener.link

    def end(self, who):
        end = MediaEnd(who.host, ADVERTISED)
        self.ends.append(end)
        return end

    def close(self):
        for each in [*self.links, *self.ends]:
            each.close()
        if self.edge:
            self.edge.stop()
        for each in (self.far, self.core, self.names):
            if each:
                each.close()


class Stages:
    """Edges made as tests ask for them, one for each preset unless a test wants its own."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.pki = Pki(build, folder / "pki")
        self.kept, self.made = {}, []

    def __call__(self, preset):
        if preset not in self.kept:
            self.kept[preset] = self.new(preset).run()
        return self.kept[preset]

    def new(self, preset, **options):
        """Not running yet."""
        self.made.append(Stage(self.build, self.pki, self.folder / f"{preset}-{len(self.made)}", preset, **options))
        return self.made[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stage in self.made:
            stage.close()


def targets_of(who, port):
    """The servers of the preset in their order, at a port of this machine."""
    preset = (ROOT / f"deploy/presets/{who.preset}.toml").read_text()
    return re.search(r"(?ms)^targets = \[.*?^\]\n", preset).group().replace(":5061", f":{port}")


