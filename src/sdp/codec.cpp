// SPDX-License-Identifier: Apache-2.0
#include "sdp/codec.h"

#include <algorithm>
#include <array>

#include "core/numbers.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::uint64_t kHighestClockRate = 768'000;
constexpr std::uint8_t kLastStaticType = 34;  // RFC 3551 table 4 and 5

struct CodecFacts {
  Codec codec;
  std::string_view name;
  std::uint32_t clock_rate;  // 0: several
  std::uint8_t channels;
  std::optional<std::uint8_t> static_type;
  std::uint8_t our_type;  // in a fresh offer
};

constexpr std::array kCodecs{
    CodecFacts{Codec::opus, "opus", 48'000, 2, std::nullopt, 96},
    CodecFacts{Codec::pcmu, "PCMU", 8'000, 1, 0, 0},
    CodecFacts{Codec::pcma, "PCMA", 8'000, 1, 8, 8},
    CodecFacts{Codec::telephoneEvent, "telephone-event", 0, 1, std::nullopt, 101},
    CodecFacts{Codec::comfortNoise, "CN", 0, 1, 13, 13},
};

const CodecFacts& factsOf(Codec codec) {
  return *std::find_if(kCodecs.begin(), kCodecs.end(), [codec](const auto& facts) { return facts.codec == codec; });
}

const CodecFacts* withStaticType(std::uint8_t payload_type) {
  const auto* found = std::find_if(kCodecs.begin(), kCodecs.end(),
                                   [payload_type](const auto& facts) { return facts.static_type == payload_type; });
  return found == kCodecs.end() ? nullptr : found;
}

Error malformed(const char* code, std::string_view value) {
  return {ErrorKind::peerMisbehaved, code, std::string{value.substr(0, 128)}};
}

struct Rtpmap {
  std::uint8_t payload_type = 0;
  std::string_view name;
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string_view text;
};

// RFC 8866 6.6: <payload type> <encoding name>/<clock rate>[/<encoding parameters>]
Result<Rtpmap> parseRtpmap(std::string_view value) {
  const auto fields = words(value, 2);
  if (!fields || fields->size() != 2) return malformed("sdp.rtpmap.malformed", value);
  auto encoding = (*fields)[1];
  const auto payload_type = parseUnsigned((*fields)[0], 0, 127);
  Rtpmap map;
  map.text = encoding;
  map.name = takeUntil(encoding, '/');
  if (!payload_type || !isToken(map.name)) return malformed("sdp.rtpmap.malformed", value);
  const auto clock_rate = parseUnsigned(takeUntil(encoding, '/'), 1, kHighestClockRate);
  if (!clock_rate) return malformed("sdp.rtpmap.rate", value);
  const auto channels = encoding.empty() ? 1 : parseUnsigned(encoding, 1, 255);
  if (!channels) return malformed("sdp.rtpmap.malformed", value);
  map.payload_type = static_cast<std::uint8_t>(*payload_type);
  map.clock_rate = static_cast<std::uint32_t>(*clock_rate);
  map.channels = static_cast<std::uint8_t>(*channels);
  return map;
}

// What the section says of each payload type.
struct FormatNotes {
  std::array<std::optional<Rtpmap>, 128> maps;
  std::array<std::optional<std::string_view>, 128> fmtps;
};

Status noteFmtp(std::string_view value, FormatNotes& notes) {
  auto parameters = value;
  const auto payload_type = parseUnsigned(takeUntil(parameters, ' '), 0, 127);
  if (!payload_type) return malformed("sdp.fmtp.malformed", value);
  auto& fmtp = notes.fmtps[*payload_type];
  if (!fmtp) fmtp = trim(parameters);
  return success();
}

Status noteRtpmap(std::string_view value, FormatNotes& notes) {
  SP_ASSIGN(const auto map, parseRtpmap(value));
  auto& known = notes.maps[map.payload_type];
  if (known && !equalsIgnoringCase(known->text, map.text)) return malformed("sdp.rtpmap.repeated", value);
  known = map;
  return success();
}

// The codec of a payload type, nothing when it is none of ours.
Result<std::optional<CodecFormat>> formatOf(std::uint8_t payload_type, const std::optional<Rtpmap>& map) {
  const auto* fixed = withStaticType(payload_type);
  if (!map) {
    if (fixed == nullptr) return std::optional<CodecFormat>{};
    return std::optional{CodecFormat{payload_type, fixed->codec, 8'000, fixed->channels, {}}};
  }
  const auto codec = codecFrom(map->name);
  const bool own_static_type = fixed != nullptr && codec == fixed->codec && map->clock_rate == 8'000;
  const bool static_type_taken = payload_type <= kLastStaticType && codec;
  if (!own_static_type && (fixed != nullptr || static_type_taken)) return malformed("sdp.rtpmap.static", map->text);
  if (!codec) return std::optional<CodecFormat>{};
  const auto& facts = factsOf(*codec);
  const bool right_rate = facts.clock_rate == 0 || facts.clock_rate == map->clock_rate;
  if (!right_rate || map->channels != facts.channels) return std::optional<CodecFormat>{};
  return std::optional{CodecFormat{payload_type, *codec, map->clock_rate, facts.channels, {}}};
}

// RFC 7587 6.1: the parameters that are numbers, which is all of them.
std::string cleanOpusParameters(std::string_view text) {
  constexpr std::array<std::string_view, 10> kKnown{
      "maxplaybackrate", "sprop-maxcapturerate", "minptime", "maxptime", "maxaveragebitrate",
      "stereo",          "sprop-stereo",         "cbr",      "usedtx",   "useinbandfec"};
  std::string clean;
  std::array<bool, kKnown.size()> seen{};
  while (!text.empty()) {
    auto value = takeUntil(text, ';');
    const auto name = trim(takeUntil(value, '='));
    const auto number = parseUnsigned(trim(value), 0, 1'000'000);
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
      if (seen[i] || !number || !equalsIgnoringCase(name, kKnown[i])) continue;
      seen[i] = true;
      if (!clean.empty()) clean += ';';
      clean.append(kKnown[i]).append("=").append(std::to_string(*number));
    }
  }
  return clean;
}

// RFC 4733 2.4.1: "0-15,66": events and ranges of 0 to 255.
std::optional<std::string> cleanEvents(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    auto range = trim(takeUntil(text, ','));
    const bool single = range.find('-') == std::string_view::npos;
    const auto first = parseUnsigned(takeUntil(range, '-'), 0, 255);
    const auto last = single ? first : parseUnsigned(range, 0, 255);
    if (!first || !last || *last < *first) return std::nullopt;
    if (!clean.empty()) clean += ',';
    clean += std::to_string(*first);
    if (!single) clean.append("-").append(std::to_string(*last));
  }
  return clean;
}

Status readParameters(std::string_view text, CodecFormat& format) {
  if (format.codec == Codec::opus) format.fmtp = cleanOpusParameters(text);
  if (format.codec == Codec::telephoneEvent) {
    auto events = cleanEvents(text);
    if (!events) return malformed("sdp.fmtp.malformed", text);
    format.fmtp = std::move(*events);
  }
  return success();
}

bool holds(std::span<const Codec> codecs, Codec codec) {
  return std::find(codecs.begin(), codecs.end(), codec) != codecs.end();
}

}  // namespace

std::string_view toString(Codec codec) { return factsOf(codec).name; }

std::optional<Codec> codecFrom(std::string_view name) {
  for (const auto& facts : kCodecs) {
    if (equalsIgnoringCase(name, facts.name)) return facts.codec;
  }
  return std::nullopt;
}

Result<std::vector<CodecFormat>> formatsOf(const MediaSection& section) {
  FormatNotes notes;
  for (const auto& attribute : section.attributes) {
    if (attribute.name == "rtpmap") SP_TRY(noteRtpmap(attribute.value, notes));
    if (attribute.name == "fmtp") SP_TRY(noteFmtp(attribute.value, notes));
  }
  // RFC 5761 4: with rtcp-mux these numbers cannot be told from RTCP packet types.
  const bool muxed = section.attribute("rtcp-mux").has_value();
  std::vector<CodecFormat> formats;
  for (const auto text : section.formats) {
    const auto number = parseUnsigned(text, 0, 127);
    if (!number || (muxed && *number >= 64 && *number <= 95)) continue;
    SP_ASSIGN(auto format, formatOf(static_cast<std::uint8_t>(*number), notes.maps[*number]));
    if (!format) continue;
    if (notes.fmtps[*number]) SP_TRY(readParameters(*notes.fmtps[*number], *format));
    formats.push_back(std::move(*format));
  }
  return formats;
}

std::vector<CodecFormat> commonFormats(std::span<const CodecFormat> offered, std::span<const Codec> allowed) {
  const auto voiceRate = [&](std::uint32_t rate) {
    return std::any_of(offered.begin(), offered.end(), [&](const CodecFormat& format) {
      return carriesVoice(format.codec) && holds(allowed, format.codec) && format.clock_rate == rate;
    });
  };
  std::vector<CodecFormat> common;
  for (const auto& format : offered) {
    if (holds(allowed, format.codec) && voiceRate(format.clock_rate)) common.push_back(format);
  }
  return common;
}

std::vector<CodecFormat> defaultFormats(std::span<const Codec> codecs) {
  constexpr std::uint8_t kWideEventType = 102;
  std::vector<CodecFormat> formats;
  for (const auto codec : codecs) {
    const auto& facts = factsOf(codec);
    const auto rate = facts.clock_rate == 0 ? 8'000 : facts.clock_rate;
    formats.push_back({facts.our_type, codec, rate, facts.channels, {}});
    if (codec == Codec::opus) formats.back().fmtp = "useinbandfec=1";
    if (codec != Codec::telephoneEvent) continue;
    formats.back().fmtp = "0-15";
    formats.push_back({kWideEventType, codec, 48'000, 1, "0-15"});
  }
  return commonFormats(formats, codecs);
}

}  // namespace sallyport::sdp
