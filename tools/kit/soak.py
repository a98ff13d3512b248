# SPDX-License-Identifier: Apache-2.0
"""Many phones that register over TLS and stay, each with a certificate, an address of record and a connection of its
own, from many source addresses of 127/8; and all of them again at once after the edge has restarted. What the edge
used for it is read from /proc. Bounded in count and in time; loopback only."""
import datetime
import heapq
import os
import pathlib
import random
import resource
import selectors
import socket
import ssl
import time

from .edge import DOMAIN, Build, Edge, initialise
from .load import with_settings
from .process import free_port

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    x509 = None

PER_SOURCE = 10  # phones behind one address, as in a home or an office
IN_FLIGHT = 50  # connections that the first registrations make at once: few enough for no handshake to wait
LONGEST = 600.0  # seconds of one phase


class SoakError(Exception):
    pass


def missing():
    """Why no soak can run here, or None."""
    return None if x509 else "python3-cryptography is not installed"


def allow_descriptors(wanted):
    """One connection is one descriptor here and one in the edge, which inherits the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted and os.geteuid() != 0:
        raise SoakError(f"{wanted} descriptors are needed, {hard} are allowed: raise `ulimit -Hn` or run fewer phones")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, hard), max(wanted, hard)))


class Enrolment:
    """Certificates of the edge's own CA for phones, made here: `ca issue` syncs every one to disk."""

    def __init__(self, ca, folder):
        self.key = serialization.load_pem_private_key((ca / "ca-key.pem").read_bytes(), None)
        self.issuer = x509.load_pem_x509_certificate((ca / "ca.pem").read_bytes())
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def context(self, user):
        """What that phone speaks TLS with."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.utcnow()
        minutes = datetime.timedelta(minutes=5)
        builder = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)]))
                   .issuer_name(self.issuer.subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - minutes).not_valid_after(now + datetime.timedelta(days=1)))
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"sip:{user}@{DOMAIN}")])
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        extensions = ((names, False), (usage, True), (x509.BasicConstraints(False, None), True),
                      (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
                      (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
                      (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        both = self.folder / "phone.pem"
        both.touch(0o600)
        both.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) +
                         key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # who the edge is, other tests prove
        context.load_cert_chain(both)
        return context


class Phone:
    """One device. Moved on by the Crowd whenever its socket is ready."""

    def __init__(self, number, context):
        self.user, self.context = f"phone{number}", context
        place = number // PER_SOURCE
        self.source = f"127.{16 + place // 62_500}.{place // 250 % 250}.{place % 250 + 1}"
        self.call_id, self.cseq = f"{self.user}-{random.getrandbits(64):x}", 0
        self.socket, self.stage, self.heard, self.failures = None, "off", b"", 0

    def connect(self, address):
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        raw.bind((self.source, 0))
        raw.connect_ex(address)
        self.socket, self.stage, self.heard = raw, "connecting", b""

    def register(self, expires=3600):
        self.cseq += 1
        aor, contact = f"sip:{self.user}@{DOMAIN}", f"sip:{self.user}@{self.source}:5061;transport=tls"
        self.stage = "asking"
        self.socket.send("\r\n".join([
            f"REGISTER sip:{DOMAIN} SIP/2.0", f"Via: SIP/2.0/TLS {self.source}:5061;branch=z9hG4bK{random.getrandbits(64):x}",
            "Max-Forwards: 70", f"From: <{aor}>;tag={self.cseq}", f"To: <{aor}>", f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} REGISTER", "Supported: outbound, path",
            f"Contact: <{contact}>;reg-id=1;+sip.instance=\"<urn:uuid:{self.call_id}>\"", f"Expires: {expires}",
            "Content-Length: 0", "", ""]).encode())

    def secure(self):
        """TLS takes the descriptor over."""
        self.socket = self.context.wrap_socket(self.socket, do_handshake_on_connect=False)
        self.stage = "handshake"

    def advance(self):
        """One step; the events to wait for next. Raises OSError when the connection is no more."""
        try:
            if self.stage == "handshake":
                self.socket.do_handshake()
                self.register()
            while True:
                chunk = self.socket.recv(4096)
                if not chunk:
                    raise ConnectionResetError("closed by the edge")
                self.heard += chunk
                if self.stage == "asking" and b"\r\n\r\n" in self.heard:
                    self.finish()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE

    def finish(self):
        status = self.heard.split(b" ", 2)[1]
        self.stage, self.heard = "registered" if status == b"200" else f"refused {status.decode()}", b""


class Crowd:
    """All phones, in one thread."""

    def __init__(self, count, address, enrolment):
        host, port = address.rsplit(":", 1)
        self.address, self.selector = (host, int(port)), selectors.DefaultSelector()
        self.phones = [Phone(number, enrolment.context(f"phone{number}")) for number in range(count)]
        self.troubles = {}  # what went wrong -> how often

    def connect(self, phone):
        phone.connect(self.address)
        self.selector.register(phone.socket, selectors.EVENT_WRITE, phone)

    def drop(self, phone, why):
        self.troubles[why] = self.troubles.get(why, 0) + 1
        phone.socket.close()
        phone.socket, phone.stage = None, "off"
        phone.failures += 1

    def turn(self, timeout):
        """Moves on whoever can; returns those that have registered and those that have lost their connection."""
        done, lost = [], []
        for key, _ in self.selector.select(timeout):
            phone, before = key.data, key.data.stage
            self.selector.unregister(key.fileobj)
            try:
                if before == "connecting":
                    phone.secure()
                wanted = phone.advance()
            except OSError as error:
                self.drop(phone, f"{before}: {type(error).__name__}")
                lost.append(phone)
                continue
            if phone.stage.startswith("refused"):
                self.drop(phone, phone.stage)
                lost.append(phone)
                continue
            self.selector.register(phone.socket, wanted, phone)
            if phone.stage == "registered" and before != "registered":
                done.append(phone)
        return done, lost

    def register_all(self, in_flight, patience=None):
        """Everybody connects and registers, so many at once; who fails comes again after a while, as phones do (RFC 5626
        4.5). The seconds after which each was registered, in order."""
        waiting, again, times = list(reversed(self.phones)), [], []
        began, flying = time.monotonic(), 0
        patience = patience or (lambda phone: random.uniform(0.5, 1.0) * min(8.0, 2.0 ** phone.failures))
        while len(times) < len(self.phones):
            now = time.monotonic()
            if now - began > LONGEST:
                raise SoakError(f"{len(times)} of {len(self.phones)} registered within {LONGEST} s: {self.troubles}")
            while again and again[0][0] <= now:
                waiting.append(heapq.heappop(again)[2])
            while waiting and flying < in_flight:
                self.connect(waiting.pop())
                flying += 1
            done, lost = self.turn(0.05)
            now = time.monotonic()
            times += [now - began] * len(done)
            flying -= len(done) + len(lost)
            for phone in lost:
                heapq.heappush(again, (now + patience(phone), phone.user, phone))
        return times

    def refresh_all(self):
        """Everybody says REGISTER once more on the connection that it has."""
        began, waiting, asked = time.monotonic(), list(self.phones), 0
        while waiting or asked:
            if time.monotonic() - began > LONGEST:
                raise SoakError(f"{asked} refreshes unanswered after {LONGEST} s")
            while waiting and asked < IN_FLIGHT:
                waiting.pop().register()
                asked += 1
            done, lost = self.turn(0.05)
            if lost:
                raise SoakError(f"connections ended while they refreshed: {self.troubles}")
            asked -= len(done)

    def lose_all(self):
        """Until everybody has noticed that the edge is gone."""
        began, left = time.monotonic(), len(self.phones)
        while left:
            if time.monotonic() - began > 60.0:
                raise SoakError(f"{left} connections stay open though the edge has ended")
            left -= len(self.turn(0.05)[1])
        for phone in self.phones:
            phone.failures = 0
        self.troubles = {}

    def close(self):
        for phone in self.phones:
            if phone.socket:
                phone.socket.close()
        self.selector.close()


def used(pid):
    """CPU seconds and resident bytes of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")


