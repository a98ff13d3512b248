# SPDX-License-Identifier: Apache-2.0
"""The counterparts of the presets, as data: what each shows, asks for, offers and takes, from their public
documentation (the sources stand in deploy/presets). Names are theirs; addresses are of loopback."""
import dataclasses
import ssl

from . import wire
from .forge import RSA
from .srtp import MediaEnd

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
GCM256, GCM128 = "AEAD_AES_256_GCM", "AEAD_AES_128_GCM"
CM256, CM128 = "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80"
OPUS, PCMU, PCMA, EVENTS = (96, "opus/48000/2"), (0, "PCMU/8000"), (8, "PCMA/8000"), (101, "telephone-event/8000")
BOTH = "clientAuth,serverAuth"


@dataclasses.dataclass(frozen=True)
class Counterpart:
    preset: str
    peer: str                     # what the sample calls it
    names: tuple                  # of its certificate
    host: str                     # where it stands; its voice comes from there too
    network: str                  # where it may come from
    contact: str                  # its Contact URI
    agent: str
    called: str                   # whom it calls at the edge
    formats: tuple = (PCMU, PCMA, EVENTS)
    suites: tuple = (CM128,)      # it offers these, in this order, and takes the first it knows of an offer
    expects: tuple = (CM128,)     # what the edge offers it
    codecs: tuple = ("opus", "PCMU", "PCMA")
    mutual: bool = False          # it shows a certificate and asks for ours
    key: tuple = RSA
    eku: str = BOTH
    connects: tuple = (V12, V13)  # as a client
    serves: tuple = (V12, V13)    # as a server
    speaks: str = "TLSv1.3"       # what a call to it ends in
    ciphers: str = ""             # at TLS 1.2
    alpn: tuple = ()
    edge: str = "edge.example.org"
    options_interval: int = 60
    lifetime: str = ""            # after its keys
    first_tag: int = 1            # of its crypto lines
    record_routes: tuple = ()
    headers: tuple = ()           # of its requests
    attributes: tuple = ("a=ptime:20",)
    trunk: bool = True            # a core stands on the other side; else phones do
    dialled: str = "+4930555100"  # what is called at it
    written: str = "sip:+4930555100"  # the user of the Request-URI that it sees
    user_phone: bool = False

    def listening(self, pki, anchor=None, host=None, port=0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._bound(context, self.serves)
        context.load_cert_chain(*pki.certificate(self))
        if self.mutual:
            context.load_verify_locations(anchor or pki.edge_anchor(self))
            context.verify_mode = ssl.CERT_REQUIRED
        return wire.WirePeer(None, None, None, host or self.host, context, port)

    def client_context(self, pki, certificate=None):
        """`certificate`: another than its own."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and name
        context.load_verify_locations(pki.edge_anchor(self))
        self._bound(context, self.connects)
        if self.mutual or certificate:
            context.load_cert_chain(*(certificate or pki.certificate(self)))
        return context

    def connect(self, pki, address, source=None, certificate=None, context=None):
        context = context or self.client_context(pki, certificate)
        return wire.Wire.through(context, address, source or self.host, self.edge)

    def _bound(self, context, versions):
        context.minimum_version, context.maximum_version = versions
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        if self.alpn:
            context.set_alpn_protocols(list(self.alpn))

    def offer(self, end, keys=None, **options):
        keys = keys or {suite: MediaEnd.key(suite) for suite in self.suites}
        crypto = [f"a=crypto:{self.first_tag + at} {suite} inline:{keys[suite]}{self.lifetime}" for at, suite in enumerate(self.suites)]
        formats = options.pop("formats", self.formats)
        attributes = [*self.attributes, *events_of(formats)]
        return wire.sdp(end.port, end.host, crypto=crypto, formats=formats, attributes=attributes, **options), keys

    def answer(self, end, offer, codec="PCMU", key=None, **options):
        """(SDP, suite, key): one of the offered suites, by its own preference, and one codec with events."""
        lines = [line[len("a=crypto:"):].split() for line in offer.splitlines() if line.startswith("a=crypto:")]
        tag, suite = next((words[0], words[1]) for mine in self.suites for words in lines if words[1] == mine)
        key = key or MediaEnd.key(suite)
        formats = [pair for pair in offered_formats(offer) if pair[1].startswith((codec, "telephone-event"))]
        body = wire.sdp(end.port, end.host, crypto=[f"a=crypto:{tag} {suite} inline:{key}{self.lifetime}"], formats=formats,
                        attributes=[*self.attributes, *events_of(formats)], **options)
        return body, suite, key


def events_of(formats):
    return [f"a=fmtp:{number} 0-16" for number, name in formats if name.startswith("telephone-event")]


def offered_formats(body):
    """[(payload type, "PCMU/8000"), ...] in the offer's order."""
    media = next(line for line in body.splitlines() if line.startswith("m=audio"))
    named = dict(line[len("a=rtpmap:"):].split(" ", 1) for line in body.splitlines() if line.startswith("a=rtpmap:"))
    return [(int(number), named.get(number, {"0": "PCMU/8000", "8": "PCMA/8000"}.get(number, "?"))) for number in media.split()[3:]]


def offered_suites(body):
    return tuple(line.split()[1] for line in body.splitlines() if line.startswith("a=crypto:"))


COUNTERPARTS = {each.preset: each for each in (
    Counterpart(
        "freeswitch", "core", ("fs.example.org",), "127.20.1.10", "127.20.1.0/24", "sip:mod_sofia@127.20.1.10:5061;transport=tls",
        "FreeSWITCH-mod_sofia/1.10.12", "alice", formats=((102, "opus/48000/2"), PCMU, PCMA, EVENTS), suites=(GCM256,), expects=(GCM256,),
        mutual=True, key=RSA, connects=(V12, V12), serves=(V12, V12), speaks="TLSv1.2", options_interval=30, trunk=False, dialled="9196",
        written="sip:9196", headers=("X-FS-Support: update_display,send_info", "Supported: timer, path, replaces", "Session-Expires: 1900;refresher=uac",
                                     "Min-SE: 120")),
    Counterpart(
        "asterisk", "core", ("pbx.example.org",), "127.20.2.10", "127.20.2.0/24", "sip:asterisk@127.20.2.10:5061;transport=TLS", "Asterisk PBX 20",
        "alice", formats=((107, "opus/48000/2"), PCMU, PCMA, EVENTS), mutual=True, connects=(V12, V12), serves=(V12, V12), speaks="TLSv1.2",
        trunk=False, dialled="600", written="sip:600", attributes=("a=ptime:20", "a=maxptime:150"),
        headers=("Supported: 100rel, timer, replaces, norefersub, histinfo", "Session-Expires: 1900", "Min-SE: 95",
                 "P-Asserted-Identity: \"600\" <sip:600@pbx.example.org>")),
    Counterpart(
        "kamailio", "core", ("proxy.example.org",), "127.20.3.10", "127.20.3.0/24", "sip:bob@127.20.3.77:41234;transport=tls", "Linphone/5.2 (behind kamailio)",
        "alice", formats=(OPUS, PCMU, PCMA, EVENTS), suites=(GCM256, CM128), expects=(GCM256, GCM128, CM256, CM128), mutual=True,
        options_interval=30, trunk=False, dialled="bob", written="sip:bob",
        record_routes=("<sip:127.20.3.10:5061;transport=tls;r2=on;lr>", "<sip:127.20.3.10:5060;r2=on;lr>")),
    Counterpart(
        "livekit", "livekit", ("your-project.sip.livekit.cloud",), "127.20.4.10", "127.20.4.0/24", "sip:127.20.4.10:5061;transport=tls", "LiveKit",
        "+4930777", formats=(PCMU, PCMA, EVENTS), suites=(CM128, CM256), expects=(CM256, CM128), alpn=("sip",)),
    Counterpart(
        "genesys-byoc", "genesys", ("example.byoc.mypurecloud.de",), "127.20.5.10", "127.20.5.0/24", "sip:+4930999@127.20.5.10:5061;transport=tls",
        "Genesys Cloud", "+4930777", connects=(V12, V12), serves=(V12, V13), speaks="TLSv1.2",
        ciphers="ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", eku="serverAuth",
        record_routes=("<sip:edge1.byoc.mypurecloud.de:5061;transport=tls;lr>", "<sip:10.27.3.4:5080;lr>")),
    Counterpart(
        "teams", "teams", ("sip.pstnhub.microsoft.com", "sip2.pstnhub.microsoft.com", "sip3.pstnhub.microsoft.com"), "127.20.6.10", "127.20.6.0/24",
        "sip:sip-du-a-eu.pstnhub.microsoft.com:443;x-i=7a1c;x-c=f00d", "Microsoft.PSTNHub.SIPProxy v.2026.8", "+4930777", mutual=True, eku="serverAuth",
        connects=(V12, V12), serves=(V12, V13), speaks="TLSv1.2", edge="sbc.example.org", lifetime="|2^31", first_tag=2,
        record_routes=("<sip:sip-du-a-eu.pstnhub.microsoft.com:5061;transport=tls;lr>",), written="sip:+4930555100", user_phone=True,
        headers=("ms-conversation-id: 9a8b7c", "X-MS-SBC-Host: sbc.example.org")),
    Counterpart(
        "twilio", "twilio", ("*.pstn.twilio.com", "your-trunk.pstn.frankfurt.twilio.com"), "127.20.7.1", "127.20.7.0/30",
        "sip:+4930999@127.20.7.1:5061;transport=tls", "Twilio Gateway", "+4930777", formats=(PCMU, PCMA, EVENTS), codecs=("PCMU", "PCMA", "opus"),
        eku="serverAuth", record_routes=("<sip:127.20.7.1:5061;transport=tls;lr;ftag=7>",), headers=("X-Twilio-AccountSid: AC00", "X-Twilio-CallSid: CA00")),
    Counterpart(
        "telnyx", "telnyx", ("sip.telnyx.eu",), "127.20.8.10", "127.20.8.0/24", "sip:+4930999@127.20.8.10:5061;transport=tls", "Telnyx", "+4930777",
        eku="serverAuth", headers=("X-Telnyx-Leg-Id: 77",)),
    Counterpart(
        "generic-strict", "partner", ("sbc.partner.example",), "127.20.9.10", "127.20.9.0/24", "sip:sbc@127.20.9.10:5061;transport=tls", "Partner/1",
        "+4930777", formats=(OPUS, PCMU, PCMA, EVENTS), suites=(GCM256, GCM128), expects=(GCM256, GCM128), mutual=True, connects=(V13, V13),
        serves=(V12, V13), options_interval=30, key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")),
    Counterpart(
        "generic-compatible", "partner", ("sbc.partner.example",), "127.20.10.10", "127.20.10.0/24", "sip:sbc@127.20.10.10:5061;transport=tls", "Partner/1",
        "+4930777", mutual=True, expects=(GCM256, GCM128, CM256, CM128), connects=(V12, V12), serves=(V12, V12), speaks="TLSv1.2", eku=None),
)}
