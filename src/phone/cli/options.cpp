// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/numbers.h"
#include "crypto/dtls_session.h"
#include "phone/cli/command_line.h"
#include "phone/cli/duration.h"
#include "sip/header_values.h"

namespace sallyport::phone {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  sallyport-phone answer --listen 127.0.0.1:5071 --cert bob.pem --key bob.key --ca ca.pem --record heard.wav\n"
    "  sallyport-phone call sip:bob@example.com --via 127.0.0.1:5061 --cert alice.pem --key alice.key --ca ca.pem \\\n"
    "      --expect-san dns:edge.example.com --play hello.wav --record heard.wav --duration 10s\n"
    "  sallyport-phone compare hello.wav heard.wav\n"
    "Exit status: 0 success, 1 the call or the comparison failed, 2 wrong usage.";

// Texts as typed; checked by read().
struct RawPhone {
  std::string expect_san, tone;
  std::vector<std::string> codecs, suites, media;
  std::string sas = "b32", ice, stun, digits, audio;
  ZrtpOptions zrtp;
  AccountOptions account;
  bool json = false, digest = false, scram = false;
};
struct RawCall {
  RawPhone phone;
  std::string via, duration = "5s", answer_within = "60s", hold_after, hold_for = "1s", cancel_after;
};
struct RawRegistration {
  std::string via, server_name, expires = "600s";
};
struct RawAnswer {
  RawPhone phone;
  RawRegistration registration;
  std::string listen, answer_after = "0s", hang_up_after;
  int reject = 0;
};

[[noreturn]] void refuse(const std::string& option, const std::string& why) { throw CLI::ValidationError(option, why); }

milliseconds readDuration(const std::string& option, const std::string& text) {
  const auto duration = parseDuration(text);
  if (!duration) refuse(option, "'" + text + "' is no duration; write 5s, 500ms or 2m");
  return *duration;
}

std::optional<milliseconds> readOptionalDuration(const std::string& option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  return readDuration(option, text);
}

Endpoint readEndpoint(const std::string& option, const std::string& text) {
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint) refuse(option, "'" + text + "' is no address; write 192.0.2.1:5061 or [2001:db8::1]:5061");
  return *endpoint;
}

std::optional<sdp::Codec> voiceCodec(const std::string& text) {
  const auto codec = sdp::codecFrom(text);
  return codec && sdp::carriesVoice(*codec) ? codec : std::nullopt;
}

std::optional<crypto::SrtpSuite> srtpSuite(const std::string& text) {
  const auto found = std::find_if(crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end(), [&](auto suite) {
    return sip::equalsIgnoringCase(crypto::factsOf(suite).name, text);
  });
  return found == crypto::kSrtpSuites.end() ? std::nullopt : std::optional{*found};
}

void checkSipUri(const std::string& option, const std::string& text) {
  const auto uri = sip::Uri::parse(text);
  if (!uri || !(uri->isSip() || uri->isSips()))
    refuse(option, "'" + text + "' is no SIP URI; write sip:bob@example.com");
}

void readAccount(const RawPhone& raw, PhoneOptions& options) {
  const bool has_secret = !raw.account.password_file.empty() || !raw.account.token_file.empty();
  if (!has_secret) {
    if (raw.digest || raw.scram || !raw.account.user.empty()) refuse("--user", "goes with --password-file");
    if (options.tls.certificate.empty()) refuse("--cert", "or --password-file, or --token-file: somebody we must be");
    return;
  }
  options.account = raw.account;
  if (raw.digest) options.account->scheme = Account::Scheme::digest;
  if (raw.scram) options.account->scheme = Account::Scheme::scram;
  if (options.tls.certificate.empty() && options.uri.empty()) {
    refuse("--from", "without a certificate, say who we are: sip:me@example.com");
  }
}

// Whole seconds, as REGISTER counts them.
RegistrationPlan read(const RawRegistration& raw) {
  RegistrationPlan plan;
  plan.via = readEndpoint("--via", raw.via);
  plan.server_name = raw.server_name;
  plan.expires = std::chrono::duration_cast<std::chrono::seconds>(readDuration("--expires", raw.expires));
  if (plan.expires.count() == 0) refuse("--expires", "a registration holds a second at least");
  return plan;
}

