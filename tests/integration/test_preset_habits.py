# SPDX-License-Identifier: Apache-2.0
"""What each counterpart is known for, one at a time: how Genesys holds, whom Teams sends next, what LiveKit repeats."""
import ssl

import pytest
from kit import counterpart as parts, proofs, wire
from kit.process import run
from kit.srtp import MediaEnd, Srtp, talk
from preset_calls import Call, from_counterpart, to_counterpart
from preset_stage import CORE, Stages


@pytest.fixture(scope="module")
def place(build, tmp_path_factory):
    with Stages(build, tmp_path_factory.mktemp("habits")) as stages:
        yield stages


def reoffer(call, offer, answer):
    """A re-INVITE of the caller that crosses to the callee, whose `answer` is called for its SDP."""
    call.caller.send("INVITE", offer)
    again = call.callee.wire.request("INVITE")
    call.callee.respond(200, "OK", answer(again.body), request=again)
    done = call.caller.wire.expect(lambda m: m.status == 200 and m.method == "INVITE")
    call.caller.ack(done)
    assert call.callee.wire.request("ACK")
    return again, done


def kept(call, **options):
    """How the callee answers with the key that it has."""
    return lambda offer: call.callee_is.answer(call.far, offer, key=key_in(call.answer_body), **options)[0]


def test_genesys_holds_by_an_address_of_zeros_and_resumes(place):
    stage = place("genesys-byoc")
    call = from_counterpart(stage).answer().talk()
    held, _ = stage.who.offer(call.near, call.keys, version=2)
    held = held.replace(f"c=IN IP4 {call.near.host}", "c=IN IP4 0.0.0.0")
    again, _ = reoffer(call, held, kept(call, direction="inactive", version=2))
    assert "a=sendonly" in again.body or "a=inactive" in again.body, again
    back, _ = stage.who.offer(call.near, call.keys, version=3)
    again, _ = reoffer(call, back, kept(call, version=3))
    assert "a=sendrecv" in again.body
    call.talk()
    call.hang_up()


def key_in(body):
    return next(line.split("inline:")[1].split("|")[0] for line in body.splitlines() if line.startswith("a=crypto:"))


def test_genesys_voice_may_come_from_any_address_that_proves_its_key(place):
    stage = place("genesys-byoc")
    call = from_counterpart(stage).answer()
    elsewhere = MediaEnd("127.20.5.99", call.near.public)
    stage.ends.append(elsewhere)
    elsewhere.sending, elsewhere.far = call.near.sending, call.near.far
    talk(elsewhere, call.far)
    stranger = MediaEnd("127.20.5.66", call.near.public)
    stage.ends.append(stranger)
    stranger.sending, stranger.far = Srtp(parts.CM128, MediaEnd.key(parts.CM128)), call.near.far
    for _ in range(5):
        stranger.say(bytes(160))
    assert not call.far.spoken_to()
    elsewhere.hearing = call.near.hearing
    talk(call.far, elsewhere)  # and the answer goes where the voice came from
    call.hang_up()


def test_genesys_is_shown_the_rsa_certificate_and_no_hello_of_tls_1_3(place):
    stage = place("genesys-byoc")
    link = stage.connected()
    assert link.tls.cipher()[0].startswith("ECDHE-RSA-") and link.tls.version() == "TLSv1.2"
    to_counterpart(stage)
    assert stage.far.context.maximum_version == ssl.TLSVersion.TLSv1_3 and stage.link(stage.far).tls.version() == "TLSv1.2"


def test_teams_is_called_at_its_three_names_in_their_order(place):
    places = {"sip": "127.20.6.10", "sip2": "127.20.6.12", "sip3": "127.20.6.13"}
    stage = place.new("teams", hosts={(f"{name}.pstnhub.microsoft.com", "A"): [host] for name, host in places.items()})
    servers = [stage.far, *(stage.who.listening(stage.pki, host=host, port=stage.far.port) for host in list(places.values())[1:])]
    try:
        call = to_counterpart(stage.run(), ring=False)
        for server in servers[:2]:
            link = server.wire(15.0)
            invite = link.request("INVITE")
            assert invite.uri == "sip:+4930555100@sip.pstnhub.microsoft.com;user=phone"
            wire.Callee(link, invite).respond(503, "Service Unavailable")
            assert link.request("ACK")
        servers[2].link = servers[2].wire(15.0)
        call.ring(servers[2].link).answer().talk().hang_up()
    finally:
        for server in servers[1:]:
            server.close()


