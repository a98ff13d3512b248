# SPDX-License-Identifier: Apache-2.0
"""A scripted client's proofs (RFC 7616, RFC 5802 with RFC 7804, RFC 8898), right or wrong as a test wants them, and an
edge whose listener lets in those without a certificate."""
import base64
import hashlib
import hmac
import json
import os
import re
import socket
import ssl
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from . import edge as edges
from . import wire
from .process import run
from .strangers import endpoint

REALM = edges.DOMAIN
ISSUER = "https://login." + edges.DOMAIN
AUDIENCE = "sip:" + edges.DOMAIN
PASSWORDS = {"alice": "correct horse", "bob": "battery staple", "carol": "a third one"}
HASHES = {"SHA-256": "sha256", "SHA-512-256": "sha512_256", "MD5": "md5"}


# --- the edge ------------------------------------------------------------------------------------------------------

def accounts(authentication='["digest", "scram"]', extra=""):
    """An edit of the sample: phones without certificates, passwords, a registrar."""
    def edit(text):
        changes = [('# client_certificate = "required"', 'client_certificate = "optional"'),
                   ('# authentication = ["certificate"]            # any of: digest, scram, token', f"authentication = {authentication} #"),
                   ('# credentials = "devices.credentials"', 'credentials = "devices.credentials"'),
                   ("[registrar]\nenabled = false", "[registrar]\nenabled = true")]
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        return text + '\n[[route]]\nuser = "alice"\nto = "device"\n' + extra
    return edit


def furnish(border, users=PASSWORDS):
    """The credentials file of an edge that is not running yet."""
    for user, password in users.items():
        run([border.build.sallyport, "credentials", "add", user, "--config", border.config], say=password)
    return border


# --- a connection without a certificate ------------------------------------------------------------------------------

def connect(address, cert=None, key=None, timeout=10.0):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if cert:
        context.load_cert_chain(cert, key)
    return wire.Wire(context.wrap_socket(socket.create_connection(endpoint(address), timeout=timeout)))


class Asker:
    """One connection that asks for something again and again, each time with what it has to show."""

    def __init__(self, address, user="alice", cert=None, key=None, link=None, kind=wire.Caller):
        self.link, self.user = link or connect(address, cert, key), user
        self.caller = kind(self.link, f"sip:{user}@{edges.DOMAIN}", user)
        self.uri = "sip:" + edges.DOMAIN

    def ask(self, authorization=(), method="REGISTER", timeout=10.0):
        extra = ["Expires: 600"] if method == "REGISTER" else []
        values = [authorization] if isinstance(authorization, str) else list(authorization)
        self.caller.send(method, uri=self.uri, extra=(*extra, *(f"Authorization: {value}" for value in values)))
        return self.link.final(method, timeout)

    def challenge(self, scheme="Digest", algorithm=None):
        return challenge_in(self.ask(), scheme, algorithm)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.close()


def params(value):
    return {name.lower(): quoted or plain for name, quoted, plain in
            re.findall(r'(\w[\w-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', value.split(" ", 1)[1])}


def challenges(response, scheme):
    return [params(value + " ") for value in response.all("WWW-Authenticate") if value.split()[0].lower() == scheme.lower()]


def challenge_in(response, scheme="Digest", algorithm=None):
    found = [each for each in challenges(response, scheme) if algorithm in (None, each.get("algorithm"))]
    assert found, response
    return found[0]


# --- digest --------------------------------------------------------------------------------------------------------

def digest(challenge, user, password, method="REGISTER", uri="sip:" + edges.DOMAIN, count=1, algorithm=None, realm=None):
    algorithm, realm = algorithm or challenge.get("algorithm", "MD5"), realm or challenge["realm"]

    def h(*parts):
        return hashlib.new(HASHES[algorithm], ":".join(parts).encode()).hexdigest()

    cnonce, nc = wire.token(), f"{count:08x}"
    response = h(h(user, realm, password), challenge["nonce"], nc, cnonce, "auth", h(method, uri))
    return (f'Digest username="{user}", realm="{realm}", nonce="{challenge["nonce"]}", uri="{uri}", response="{response}", '
            f'algorithm={algorithm}, cnonce="{cnonce}", qop=auth, nc={nc}')