void readIce(const RawPhone& raw, PhoneOptions& options) {
  if (!raw.ice.empty()) options.ice = raw.ice == "require" ? sdp::IceUse::require : sdp::IceUse::accept;
  if (raw.stun.empty()) return;
  if (raw.ice.empty()) refuse("--stun", "goes with --ice: it finds an address that ICE tells the other end");
  options.stun_server = readEndpoint("--stun", raw.stun);
  if (options.stun_server->port == 0) refuse("--stun", "name the server's port; it is 3478 as a rule");
}

void readKeying(const RawPhone& raw, PhoneOptions& options) {
  const auto named = [&](const char* name) { return std::count(raw.media.begin(), raw.media.end(), name); };
  if (named("zrtp") > 0) {
    if (raw.media.size() > 1) refuse("--media", "zrtp goes alone: the two ends agree their keys, or they do not");
    if (!raw.ice.empty()) refuse("--ice", "goes with keys by sdes or dtls");
    options.zrtp = raw.zrtp;
    options.zrtp->sas = raw.sas == "b256" ? SasForm::base256 : SasForm::base32;
    return;
  }
  if (!raw.zrtp.cache.empty() || raw.zrtp.compare) refuse("--media", "zrtp goes with --zrtp-cache and --compare-sas");
  if (named("sdes") > 1 || named("dtls") > 1) refuse("--media", "each once, preferred first");
  if (!raw.media.empty()) options.keyings.clear();
  for (const auto& text : raw.media) {
    options.keyings.push_back(text == "dtls" ? sdp::Keying::dtls : sdp::Keying::sdes);
  }
}

// "device", or "device=NAME".
std::string readDevice(const std::string& text) {
  constexpr std::string_view kDevice = "device";
  const std::string_view rest = std::string_view{text}.substr(std::min(text.size(), kDevice.size()));
  if (!text.starts_with(kDevice) || (!rest.empty() && rest.front() != '=') || rest == "=") {
    refuse("--audio", "'" + text + "' is neither device nor device=NAME; sallyport-phone devices lists them");
  }
  return std::string{rest.empty() ? rest : rest.substr(1)};
}

DigitOptions readDigits(const std::string& text) {
  const auto at = text.find('@');
  DigitOptions digits;
  digits.keys = text.substr(0, at);
  const bool keys = std::all_of(digits.keys.begin(), digits.keys.end(), [](char key) { return eventOf(key); });
  if (digits.keys.empty() || !keys || digits.keys.size() > media::EventInserter::kMostQueued) {
    refuse("--dtmf", "'" + text + "' is not 1 to 32 of 0-9, *, #, A-D, perhaps followed by @ and when: 123#@2s");
  }
  if (at != std::string::npos) digits.after = readDuration("--dtmf", text.substr(at + 1));
  return digits;
}

void checkDtlsSuites(const PhoneOptions& options) {
  const auto& known = crypto::kDtlsSrtpSuites;
  const bool dtls = std::count(options.keyings.begin(), options.keyings.end(), sdp::Keying::dtls) > 0;
  const bool some = std::find_first_of(options.suites.begin(), options.suites.end(), known.begin(), known.end()) !=
                    options.suites.end();
  if (dtls && !some) refuse("--suites", "DTLS agrees AES_256_CM_HMAC_SHA1_80 with nobody; name another one");
}

