# SPDX-License-Identifier: Apache-2.0
"""Our phones keyed by DTLS through a real edge: to a phone keyed by SDES, to one like themselves, and refused."""
import pytest
from conftest import ROOT  # noqa: F401
from test_media import GCM, Call, place, report_of  # noqa: F401

NAMES = {"sdes": "SDES", "dtls": "DTLS-SRTP"}


def keyed(devices='["sdes", "dtls"]', bob='["sdes", "dtls"]', timeout="10s"):
    """What the edge takes from its phones, and what it offers to bob."""
    def edit(text):
        assert "[devices]\n" in text and "[[peer]]\n" in text and '# handshake_timeout = "10s"' in text
        return (text.replace("[devices]\n", f"[devices]\nmedia = {devices}\n").replace("[[peer]]\n", f"[[peer]]\nmedia = {bob}\n")
                .replace('# handshake_timeout = "10s"', f'handshake_timeout = "{timeout}"'))
    return edit


@pytest.mark.parametrize("alice, bob", [("dtls", "sdes"), ("sdes", "dtls"), ("dtls", "dtls")])
def test_two_phones_talk_whatever_keys_them(place, alice, bob):  # noqa: F811
    call = place(edit=keyed(bob=f'"{bob}"'), seconds=3).start(alice=("--media", alice), bob=("--media", "sdes,dtls"))
    record = call.finish()
    call.judge()
    assert [(leg["keying"], leg["srtp_suite"]) for leg in record["legs"]] == [(NAMES[alice], GCM), (NAMES[bob], GCM)]
    for phone, keying, role in ((call.alice, alice, "server"), (call.bob, bob, "client")):
        said = report_of(phone)
        assert (said["keying"], said["suite"]) == (NAMES[keying], GCM)
        if keying == "dtls":
            assert said["dtls"]["fingerprint_verified"] and said["dtls"]["role"] == role, said
            assert said["dtls"]["fingerprint"].startswith("sha-256 ")


def test_hold_and_resume_keep_the_association(place):  # noqa: F811
    call = place(edit=keyed(), seconds=4).start(alice=("--media", "dtls", "--hold-after", "1s", "--hold-for", "500ms"))
    record = call.finish()
    assert record["end"]["code"] == "call.bye" and record["legs"][0]["keying"] == "DTLS-SRTP"
    assert all(leg["media"]["packets_in"] > 100 for leg in record["legs"])


def test_a_phone_that_has_dtls_alone_is_refused_where_the_edge_has_none(place):  # noqa: F811
    call = place(edit=keyed(devices='"sdes"'))
    call.call(alice=("--media", "dtls"))
    assert call.alice.wait(20.0) == 1
    assert report_of(call.alice)["status"] == 488


def test_a_phone_that_has_dtls_alone_refuses_an_offer_without_it(place):  # noqa: F811
    call = place(edit=keyed(bob='"sdes"'))
    call.call(bob=("--media", "dtls"))
    assert call.alice.wait(20.0) == 1
    said = report_of(call.bob)
    assert (said["status"], said["code"]) == (488, "phone.call.rejected")


@pytest.mark.parametrize("use", ["accept", "require"])
@pytest.mark.parametrize("media", ["sdes", "dtls"])
def test_ice_finds_both_phones(place, media, use):  # noqa: F811
    """The edge is lite, so that either phone controls, whoever has offered."""
    edit = keyed(devices=f'"{media}"\nice = "{use}"', bob=f'"{media}"\nice = "{use}"')
    call = place(edit=edit, seconds=3).start(alice=("--media", media, "--ice=require"), bob=("--media", media, "--ice"))
    record = call.finish()
    call.judge()
    assert [leg["keying"] for leg in record["legs"]] == [NAMES[media]] * 2
    ports = {hole["port"] for leg in record["legs"] for hole in leg["pinholes"]}
    for phone in (call.alice, call.bob):
        ice = report_of(phone)["ice"]
        assert ice["role"] == "controlling" and int(ice["remote"].rpartition(":")[2]) in ports, ice


def test_a_phone_without_ice_is_refused_where_the_edge_requires_it(place):  # noqa: F811
    call = place(edit=keyed(devices='"dtls"\nice = "require"'))
    call.call(alice=("--media", "dtls"))
    assert call.alice.wait(20.0) == 1
    assert report_of(call.alice)["status"] == 488


def test_a_phone_that_requires_ice_refuses_an_edge_without_it(place):  # noqa: F811
    call = place(edit=keyed(devices='"sdes"\nice = "never"'))
    call.call(alice=("--ice=require",))
    assert call.alice.wait(20.0) == 1
    assert report_of(call.alice)["code"] == "sdp.ice.missing"
