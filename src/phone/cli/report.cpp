// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/report.h"

#include <cstdio>

#include "phone/cli/json_line.h"

namespace sallyport::phone {
namespace {

std::string_view codecName(const MediaFigures& media) {
  return media.codec ? sdp::toString(*media.codec) : std::string_view{};
}
std::string_view suiteName(const MediaFigures& media) {
  return media.suite ? crypto::factsOf(*media.suite).name : std::string_view{};
}
std::string_view keyingName(const MediaFigures& media) {
  if (media.zrtp) return "ZRTP";
  return media.keying ? sdp::toString(*media.keying) : std::string_view{};
}
double milliseconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1'000; }

JsonLine drops(const media::DropCounters& counters) {
  JsonLine json;
  for (std::size_t i = 0; i < media::kDropReasons; ++i) {
    const auto reason = static_cast<media::DropReason>(i);
    if (counters.of(reason) != 0) json.integer(media::toString(reason), static_cast<std::int64_t>(counters.of(reason)));
  }
  return json;
}

JsonLine mediaJson(const MediaFigures& media) {
  const auto integer = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  JsonLine json;
  json.integer("packets_sent", integer(media.packets_sent))
      .integer("packets_received", integer(media.packets_received))
      .integer("packets_expected", integer(media.quality.expected))
      .integer("packets_lost", integer(media.quality.lost))
      .number("loss_percent", media.quality.lossPercent())
      .number("jitter_ms", milliseconds(media.quality.jitter))
      .integer("frames_recovered", integer(media.recovered))
      .integer("frames_concealed", integer(media.jitter_buffer.concealed - media.recovered))
      .integer("packets_late", integer(media.jitter_buffer.late))
      .integer("undecodable", integer(media.undecodable))
      .integer("send_failures", integer(media.send_failures));
  if (!media.digits.empty()) json.text("digits_received", media.digits);
  if (media.rating) json.number("mos", media.rating->mos);
  if (media.round_trip) json.number("round_trip_ms", milliseconds(*media.round_trip));
  return json.object("drops", drops(media.drops));
}

JsonLine dtlsJson(const MediaFigures& media) {
  JsonLine json;
  json.flag("fingerprint_verified", media.dtls.has_value());
  if (!media.dtls) return json;
  return json.text("role", media.dtls->role == crypto::DtlsRole::client ? "client" : "server")
      .text("fingerprint", media.dtls->fingerprints.front().text());
}

std::string_view nameOf(media::ice::Role role) {
  return role == media::ice::Role::controlling ? "controlling" : "controlled";
}

JsonLine iceJson(const IceFacts& ice) {
  JsonLine json;
  json.text("role", nameOf(ice.role)).text("remote", ice.remote.toString());
  if (ice.reflexive) json.text("reflexive", ice.reflexive->toString());
  return json;
}

template <typename... Values>
std::string line(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

}  // namespace

std::string jsonReport(const CallReport& report) {
  JsonLine json;
  json.text("event", "ended")
      .integer("status", report.end.status)
      .text("reason", report.end.reason)
      .text("code", report.end.code)
      .text("detail", report.end.detail)
      .flag("answered", report.answered)
      .text("call_id", report.call_id)
      .text("peer", report.peer_uri)
      .number("talked_s", static_cast<double>(report.talked.count()) / 1'000)
      .text("codec", codecName(report.media))
      .text("keying", keyingName(report.media))
      .text("suite", suiteName(report.media))
      .text("tls_version", report.tls_version)
      .text("tls_suite", report.tls_suite)
      .text("tls_peer", report.tls_peer)
      .object("media", mediaJson(report.media));
  if (report.media.keying == sdp::Keying::dtls) json.object("dtls", dtlsJson(report.media));
  if (const auto& ice = report.media.ice) {
    json.object("ice", iceJson(*ice));
  }
  if (const auto& zrtp = report.media.zrtp) json.text("sas", zrtp->sas).flag("sas_verified", zrtp->verified);
  if (report.media.audio_error) json.text("audio_error", describe(*report.media.audio_error));
  return json.str();
}

std::string textReport(const CallReport& report) {
  const auto& media = report.media;
  std::string text = "call with " + report.peer_uri + ": " + report.end.code;
  if (report.end.status != 0) text += " (" + std::to_string(report.end.status) + " " + report.end.reason + ")";
  if (!report.end.detail.empty()) text += ": " + report.end.detail;
  text += "\n";
  if (!report.tls_peer.empty()) {
    text +=
        "  signalling  " + report.tls_version + " " + report.tls_suite + ", the other end is " + report.tls_peer + "\n";
  }
  if (media.suite) {
    text += "  media       " + std::string{codecName(media)} + " over SRTP " + std::string{suiteName(media)} +
            ", keys by " + std::string{keyingName(media)} + "\n";
    if (media.dtls) text += "  certificate as announced: " + media.dtls->fingerprints.front().text() + "\n";
    text += line("  packets     %llu sent, %llu received, %llu lost (%.1f%%), jitter %.1f ms",
                 static_cast<unsigned long long>(media.packets_sent),
                 static_cast<unsigned long long>(media.packets_received),
                 static_cast<unsigned long long>(media.quality.lost), media.quality.lossPercent(),
                 milliseconds(media.quality.jitter));
    if (media.rating) text += line(", MOS %.1f", media.rating->mos);
    text += "\n";
  }
  if (media.zrtp) {
    text += "  words       " + media.zrtp->sas + (media.zrtp->verified ? ", compared\n" : ", not compared\n");
  }
  if (!media.digits.empty()) text += "  keys        " + media.digits + "\n";
  if (const auto& ice = media.ice) {
    text += "  way         found by ICE, to " + ice->remote.toString();
    text += ice->reflexive ? "; the STUN server sees us at " + ice->reflexive->toString() + "\n" : "\n";
  }
  if (report.answered) text += line("  talked      %.1f s\n", static_cast<double>(report.talked.count()) / 1'000);
  if (media.audio_error) text += "  the recording is not whole: " + describe(*media.audio_error) + "\n";
  return text;
}

std::string jsonSas(const ZrtpFacts& facts) {
  return JsonLine{}
      .text("event", "sas")
      .text("sas", facts.sas)
      .flag("verified", facts.verified)
      .flag("cache_mismatch", facts.cache_mismatch)
      .text("agreement", facts.agreement)
      .text("cipher", facts.cipher)
      .str();
}

std::string textSas(const ZrtpFacts& facts) {
  auto text = "end to end by ZRTP (" + facts.agreement + ", " + facts.cipher + "): \"" + facts.sas + "\"";
  if (facts.cache_mismatch) {
    return text + "\nWARNING: this is not who we talked to before, or somebody is in the middle. Compare the words!";
  }
  return text + (facts.verified ? ", compared before" : ": not compared yet; read it to each other");
}

std::string jsonSasReply(SasReply reply) {
  const auto name = [reply] {
    switch (reply) {
      case SasReply::same: return "same";
      case SasReply::different: return "different";
      case SasReply::unclear: return "unclear";
      case SasReply::none: break;
    }
    return "none";
  };
  return JsonLine{}.text("event", "sas_reply").text("reply", name()).str();
}

std::string textSasReply(SasReply reply) {
  switch (reply) {
    case SasReply::same: return "compared: nobody is in the middle";
    case SasReply::different: return "different: somebody is in the middle, and the call ends";
    case SasReply::unclear: return std::string{kSasQuestion};
    case SasReply::none: break;
  }
  return "nobody answers: not compared";
}

std::string jsonComparison(const AudioComparison& c, const AudioVerdict& verdict) {
  std::string complaints;
  for (const auto& complaint : verdict.complaints) {
    if (!complaints.empty()) complaints += ",";
    complaints += jsonString(complaint);
  }
  return JsonLine{}
      .flag("same", verdict.passed())
      .number("correlation", c.correlation)
      .number("snr_db", c.snr_db)
      .number("segmental_snr_db", c.segmental_snr_db)
      .number("gain_db", c.gain_db)
      .number("delay_ms", c.delay_ms)
      .number("delay_spread_ms", c.delay_spread_ms)
      .number("overlap_ms", c.overlap_ms)
      .number("active_ms", c.active_ms)
      .number("missing_ms", c.missing_ms)
      .number("coverage", c.coverage)
      .raw("complaints", "[" + complaints + "]")
      .str();
}

std::string textComparison(const AudioComparison& c, const AudioVerdict& verdict) {
  std::string text = verdict.passed() ? "the same audio\n" : "NOT the same audio\n";
  for (const auto& complaint : verdict.complaints) text += "  - " + complaint + "\n";
  text += line("  correlation %.3f, SNR %.1f dB (segmental %.1f dB), gain %.1f dB\n", c.correlation, c.snr_db,
               c.segmental_snr_db, c.gain_db);
  text += line(
      "  delay %.1f ms (varies by %.1f ms), %.0f ms of %.0f ms of sound missing, %.0f%% of what was played covered\n",
      c.delay_ms, c.delay_spread_ms, c.missing_ms, c.active_ms, c.coverage * 100);
  return text;
}

std::string textRegistered(const Registered& registered) {
  return "registered " + registered.aor + " as " + registered.contact + " for " +
         std::to_string(registered.expires.count()) + " s";
}

std::string jsonRegistered(const Registered& registered) {
  return JsonLine{}
      .text("event", "registered")
      .text("aor", registered.aor)
      .text("contact", registered.contact)
      .integer("expires", registered.expires.count())
      .str();
}

std::string textRegistrationFailed(const Error& error, int status) {
  return "not registered: " + (status != 0 ? std::to_string(status) + " " : std::string{}) + describe(error);
}

std::string jsonRegistrationFailed(const Error& error, int status) {
  return JsonLine{}
      .text("event", "registration_failed")
      .text("code", error.code)
      .text("detail", error.detail)
      .integer("status", status)
      .str();
}

}  // namespace sallyport::phone
