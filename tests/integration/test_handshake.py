# SPDX-License-Identifier: Apache-2.0
"""The handshake matrix, with openssl as the counterpart: nobody unknown says a single SIP byte, and the
operator reads exactly why."""
import re
import subprocess

import pytest
from conftest import ROOT  # noqa: F401  (puts tools/ on the path)
from kit import edge as edges, strangers, wire
from kit.forge import Forge
from kit.process import run

DOMAIN = edges.DOMAIN


@pytest.fixture(scope="module")
def place(build, tmp_path_factory):
    """One edge and one forge for the whole matrix."""
    from conftest import Border
    folder = tmp_path_factory.mktemp("handshake")
    made = Border(build, folder / "state")
    made.forge = Forge(folder / "forge", made.state / "ca")
    yield made
    made.close()


def refused(place, code, cert=None, key=None):
    heard, how = strangers.knock(place.address, cert, key)
    assert heard == b"", heard
    event = place.edge.wait_event(lambda e: e.get("reason") == code, 10.0)
    assert event["source"].startswith("127.0.0.1:")
    return how


CASES = {
    "expired": (dict(days=("20200101000000Z", "20210101000000Z")), "tls.certificate.expired"),
    "not_yet_valid": (dict(days=("20400101000000Z", "20410101000000Z")), "tls.certificate.not_yet_valid"),
    "server_only": (dict(eku="serverAuth"), "tls.certificate.wrong_eku"),
    "ca_as_leaf": (dict(ca_flag="CA:TRUE"), "tls.certificate.ca_as_leaf"),
    "rsa_1024": (dict(key=("-newkey", "rsa:1024")), "tls.certificate.weak_key"),
    "sha1": (dict(digest="sha1"), "tls.certificate.weak_signature"),
    "unknown_name": (dict(san="URI:sip:nobody@elsewhere.example"), "tls.peer.unknown"),
    "no_name": (dict(san="email:alice@sallyport.test"), "tls.peer.unknown"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_certificate_with_a_flaw_is_refused_with_its_name(place, case):
    options, code = CASES[case]
    cert, key = place.forge.make(case, **options)
    refused(place, code, cert, key)


def test_no_certificate(place):
    refused(place, "tls.handshake.no_certificate")


def test_a_foreign_ca_that_claims_our_names(place, build, tmp_path):
    run([build.sallyport, "ca", "init", "--dir", tmp_path / "ca", "--name", "Impostor"])
    run([build.sallyport, "ca", "issue", "--dir", tmp_path / "ca", "--name", "alice", "--out", tmp_path, "--uri", f"sip:alice@{DOMAIN}"])
    refused(place, "tls.certificate.untrusted_issuer", tmp_path / "alice.pem", tmp_path / "alice.key")


def test_a_name_constrained_issuer_cannot_vouch_beyond_its_constraint(place):
    forge = place.forge
    key, cert, extensions = (forge.folder / f"middle{ending}" for ending in (".key", ".pem", ".ext"))
    run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key])
    request = forge.folder / "middle.csr"
    run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=Constrained", "-out", request])
    extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
                          "authorityKeyIdentifier=keyid\nnameConstraints=critical,permitted;URI:.other.example,permitted;DNS:other.example\n")
    run(["openssl", "x509", "-req", "-in", request, "-CA", forge.ca / "ca.pem", "-CAkey", forge.ca / "ca-key.pem", "-CAcreateserial",
         "-CAserial", forge.folder / "serial", "-days", "30", "-extfile", extensions, "-out", cert])
    leaf, leaf_key = forge.make("constrained", san="DNS:edge.sallyport.test", issuer=(cert, key))
    leaf.write_text(leaf.read_text() + cert.read_text())
    # The path length or the constraint: either way OpenSSL's exact verdict is logged, and no SIP is read.
    heard, _ = strangers.knock(place.address, leaf, leaf_key)
    assert heard == b""
    event = place.edge.wait_event(lambda e: e.get("reason", "").startswith("tls.certificate."), 10.0)
    assert event["reason"] in ("tls.certificate.name_constraint", "tls.certificate.path_length")


def test_a_revoked_phone_is_refused_after_reload_and_its_connection_ends(border, build):
    made = border()
    caller = made.caller(to=f"sip:{DOMAIN}")
    caller.send("OPTIONS")
    assert caller.wire.final("OPTIONS").status == 200
    run([build.sallyport, "ca", "revoke", "--dir", made.state / "ca", "alice", "--reason", "key-compromise"])
    made.edge.reload()
    made.edge.wait_event(lambda e: e.get("code") == "edge.reloaded", 10.0)
    assert caller.wire.closed()
    refused(made, "tls.certificate.revoked", made.state / "phones/alice.pem", made.state / "phones/alice.key")


def s_client(place, *options):
    command = ["openssl", "s_client", "-connect", place.address, "-cert", place.state / "phones/alice.pem", "-key",
               place.state / "phones/alice.key", "-CAfile", place.state / "ca/ca.pem", "-verify_return_error", *options]
    return subprocess.run([str(word) for word in command], input="", capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("version, suite", [("-tls1_3", r"TLS_AES_256_GCM_SHA384"), ("-tls1_2", r"ECDHE-ECDSA-AES256-GCM-SHA384")])
def test_both_versions_end_in_forward_secrecy_and_aead(place, version, suite):
    done = s_client(place, version)
    assert re.search(rf"Cipher (is|    :) ?{suite}|Cipher\s*:\s*{suite}", done.stdout), done.stdout[-1500:]


@pytest.mark.parametrize("options", [["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
                                     ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"]])
def test_weaker_offers_share_nothing_with_us(place, options):
    done = s_client(place, *options)
    assert "New, (NONE), Cipher is (NONE)" in done.stdout or "handshake failure" in done.stderr or "alert" in done.stderr


@pytest.mark.parametrize("alpn, taken", [("sip", True), ("h2,sip", True), ("http/1.1", False)])
def test_alpn_sip_is_accepted_and_nothing_else(place, alpn, taken):
    done = s_client(place, "-alpn", alpn)
    assert ("ALPN protocol: sip" in done.stdout) == taken


def test_a_session_is_never_resumed(place, tmp_path):
    saved = tmp_path / "session.pem"
    first = s_client(place, "-tls1_2", "-sess_out", saved)
    assert "Verify return code: 0 (ok)" in first.stdout
    if saved.exists():
        again = s_client(place, "-tls1_2", "-sess_in", saved)
        assert "Reused" not in again.stdout


def test_plain_sip_at_the_tls_port_gets_no_sip(place):
    heard, _ = strangers.knock_clear(place.address)
    assert b"SIP/2.0" not in heard
    assert place.edge.wait_event(lambda e: e.get("reason") == "tls.handshake.not_tls", 10.0)


def test_ipv6_serves_the_same(border):
    made = border(listen_host="::1", peer_host="::1")
    caller = made.caller(to=f"sip:{DOMAIN}")
    caller.send("OPTIONS")
    assert caller.wire.final("OPTIONS").status == 200


def test_the_edge_refuses_a_peer_whose_certificate_names_somebody_else(border):
    made = border()
    made.peer.context.load_cert_chain(made.state / "phones/alice.pem", made.state / "phones/alice.key")
    caller = made.caller()
    caller.send("INVITE", wire.sdp())
    assert caller.wire.final().status == 502
    assert made.edge.wait_event(lambda e: e.get("code") == "tls.connect.failed" and e["reason"].startswith("tls.peer."), 10.0)