def proof_in(request, user, realm, password, algorithm="SHA-256", header="Proxy-Authorization"):
    """The fields of somebody else's digest, once it is seen to be right."""
    value = request[header]
    assert value, request
    fields = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', value)}

    def h(*parts):
        return hashlib.new(HASHES[algorithm], ":".join(parts).encode()).hexdigest()

    expected = h(h(user, realm, password), fields["nonce"], fields["nc"], fields["cnonce"], "auth", h(request.method, fields["uri"]))
    assert fields["response"] == expected and fields["uri"] == request.uri and fields["username"] == user
    return fields


def digest_proven(authorization, response, password):
    """Whether a response to a request with that answer says that the server knows the password too (RFC 7616 3.5)."""
    said, info = params(authorization), params("x " + (response["Authentication-Info"] or ""))

    def h(*parts):
        return hashlib.new(HASHES[said["algorithm"]], ":".join(parts).encode()).hexdigest()

    expected = h(h(said["username"], said["realm"], password), said["nonce"], said["nc"], said["cnonce"], "auth", h("", said["uri"]))
    return info.get("rspauth") == expected


# --- SCRAM ---------------------------------------------------------------------------------------------------------

class Scram:
    """The client's side of one exchange."""

    def __init__(self, user, password, realm=REALM):
        self.user, self.password, self.realm = user, password, realm
        self.bare = f"n={user},r={wire.token()}"

    def first(self):
        return f'SCRAM-SHA-256 realm="{self.realm}", data="{base64.b64encode(("n,," + self.bare).encode()).decode()}"'

    def learn(self, response):
        self.offer = challenge_in(response, "SCRAM-SHA-256")
        self.message = base64.b64decode(self.offer["data"]).decode()
        return dict(part.split("=", 1) for part in self.message.split(","))

    def final(self, response):
        told = self.learn(response)
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(told["s"]), int(told["i"]))
        client = hmac.digest(salted, b"Client Key", "sha256")
        bare_final = "c=biws,r=" + told["r"]
        signed = ",".join((self.bare, self.message, bare_final)).encode()
        signature = hmac.digest(hashlib.sha256(client).digest(), signed, "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client, signature))).decode()
        self.expected = "v=" + base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")).decode()
        data = base64.b64encode(f"{bare_final},p={proof}".encode()).decode()
        return f'SCRAM-SHA-256 realm="{self.realm}", sid="{self.offer["sid"]}", data="{data}"'

    def proven(self, response):
        """Whether the server knows the password too."""
        info = params("x " + (response["Authentication-Info"] or ""))
        return base64.b64decode(info.get("data", "")).decode() == self.expected


def scram(asker, user, password):
    """A whole exchange: (the exchange, the last answer)."""
    exchange = Scram(user, password)
    return exchange, asker.ask(exchange.final(asker.ask(exchange.first())))


# --- tokens --------------------------------------------------------------------------------------------------------

def b64url(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).decode().rstrip("=")


class Issuer:
    """Whose tokens the edge believes."""

    def __init__(self, kid="k1"):
        self.kid, self.key = kid, ec.generate_private_key(ec.SECP256R1())

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        return {"keys": [{"kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "alg": "ES256",
                          "x": b64url(numbers.x.to_bytes(32, "big")), "y": b64url(numbers.y.to_bytes(32, "big"))}]}

    def token(self, user="alice", key=None, **changes):
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": f"sip:{user}@{edges.DOMAIN}", "iat": now, "exp": now + 600, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = b64url({"alg": "ES256", "kid": self.kid, "typ": "JWT"}) + "." + b64url(claims)
        r, s = utils.decode_dss_signature((key or self.key).sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return "Bearer " + signed + "." + b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def private(file, text):
    """A secret in a file of its owner alone."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    return file
