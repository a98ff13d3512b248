# SPDX-License-Identifier: Apache-2.0
"""What each preset does not let through: the wrong certificate, the wrong place, clear voice, weak suites, old TLS."""
import ssl

import pytest
from kit import counterpart as parts, wire
from preset_calls import from_counterpart, to_counterpart
from preset_stage import Stages

PRESETS = sorted(parts.COUNTERPARTS)
MUTUAL = [preset for preset in PRESETS if parts.COUNTERPARTS[preset].mutual]
ONE_WAY = [preset for preset in PRESETS if preset not in MUTUAL]
OUTSIDE = "127.99.0.1"


@pytest.fixture(scope="module")
def place(build, tmp_path_factory):
    with Stages(build, tmp_path_factory.mktemp("refusals")) as stages:
        yield stages


def says(stage, reason):
    return stage.edge.wait_event(lambda event: str(event.get("reason", "")).startswith(reason), 10.0)


def offer_with(who, **options):
    return lambda end: (wire.sdp(end.port, end.host, formats=who.formats, **options), {})


@pytest.mark.parametrize("preset", PRESETS)
def test_clear_voice_is_refused(place, preset):
    stage = place(preset)
    call = from_counterpart(stage, ring=False, offer=offer_with(stage.who, profile="RTP/AVP", crypto=[]))
    assert call.caller.wire.final().status == 488
    assert says(stage, "sdp.plain_rtp")


@pytest.mark.parametrize("preset", PRESETS)
def test_keys_beside_a_clear_profile_do_not_make_it_a_secure_one(place, preset):
    """What pjsip offers with media_encryption_optimistic=yes."""
    stage = place(preset)
    call = from_counterpart(stage, ring=False, offer=offer_with(stage.who, profile="RTP/AVP", suite=stage.who.expects[0]))
    assert call.caller.wire.final().status == 488


@pytest.mark.parametrize("preset, suite", [("freeswitch", parts.CM128), ("generic-strict", parts.CM128), ("generic-strict", parts.CM256),
                                           ("asterisk", parts.CM256), ("teams", parts.GCM256), ("twilio", parts.CM256)])
def test_a_suite_that_the_preset_does_not_name_is_refused(place, preset, suite):
    stage = place(preset)
    call = from_counterpart(stage, ring=False, offer=offer_with(stage.who, suite=suite))
    assert call.caller.wire.final().status == 488
    assert says(stage, "sdp.crypto.none")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("preset", PRESETS)
def test_tls_below_1_2_is_not_spoken(place, preset):
    stage = place(preset)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        stage.connect(context=context)
    assert says(stage, "tls.handshake.version")


def refused_by_handshake(stage, reason, **options):
    """TLS 1.3 lets a client believe that it is in until the server's alert comes; nothing is answered either way."""
    try:
        link = stage.connect(**options)
        link.send(wire.Caller(link, f"sip:{stage.who.edge}", "ping").text("OPTIONS"))
        assert link.receive() is None
    except (ssl.SSLError, ConnectionError):
        pass
    assert says(stage, reason)


@pytest.mark.parametrize("preset", MUTUAL)
def test_its_network_does_not_stand_in_for_a_certificate(place, preset):
    stage = place(preset)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(stage.pki.edge_anchor(stage.who))
    refused_by_handshake(stage, "tls.handshake.no_certificate", context=context)


@pytest.mark.parametrize("preset", MUTUAL)
def test_a_certificate_of_another_name_is_nobodys(place, preset):
    stage = place(preset)
    ca = "public" if stage.who.trunk else "private"
    refused_by_handshake(stage, "tls.peer.unknown", certificate=stage.pki.issue("other", ca, san="DNS:other.example"))


@pytest.mark.parametrize("preset", MUTUAL)
def test_the_right_name_of_the_wrong_ca_is_nobodys(place, preset):
    stage = place(preset)
    ca = "private" if stage.who.trunk else "public"
    names = ",".join(f"DNS:{name}" for name in stage.who.names)
    refused_by_handshake(stage, "tls.", certificate=stage.pki.issue(f"{preset}-wrong-ca", ca, san=names))


@pytest.mark.parametrize("preset", ["teams", "generic-strict", "generic-compatible"])
def test_the_right_certificate_from_elsewhere_is_refused(place, preset):
    refused_by_handshake(place(preset), "tls.peer.network", source=OUTSIDE)


@pytest.mark.parametrize("preset", ONE_WAY)
def test_from_outside_its_networks_nobody_is_it(place, preset):
    stage = place(preset)
    call = from_counterpart(stage, link=stage.connect(source=OUTSIDE), ring=False)
    refused = call.caller.wire.final()
    assert refused.status in (401, 403), refused
    assert not hasattr(stage.core, "link")  # nobody was called


def not_called(stage, reason):
    """One whose counterpart was changed before the edge runs and connects to it."""
    call = to_counterpart(stage.run(), ring=False)
    assert call.caller.wire.final(timeout=20.0).status in (502, 503)
    assert stage.edge.wait_event(lambda e: e.get("code") == "tls.connect.failed" and e["reason"].startswith(reason))


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "kamailio"])  # where phones need its answer to register
def test_a_server_with_another_name_is_not_called(place, preset):
    """Whoever stands where the counterpart should: the edge goes no further than the handshake."""
    stage = place.new(preset)
    ca = "public" if stage.who.trunk else "private"
    stage.far.context.load_cert_chain(*stage.pki.issue(f"other-{preset}", ca, san="DNS:other.example", key=stage.who.key))
    not_called(stage, "tls.peer.")


def test_a_strict_counterpart_that_ends_at_tls_1_2_is_not_called(place):
    stage = place.new("generic-strict")
    stage.far.context.maximum_version = ssl.TLSVersion.TLSv1_2
    not_called(stage, "tls.")
