# SPDX-License-Identifier: Apache-2.0
"""Keys of our phone (RFC 4733) through a real edge, at the clock rate of either voice codec."""
import pytest
from conftest import ROOT  # noqa: F401
from test_media import Call, place, report_of  # noqa: F401


@pytest.mark.parametrize("codec", ["opus", "pcmu"])
def test_keys_are_heard_at_the_other_end(place, codec):  # noqa: F811
    call = place(seconds=4).start(alice=("--codec", codec, "--dtmf", "123#"), bob=("--dtmf", "0*d@2s"))
    record = call.finish()
    assert record["end"]["code"] == "call.bye"
    alice, bob = report_of(call.alice)["media"], report_of(call.bob)["media"]
    assert (bob["digits_received"], alice["digits_received"]) == ("123#", "0*D")
    assert alice["packets_lost"] == bob["packets_lost"] == 0, "the voice goes on with the next number"
