# SPDX-License-Identifier: Apache-2.0
"""A core whose media relay is rtpengine: it keys the leg to the edge by DTLS or SDES, is found by ICE or by its address,
and speaks SDES with the phone behind it."""
import pytest
from kit import edge as edges, kamailio, rtpengine
from kit.process import free_port
from stage import BOB, CM, GCM, assert_heard, needs, stage  # noqa: F401

pytestmark = needs(kamailio.missing() or rtpengine.missing())
CORE_NAME = "core." + edges.DOMAIN
CORE = "dns:" + CORE_NAME

DTLS = "UDP/TLS/RTP/SAVP SDES-off rtcp-mux-offer ICE=remove"
DTLS_BY_ICE = "UDP/TLS/RTP/SAVP SDES-off rtcp-mux-offer ICE=force"
SDES = "RTP/SAVP DTLS=off rtcp-mux-demux ICE=remove"


@pytest.fixture
def core(stage):  # noqa: F811
    """alice at the edge, bob behind Kamailio and rtpengine; `media` and `ice` of the leg between edge and core."""
    def begin(outward, media, ice="never"):
        core_address, stage.bob_address, stage.alice_address = (f"127.0.0.1:{free_port()}" for _ in range(3))

        def edit(text):
            table = (f'[[peer]]\nname = "core"\nidentities = ["{CORE}"]\ntrust = "private"\naddress = "{core_address}"\n'
                     f'tier = "compatible"\nmedia = {media}\nice = "{ice}"\nasserted_identity = "sip:trunk@{edges.DOMAIN}"\n\n'
                     f'[[route]]\nuser = "bob"\nto = "core"\n\n')
            at = text.index("\n[[route]]\n") + 1
            return text[:at] + table + text[at:]

        stage.prepare({"alice": stage.alice_address}, calling=("bob",), edit=edit)
        stage.run()
        relay = stage.keep(rtpengine.Rtpengine(stage.folder / "rtpengine"))
        stage.core = stage.keep(kamailio.Kamailio(
            stage.folder / "kamailio", stage.issue("core", "--dns", CORE_NAME), stage.ca, stage.address, stage.bob_address,
            edge_name="edge." + edges.DOMAIN, port=int(core_address.rsplit(":", 1)[1]), media=kamailio.MediaRelay(relay.address, SDES, outward)))
        return stage

    return begin


def call(stage, direction):  # noqa: F811
    """A whole call, heard both ways; the leg towards the core as recorded."""
    if direction == "inward":
        answering = stage.answering_phone("bob", stage.bob_address, expect=CORE)
        calling = stage.calling_phone("alice", BOB)
    else:
        answering = stage.answering_phone("alice", stage.alice_address)
        calling = stage.calling_phone("bob", "sip:alice@" + edges.DOMAIN, stage.core.address, expect=CORE)
    assert calling.wait() == 0, calling.output() + stage.core.process.output()[-3000:]
    assert answering.wait() == 0, answering.output()
    record = stage.evidence(stage.answered())
    assert_heard(stage.speech("alice"), stage.recording("bob"))
    assert_heard(stage.speech("bob"), stage.recording("alice"))
    return record["legs"][1 if direction == "inward" else 0]


@pytest.mark.parametrize("direction", ["inward", "outward"])
@pytest.mark.parametrize("outward, media, keying", [(DTLS, '["dtls"]', "DTLS-SRTP"), (SDES, '["sdes"]', "SDES")], ids=["dtls", "sdes"])
def test_voice_crosses_rtpengine(core, direction, outward, media, keying):
    leg = call(core(outward, media), direction)
    assert leg["keying"] == keying and leg["srtp_suite"] in (GCM, "AEAD_AES_128_GCM", CM)


# Not inward: offered ICE by a lite agent, 10.5 checks before it answers, and calls itself controlled once it has, so that
# nobody nominates (docs/interop.md).
def test_rtpengine_is_found_by_ice_when_it_offers(core):
    leg = call(core(DTLS_BY_ICE, '["dtls"]', "require"), "outward")
    assert leg["keying"] == "DTLS-SRTP" and leg["found_by"] == "ICE"