void read(const RawPhone& raw, PhoneOptions& options) {
  readKeying(raw, options);
  readIce(raw, options);
  if (!raw.expect_san.empty()) {
    auto san = parseSan(raw.expect_san);
    if (!san) refuse("--expect-san", san.error().detail);
    options.expect_san = *std::move(san);
  }
  if (!raw.tone.empty()) {
    auto tone = parseTone(raw.tone);
    if (!tone) refuse("--tone", tone.error().detail);
    options.tone = *std::move(tone);
  }
  if (!raw.codecs.empty()) options.codecs.clear();
  for (const auto& text : raw.codecs) {
    const auto codec = voiceCodec(text);
    if (!codec) refuse("--codec", "'" + text + "' is not one of opus, pcmu, pcma");
    options.codecs.push_back(*codec);
  }
  if (!raw.suites.empty()) options.suites.clear();
  for (const auto& text : raw.suites) {
    const auto suite = srtpSuite(text);
    if (!suite) {
      refuse("--suites", "'" + text +
                             "' is not one of AEAD_AES_256_GCM, AEAD_AES_128_GCM, AES_256_CM_HMAC_SHA1_80, "
                             "AES_CM_128_HMAC_SHA1_80");
    }
    options.suites.push_back(*suite);
  }
  checkDtlsSuites(options);
  if (!raw.audio.empty()) options.device = readDevice(raw.audio);
  if (!raw.digits.empty()) options.digits = readDigits(raw.digits);
  if (!options.uri.empty()) checkSipUri("--from", options.uri);
  readAccount(raw, options);
  options.output = raw.json ? Output::json : Output::forPeople;
}

enum class Sound : std::uint8_t { played, echoed };

// Who we are, and whom we believe.
void addIdentityOptions(CLI::App& app, PhoneOptions& options, RawPhone& raw) {
  auto* certificate = app.add_option("--cert", options.tls.certificate, "our certificate chain (PEM)");
  auto* key = app.add_option("--key", options.tls.key, "its private key (PEM, readable by its owner alone)");
  certificate->needs(key);
  key->needs(certificate);
  app.add_option("--user", raw.account.user, "the name our password goes with [default: the user of our URI]");
  auto* password = app.add_option("--password-file", raw.account.password_file,
                                  "our password: the first line of a file of ours alone; -: asked for, or from stdin");
  app.add_option("--realm", raw.account.realm, "where it holds [default: the domain of our URI]");
  auto* digest = app.add_flag("--digest", raw.digest, "show it by Digest only")->needs(password);
  app.add_flag("--scram", raw.scram, "show it by SCRAM-SHA-256 only; the edge must prove that it knows it too")
      ->needs(password)
      ->excludes(digest);
  app.add_option("--token-file", raw.account.token_file, "a bearer token, instead of a password")->excludes(password);
  app.add_option("--ca", options.tls.ca, "the CA that vouches for the other end (PEM)")->required();
  app.add_option("--expect-san", raw.expect_san,
                 "who the other end must prove to be: dns:NAME, ip:ADDRESS or uri:URI\n"
                 "[default: dns: and the domain of the sip: URI in our certificate]");
  app.add_option("--from", options.uri, "our own SIP URI [default: the one in our certificate]");
  app.add_flag("--json", raw.json, "one JSON object per event and line on standard output");
}

void addRegistration(CLI::App& app, RawRegistration& raw, const char* via) {
  app.add_option("--via", raw.via, via);
  app.add_option("--server-name", raw.server_name, "TLS server name to ask for [default: the DNS name expected]");
  app.add_option("--expires", raw.expires, "how long a registration is to hold")->capture_default_str();
}