def settings(text, count):
    """The guard as it is delivered; a registrar, and room for everybody."""
    text = with_settings(text, "[[listener]]", {"max_connections": str(count + 1_000)})
    return with_settings(text, "[registrar]", {"enabled": "true"})


def refusals(edge):
    """What the guard and the registrar have refused, by reason."""
    found = {}
    for event in edge.events():
        reason = event.get("reason", "")
        if reason.startswith(("guard.", "registrar.", "net.handshakes")):
            found[reason] = found.get(reason, 0) + 1
    return found


class Soak:
    """One edge and its crowd. Each phase returns its figures."""

    def __init__(self, build, folder, count):
        allow_descriptors(count + 2_000)
        self.count, self.address = count, f"127.0.0.1:{free_port()}"
        state = pathlib.Path(folder) / "state"
        initialise(build, state, self.address, {})
        config = state / "sallyport.toml"
        config.write_text(settings(config.read_text(), count))
        self.build, self.config = build, config
        self.crowd = Crowd(count, self.address, Enrolment(state / "ca", pathlib.Path(folder) / "phones"))
        self.edge = Edge(build, config)

    @property
    def pid(self):
        return self.edge.process.child.pid

    def arrive(self):
        """The first registrations: what each costs, and what a connection that then idles weighs."""
        warm = self.crowd.phones[:max(20, self.count // 20)]
        everybody, self.crowd.phones = self.crowd.phones, warm
        self.crowd.register_all(IN_FLIGHT)  # the edge's own tables and caches are not a connection's
        self.crowd.phones = everybody[len(warm):]
        cpu, memory = used(self.pid)
        began = time.monotonic()
        self.crowd.register_all(IN_FLIGHT)
        seconds, after = time.monotonic() - began, used(self.pid)
        counted, self.crowd.phones = len(self.crowd.phones), everybody
        return {"phones": counted, "seconds": seconds, "cpu_us_each": (after[0] - cpu) * 1e6 / counted,
                "kb_each": (after[1] - memory) / 1e3 / counted, "resident_mb": after[1] / 1e6}

    def refresh(self):
        before, began = used(self.pid)[0], time.monotonic()
        self.crowd.refresh_all()
        return {"seconds": time.monotonic() - began, "cpu_us_each": (used(self.pid)[0] - before) * 1e6 / self.count}

    def restart(self):
        """The edge ends and begins anew; everybody comes back at the same moment."""
        began = time.monotonic()
        self.edge.stop()
        stopped = time.monotonic()
        self.crowd.lose_all()
        self.edge = Edge(self.build, self.config)
        before, started = used(self.pid)[0], time.monotonic()
        times = sorted(self.crowd.register_all(self.count))
        cpu = used(self.pid)[0] - before
        return {"stop_seconds": stopped - began, "start_seconds": started - stopped, "half": times[len(times) // 2],
                "most": times[len(times) * 95 // 100], "all": times[-1], "cpu_us_each": cpu * 1e6 / self.count,
                "came_again": sum(self.crowd.troubles.values()), "troubles": dict(self.crowd.troubles), "refusals": refusals(self.edge)}

    def registered(self):
        """(bindings, those with a live connection) as the edge lists them."""
        found = self.edge.ask("registrations")
        return found["total"], sum(each["flow"] for each in found["registrations"])

    def close(self):
        self.crowd.close()
        self.edge.stop()


def measure(build_folder, folder, count, say=print):
    """All phases, printed as they end; the figures."""
    if missing():
        raise SoakError(missing())
    soak = Soak(Build(build_folder), folder, count)
    try:
        arrival = soak.arrive()
        say("{phones} phones registered in {seconds:.1f} s: {cpu_us_each:.0f} us of the edge's CPU each with the handshake, "
            "{kb_each:.1f} kB each while idle, {resident_mb:.0f} MB in all".format(**arrival))
        refreshed = soak.refresh()
        say("{seconds:.1f} s to refresh: {cpu_us_each:.0f} us each".format(**refreshed))
        storm = soak.restart()
        say("restart: {stop_seconds:.1f} s to end, {start_seconds:.1f} s to begin; half were back after {half:.1f} s, 95 % after {most:.1f} s, "
            "all after {all:.1f} s; {cpu_us_each:.0f} us each; {came_again} came again {troubles}; refused: {refusals}".format(**storm))
        bindings, live = soak.registered()
        say(f"{bindings} bindings, {live} with a connection")
        if bindings < count or live != count:
            raise SoakError(f"{count} phones, but {bindings} bindings and {live} connections")
        return {"arrival": arrival, "refresh": refreshed, "storm": storm}
    finally:
        soak.close()
