# SPDX-License-Identifier: Apache-2.0
"""The phone's microphone and loudspeaker: without a device, and with one of ALSA's that is not there in metal."""
import os

import pytest
from conftest import ROOT  # noqa: F401
from kit.process import run
from test_media import Call, place, report_of  # noqa: F401

NONE = "pcm.gone { type hw card 9 }"  # with no pcm at all PortAudio 19.6 aborts
FAKE = """pcm.!default { type null }
ctl.!default { type null }
pcm.headset { type null hint { show on description "headset" } }
"""


@pytest.fixture
def alsa(tmp_path, monkeypatch):
    """What ALSA is configured as from here on."""
    def configure(text):
        path = tmp_path / "alsa.conf"
        path.write_text(text)
        monkeypatch.setenv("ALSA_CONFIG_PATH", os.fspath(path))
    return configure


def test_a_machine_without_a_sound_card_is_told_so(build, alsa):
    alsa(NONE)
    done = run([build.phone, "devices"], check=False)
    assert done.returncode == 2 and "phone.audio.no_device" in done.stderr


def test_the_sound_cards_are_listed(build, alsa):
    alsa(FAKE)
    done = run([build.phone, "devices"])
    assert {"headset", "default"} <= set(done.stdout.splitlines())


def test_a_call_without_a_device_ends_with_the_reason(place, alsa):  # noqa: F811
    alsa(NONE)
    call = place()
    call.call_plainly(alice=("--audio", "device"))
    assert call.alice.wait(20.0) == 1
    assert report_of(call.alice)["code"] == "phone.audio.no_device"


def test_a_device_of_another_name_is_none(place, alsa):  # noqa: F811
    alsa(FAKE)
    call = place()
    call.call_plainly(alice=("--audio", "device=speakers"))
    assert call.alice.wait(20.0) == 1
    assert report_of(call.alice)["code"] == "phone.audio.no_device"


@pytest.mark.parametrize("device", ["device", "device=headset"])
def test_a_call_by_a_device_talks_and_listens(place, alsa, device):  # noqa: F811
    alsa(FAKE)
    call = place(seconds=2)
    call.call_plainly(alice=("--audio", device))
    assert call.alice.wait(30.0) == 0, call.alice.output()
    media = report_of(call.alice)["media"]
    assert media["packets_sent"] > 80 and media["packets_received"] > 80, media