def test_teams_numbers_are_e164_with_a_plus_whatever_was_dialled(place):
    stage = place("teams")
    call = Call(stage, CORE, stage.who)
    call.send(stage.from_core(), "sip:030555100@example.org", "<sip:030555777@core.example.org>").ring(stage.link(stage.far))
    assert call.asked.uri == "sip:+4930555100@sip.pstnhub.microsoft.com;user=phone"
    assert "sip:+4930555777@" in call.asked["From"]
    call.answer().hang_up()


def test_teams_and_the_carriers_take_no_sips_uri(place):
    for preset in ("teams", "twilio", "telnyx", "livekit"):
        stage = place(preset)
        call = from_counterpart(stage, ring=False, to=f"sips:{stage.who.called}@{stage.who.edge}:5061")
        assert call.caller.wire.final().status == 416


def test_a_sips_call_goes_on_as_one_to_a_strict_partner(place):
    stage = place("generic-strict")
    call = Call(stage, CORE, stage.who)
    link = stage.from_core()
    call.send(link, f"sips:{stage.who.dialled}@example.org", "<sips:+4930555777@core.example.org>")
    call.caller.contact = "<sips:core@10.20.30.40:5061>"
    call.ring(stage.link(stage.far))
    assert call.asked.uri.startswith("sips:") and call.asked["Contact"].startswith("<sips:")
    call.answer()
    assert call.answered["Contact"].startswith("<sips:")
    call.talk()
    call.hang_up()


def test_twilio_is_called_at_its_termination_name_and_refuses_as_it_does(place):
    stage = place("twilio")
    call = to_counterpart(stage, ring=False)
    link = stage.link(stage.far)
    invite = link.request("INVITE")
    assert invite.uri == "sip:+4930555100@your-trunk.pstn.frankfurt.twilio.com"
    wire.Callee(link, invite).respond(488, "Not Acceptable Here")
    assert call.caller.wire.final().status == 488


def test_telnyx_takes_a_technical_prefix_by_a_rule_that_rewrites(place):
    stage = place.new("telnyx", edit=lambda text: text.replace('to = "telnyx"', 'to = "telnyx"\nrewrite = "0555{number}"'))
    call = to_counterpart(stage.run())
    assert call.asked.uri == "sip:0555+4930555100@sip.telnyx.eu"


def test_telnyx_may_come_again_from_its_other_address(place):
    stage = place("telnyx")
    for host in (stage.who.host, "127.20.8.25"):
        link = stage.connect(source=host)
        from_counterpart(stage, link=link).answer().talk().hang_up()


def test_livekit_offers_alpn_sip(place):
    stage = place("livekit")
    assert stage.connected().tls.selected_alpn_protocol() == "sip"


def test_livekit_repeats_its_first_description_and_that_is_followed(place):
    stage = place("livekit")
    call = to_counterpart(stage).answer().talk()
    for version, direction in ((2, "sendonly"), (3, "sendrecv")):
        offer, _ = CORE.offer(call.near, call.keys, version=version, direction=direction)
        reoffer(call, offer, lambda _: call.answer_body)
    call.talk()
    call.hang_up()


def test_livekit_says_flood_where_no_rule_fits(place):
    stage = place("livekit")
    call = to_counterpart(stage, ring=False)
    link = stage.link(stage.far)
    wire.Callee(link, link.request("INVITE")).respond(486, "flood")
    refused = call.caller.wire.final()
    assert refused.status == 486 and "flood" not in refused.start


def test_freeswitch_brings_new_keys_with_a_reinvite_and_needs_no_padding(place):
    stage = place("freeswitch")
    keys = {parts.GCM256: MediaEnd.key(parts.GCM256).rstrip("=")}
    call = from_counterpart(stage, offer=lambda end: stage.who.offer(end, keys)).answer().talk()
    call.keys = {parts.GCM256: MediaEnd.key(parts.GCM256)}
    offer, _ = stage.who.offer(call.near, call.keys, version=2)
    call.caller.send("INVITE", offer)
    done = call.caller.wire.expect(lambda m: m.status == 200 and m.method == "INVITE")
    call.caller.ack(done)
    call.near.agree(parts.GCM256, call.keys[parts.GCM256], done.body)
    call.answered = done
    call.talk()
    call.hang_up()


def test_asterisk_holds_by_direction(place):
    stage = place("asterisk")
    call = from_counterpart(stage).answer().talk()
    for version, direction, answered in ((2, "sendonly", "recvonly"), (3, "sendrecv", "sendrecv")):
        offer, _ = stage.who.offer(call.near, call.keys, version=version, direction=direction)
        again, done = reoffer(call, offer, kept(call, direction=answered, version=version))
        assert f"a={direction}" in again.body and f"a={answered}" in done.body
    call.talk()
    call.hang_up()