void addPhoneOptions(CLI::App& app, PhoneOptions& options, RawPhone& raw, Sound sound) {
  addIdentityOptions(app, options, raw);
  app.add_option("--record", options.record, "write what is heard to this WAV file");
  app.add_option("--codec", raw.codecs, "opus, pcmu, pcma: those allowed, preferred first [default: all]")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--suites", raw.suites,
                 "SRTP suites allowed, preferred first [default: all four, AEAD_AES_256_GCM first]")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--media", raw.media,
                 "where the keys of SRTP come from, preferred first: sdes (from SDP), dtls (a handshake with whoever\n"
                 "SDP announces); or zrtp (from the other end itself) [default: sdes]")
      ->check(CLI::IsMember({"sdes", "dtls", "zrtp"}))
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--ice{accept}", raw.ice,
               "let ICE find the way to where the other end is, if it speaks it; --ice=require: refuse it otherwise")
      ->check(CLI::IsMember({"accept", "require"}));
  app.add_option("--stun", raw.stun,
                 "a STUN server, ADDRESS:PORT, that says where it sees us, for ICE to tell the other end");
  app.add_option("--zrtp-cache", raw.zrtp.cache,
                 "remember in this file whom we have talked to by ZRTP, and warn of others");
  app.add_option("--sas", raw.sas, "how ZRTP shows what people compare: b32 (four letters), b256 (words)")
      ->check(CLI::IsMember({"b32", "b256"}))
      ->capture_default_str();
  app.add_flag("--compare-sas", raw.zrtp.compare,
               "ask whether the two people read each other the same: y, or n, which ends the call");
  app.add_option("--dtmf", raw.digits, "send these keys a second after the answer, or later: 123#, 123#@2s");
  if (sound == Sound::echoed) return;
  auto* play = app.add_option("--play", options.play, "play this WAV file (16-bit PCM), once");
  app.add_option("--tone", raw.tone, "play a test signal instead: speech, speech:SEED, 440, 697+1209")->excludes(play);
  app.add_option("--audio", raw.audio, "talk and listen: device, or device=NAME, a sound card by its name")
      ->excludes(play)
      ->excludes("--tone");
}

CLI::App* addCall(CLI::App& app, CallOptions& options, RawCall& raw) {
  auto* call = app.add_subcommand("call", "place a call through the edge");
  call->add_option("target", options.target, "whom to call: sip:bob@example.com")->required();
  call->add_option("--via", raw.via, "the edge's address: ADDRESS:PORT")->required();
  call->add_option("--server-name", options.server_name, "TLS server name to ask for [default: the DNS name expected]");
  addPhoneOptions(*call, options.phone, raw.phone, Sound::played);
  call->add_option("--duration", raw.duration, "hang up this long after the answer")->capture_default_str();
  call->add_option("--answer-within", raw.answer_within, "give up if nobody answers")->capture_default_str();
  call->add_option("--hold-after", raw.hold_after, "put the other side on hold this long after the answer ...");
  call->add_option("--hold-for", raw.hold_for, "... and resume after this long")->capture_default_str();
  call->add_option("--cancel-after", raw.cancel_after,
                   "give up this long after the INVITE; success if it is cancelled");
  return call;
}

void addListening(CLI::App& app, AnswerOptions& options, RawAnswer& raw) {
  app.add_option("--listen", raw.listen, "where to listen for the edge: ADDRESS:PORT, port 0 for a free one");
  addRegistration(app, raw.registration, "register at the edge, ADDRESS:PORT, and be called on that connection");
  app.add_option("--answer-after", raw.answer_after, "ring this long before answering")->capture_default_str();
  app.add_option("--hang-up-after", raw.hang_up_after, "hang up this long after answering [default: never]");
  app.add_option("--calls", options.calls, "exit after this many calls [default: run until interrupted]");
}

CLI::App* addAnswer(CLI::App& app, AnswerOptions& options, RawAnswer& raw) {
  auto* answer = app.add_subcommand("answer", "wait for calls from the edge and answer them");
  addListening(*answer, options, raw);
  addPhoneOptions(*answer, options.phone, raw.phone, Sound::played);
  answer->add_option("--reject", raw.reject, "refuse every call with this status (300-699)")
      ->check(CLI::Range(300, 699));
  return answer;
}

CLI::App* addEcho(CLI::App& app, AnswerOptions& options, RawAnswer& raw) {
  auto* echo = app.add_subcommand("echo", "answer calls and send back what is heard");
  addListening(*echo, options, raw);
  addPhoneOptions(*echo, options.phone, raw.phone, Sound::echoed);
  return echo;
}

CallOptions finish(CallOptions options, const RawCall& raw) {
  read(raw.phone, options.phone);
  checkSipUri("target", options.target);
  options.via = readEndpoint("--via", raw.via);
  options.duration = readDuration("--duration", raw.duration);
  options.answer_within = readDuration("--answer-within", raw.answer_within);
  options.hold_after = readOptionalDuration("--hold-after", raw.hold_after);
  options.hold_for = readDuration("--hold-for", raw.hold_for);
  options.cancel_after = readOptionalDuration("--cancel-after", raw.cancel_after);
  return options;
}

