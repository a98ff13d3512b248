# SPDX-License-Identifier: Apache-2.0
"""Answers that real peers accept from each other and the edge must not. baresip takes a GCM key that is one byte
short, so the wire says it here."""
import base64
import os

import pytest
from conftest import answer_to
from kit import wire

KEYS = {"one byte short": os.urandom(43), "one byte long": os.urandom(45), "of the 128-bit suite": os.urandom(28)}


@pytest.mark.parametrize("what", KEYS)
def test_an_answer_with_a_gcm_key_of_the_wrong_size_ends_the_call_on_both_sides(standard, what):
    caller = standard.caller()
    caller.send("INVITE", wire.sdp())
    invite = standard.link().request("INVITE")
    callee = wire.Callee(standard.link(), invite)
    callee.respond(200, "OK", answer_to(invite, suite="AEAD_AES_256_GCM", key=base64.b64encode(KEYS[what]).decode()))
    assert callee.wire.request("ACK") and callee.wire.request("BYE")
    assert caller.wire.final().status == 488
    standard.edge.wait_event(lambda event: event.get("reason") == "sdp.crypto.key")