def test_kamailio_is_told_of_a_phone_with_a_path_and_calls_it_there(place):
    stage = place.new("kamailio")
    stage.run().registered()
    told = stage.told
    assert told.uri == "sip:example.org" and "sip:alice@example.org" in told["To"]
    assert "edge.example.org:5061" in told["Path"] and ";lr" in told["Path"]
    call = from_counterpart(stage, to=told.contact_uri())
    call.answer().talk().hang_up()


def test_kamailio_forks_and_the_answer_decides(place):
    stage = place.new("kamailio")
    call = to_counterpart(stage.run())
    other = stage.end(stage.who)
    early, _, _ = stage.who.answer(other, call.asked.body)
    call.callee.respond(183, "Session Progress", early, tag="voicemail", extra=call.routes())
    assert call.caller.wire.status(183)
    call.answer().talk()
    assert not other.spoken_to()
    call.hang_up()


def test_kamailio_may_register_for_those_behind_it(place):
    stage = place.new("kamailio", edit=lambda text: text.replace('upstream = "core"\n', ""))
    link = stage.run().connect()
    register = wire.Caller(link, "sip:example.org", "carol", "example.org")
    register.to_value = "<sip:carol@example.org>"
    register.contact = "<sip:carol@127.20.3.55:5061;transport=tls>;expires=600"
    register.send("REGISTER", extra=("Path: <sip:127.20.3.10:5061;transport=tls;lr>", "Supported: path"))
    assert link.final("REGISTER").status == 200


def test_aead_is_preferred_where_a_compatible_partner_offers_it(place):
    stage = place("generic-compatible")
    suites = (parts.CM128, parts.GCM128, parts.GCM256)
    keys = {suite: MediaEnd.key(suite) for suite in suites}

    def offer(end):
        crypto = [f"a=crypto:{at} {suite} inline:{key}" for at, (suite, key) in enumerate(keys.items(), 1)]
        return wire.sdp(end.port, end.host, crypto=crypto, formats=stage.who.formats, attributes=["a=ptime:20"]), keys

    call = from_counterpart(stage, offer=offer).answer()
    assert parts.offered_suites(call.answered.body) == (parts.GCM256,)
    call.talk()
    call.hang_up()


# Whoever ends calls at these by name and password is challenged with MD5, as their documentation says.
CHALLENGES = [("twilio", "sip.twilio.com"), ("telnyx", "sip.telnyx.com"), ("livekit", "your-project.sip.livekit.cloud")]
USER, PASSWORD = "your-user", "s3cret"


def by_password(preset, realm, algorithms):
    secret = f'credentials = {{ username = "{USER}", realm = "{realm}", password_file = "trunk.password" }}'
    return lambda text: text.replace(f'preset = "{preset}"', f'preset = "{preset}"\n{algorithms}\n{secret}')


def challenged(place, preset, realm, algorithms):
    """The call that the counterpart wants a password for, and its connection."""
    stage = place.new(preset, edit=by_password(preset, realm, algorithms))
    secret = stage.folder / "trunk.password"
    secret.touch(mode=0o600)
    secret.write_text(PASSWORD + "\n")
    call = to_counterpart(stage.run(), ring=False)
    link = stage.link(stage.far)
    asked = wire.Callee(link, link.request("INVITE"))
    asked.respond(407, "Proxy Authentication Required", extra=(f'Proxy-Authenticate: Digest realm="{realm}", nonce="Y2hhbGxlbmdl", qop="auth"',))
    assert link.request("ACK")
    return call, link


@pytest.mark.parametrize("preset, realm", CHALLENGES)
def test_a_trunk_by_password_is_answered_with_md5_where_that_is_configured(place, preset, realm):
    call, link = challenged(place, preset, realm, 'digest_algorithms = ["MD5"]')
    call.ring(link)
    assert proofs.proof_in(call.asked, USER, realm, PASSWORD, "MD5")["nonce"] == "Y2hhbGxlbmdl"
    call.answer().talk()
    bye = call.hang_up()
    assert proofs.proof_in(bye, USER, realm, PASSWORD, "MD5")["nc"] == "00000002"
    shown = run([call.stage.build.sallyport, "check", "--config", call.stage.config]).stdout
    assert "MD5" in shown and "weakness" in shown


@pytest.mark.parametrize("preset, realm", CHALLENGES)
def test_a_trunk_that_wants_md5_gets_none_unasked(place, preset, realm):
    call, link = challenged(place, preset, realm, "")
    assert call.caller.wire.final().status == 502
    event = call.stage.edge.wait_event(lambda event: event.get("code") == "trunk.challenge_refused")
    assert event["peer"] == call.stage.who.peer and event["reason"].startswith("identity.digest.")
    assert link.silent()
