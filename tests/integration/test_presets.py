# SPDX-License-Identifier: Apache-2.0
"""Each preset against its counterpart: a scripted peer that has that counterpart's TLS, SDP and habits, an edge that
runs with the sample, a call each way with voice, and what crossed the wire."""
import pytest
from kit import counterpart as parts, wire
from kit.process import run
from preset_calls import from_counterpart, hosts_of, to_counterpart
from preset_stage import ADVERTISED, Stages

PRESETS = sorted(parts.COUNTERPARTS)
SECRETS = ["10.20.30.40", "SecretPBX", "LeakyPhone", "X-Secret", "core.example.org"]  # of who is not the counterpart


@pytest.fixture(scope="module")
def stages(build, tmp_path_factory):
    """Every sample's edge at once: they wait for nothing but each other's OPTIONS."""
    with Stages(build, tmp_path_factory.mktemp("presets")) as made:
        for preset in PRESETS:
            made(preset)
        yield made


@pytest.fixture(params=PRESETS)
def stage(stages, request):
    return stages(request.param)


def test_the_sample_is_accepted(build, stage):
    done = run([build.sallyport, "check", "--config", stage.config, "--show", stage.who.peer], check=False)
    assert done.returncode == 0 and "error:" not in done.stdout, done.stdout
    assert f"# preset {stage.who.preset}" in done.stdout
    interval = {30: '"30s"', 60: '"1m"'}[stage.who.options_interval]
    assert f"options_interval = {interval}" in done.stdout


def test_a_call_to_the_counterpart(stage):
    call = to_counterpart(stage)
    who, asked = stage.who, call.asked
    assert stage.link(stage.far).tls.version() == who.speaks
    host = who.names[-1] if who.preset == "twilio" else who.names[0]
    assert asked.uri == f"{who.written}@{host}" + (";user=phone" if who.user_phone else ""), asked
    assert hosts_of(asked) == (f"{who.edge}:5061",) * 2
    assert "transport=tls" in asked["Contact"] and "sips:" not in repr(asked)
    assert not [secret for secret in (*SECRETS, "10.9.8.7") if secret in repr(asked)]
    caller = "<sip:+4930555777@example.org;user=phone>" if who.trunk else "<sip:alice@example.org>"
    assert asked["P-Asserted-Identity"] == caller and caller in asked["From"]
    assert_description(asked.body, who)
    call.answer().talk()
    call.press(call.near, call.far)
    bye = call.hang_up()
    assert [route for line in bye.all("Route") for route in line.split(", ")] == list(reversed(who.record_routes)), bye
    assert bye.uri == who.contact


def assert_description(body, who):
    lines = body.splitlines()
    assert parts.offered_suites(body) == who.expects
    assert not [line for line in lines if line.startswith("a=crypto:") and "|" in line]  # no MKI, no lifetime
    media = [line for line in lines if line.startswith("m=")]
    assert len(media) == 1 and " RTP/SAVP " in media[0]
    assert f"c=IN IP4 {ADVERTISED}" in lines
    names = [name.split("/")[0] for _, name in parts.offered_formats(body)]
    # What the caller has comes first, and then what the edge would transcode that into.
    assert [name for name in names if name in who.codecs] == ["PCMU", "PCMA", "opus"]
    assert "telephone-event" in names


def test_a_call_from_the_counterpart(stage):
    call = from_counterpart(stage)
    who = stage.who
    assert not [secret for secret in (who.host, who.agent, *who.headers, *who.record_routes) if secret in repr(call.asked)]
    if who.trunk:
        assert call.asked["P-Asserted-Identity"] == "<sip:+4930555999@example.org;user=phone>"
    call.answer()
    answered = call.answered
    assert hosts_of(answered)[0] == f"{who.edge}:5061"
    assert "sips:" not in repr(answered)
    assert not [secret for secret in SECRETS if secret in repr(answered)]
    assert len([line for line in answered.body.splitlines() if line.startswith("a=crypto:")]) == 1
    call.talk()
    call.press(call.near, call.far)
    call.callee.send("BYE")  # from our side: to its Contact, along its route, on the connection that it made
    assert call.callee.wire.final("BYE").status == 200
    bye = call.caller.wire.request("BYE")
    assert bye.uri == who.contact
    assert [route for line in bye.all("Route") for route in line.split(", ")] == list(who.record_routes), bye


def test_the_edge_asks_for_signs_of_life(stage):
    asked = stage.link(stage.far).request("OPTIONS", timeout=15.0)
    assert hosts_of(asked) == (f"{stage.who.edge}:5061",) * 2
    assert "sips:" not in repr(asked)


def test_its_own_options_are_answered(stage):
    caller = wire.Caller(stage.connected(), f"sip:{stage.who.edge}:5061;transport=tls", "ping")
    caller.contact = f"<{stage.who.contact}>"
    caller.send("OPTIONS")
    answer = caller.wire.final("OPTIONS")
    assert answer.status == 200 and "INVITE" in answer["Allow"]