AnswerOptions finish(AnswerOptions options, const RawAnswer& raw) {
  read(raw.phone, options.phone);
  if (!raw.listen.empty()) options.listen = readEndpoint("--listen", raw.listen);
  if (!raw.registration.via.empty()) options.registration = read(raw.registration);
  if (!options.listen && !options.registration) refuse("--listen", "or --via: the edge must reach us somehow");
  options.answer_after = readDuration("--answer-after", raw.answer_after);
  options.hang_up_after = readOptionalDuration("--hang-up-after", raw.hang_up_after);
  if (raw.reject != 0) options.reject = raw.reject;
  return options;
}

CLI::App* addRegister(CLI::App& app, RegisterOptions& options, RawPhone& phone, RawRegistration& registration) {
  auto* command = app.add_subcommand("register", "register at the edge, refresh, and show the binding");
  addIdentityOptions(*command, options.phone, phone);
  addRegistration(*command, registration, "the edge's address: ADDRESS:PORT");
  command->get_option("--via")->required();
  command->add_flag("--once", options.once, "take it back and exit as soon as it stands");
  return command;
}

RegisterOptions finish(RegisterOptions options, const RawPhone& phone, const RawRegistration& registration) {
  read(phone, options.phone);
  options.registration = read(registration);
  return options;
}

}  // namespace

Command parseCommandLine(int argc, const char* const* argv) {
  CLI::App app{"Sallyport's own phone: SIP over mutual TLS, encrypted media only.", "sallyport-phone"};
  app.footer(kFooter);
  app.require_subcommand(1);
  CallOptions call_options;
  RawCall raw_call;
  AnswerOptions answer_options, echo_options;
  RawAnswer raw_answer, raw_echo;
  RegisterOptions register_options;
  RawPhone raw_register;
  RawRegistration raw_registration;
  CompareOptions compare_options;
  std::string compare_codec;
  bool compare_json = false;

  bool devices_json = false;
  auto* devices = app.add_subcommand("devices", "list the sound cards");
  devices->add_flag("--json", devices_json, "one JSON object per line");

  const auto* call = addCall(app, call_options, raw_call);
  const auto* answer = addAnswer(app, answer_options, raw_answer);
  const auto* echo = addEcho(app, echo_options, raw_echo);
  const auto* registering = addRegister(app, register_options, raw_register, raw_registration);
  auto* compare = app.add_subcommand("compare", "judge whether what was recorded is what was played");
  compare->add_option("played", compare_options.played, "the WAV file that was played")->required();
  compare->add_option("heard", compare_options.heard, "the WAV file that was recorded")->required();
  compare->add_option("--codec", compare_codec, "hold the comparison to this codec's standard: opus, pcmu, pcma");
  compare->add_flag("--json", compare_json, "print one JSON object");

  try {
    app.parse(argc, argv);
    if (call->parsed()) return finish(call_options, raw_call);
    if (answer->parsed()) return finish(answer_options, raw_answer);
    if (echo->parsed()) {
      echo_options.echo = true;
      return finish(echo_options, raw_echo);
    }
    if (registering->parsed()) return finish(register_options, raw_register, raw_registration);
    if (devices->parsed()) return DevicesOptions{devices_json ? Output::json : Output::forPeople};
    if (!compare_codec.empty()) {
      compare_options.codec = voiceCodec(compare_codec);
      if (!compare_options.codec) refuse("--codec", "'" + compare_codec + "' is not one of opus, pcmu, pcma");
    }
    compare_options.output = compare_json ? Output::json : Output::forPeople;
    return compare_options;
  } catch (const CLI::ParseError& error) {
    return ExitNow{app.exit(error) == 0 ? kExitOk : kExitUsage};
  }
}

}  // namespace sallyport::phone
