// SPDX-License-Identifier: Apache-2.0
#include "call/codec_choice.h"

#include <algorithm>

#include "sdp/voice_codec.h"

namespace sallyport::call {
namespace {

using sdp::Codec;
using sdp::CodecFormat;
using Formats = std::vector<CodecFormat>;
using FormatList = std::span<const CodecFormat>;

constexpr std::uint32_t kTelephonyRate = 8'000;
constexpr std::uint8_t kFirstDynamic = 96, kLastDynamic = 127;

bool hasEvents(FormatList formats) {
  return std::any_of(formats.begin(), formats.end(),
                     [](const CodecFormat& format) { return format.codec == Codec::telephoneEvent; });
}

bool holds(std::span<const Codec> codecs, Codec codec) {
  return std::find(codecs.begin(), codecs.end(), codec) != codecs.end();
}

std::uint8_t freeNumber(const bool (&used)[128], std::uint8_t otherwise) {
  for (std::uint8_t number = kFirstDynamic; number <= kLastDynamic; ++number) {
    if (!used[number]) return number;
  }
  return otherwise;
}

}  // namespace

const CodecFormat* findLike(FormatList formats, const CodecFormat& like) {
  const auto found = std::find_if(formats.begin(), formats.end(), [&](const CodecFormat& format) {
    return format.codec == like.codec && format.clock_rate == like.clock_rate;
  });
  return found == formats.end() ? nullptr : &*found;
}

Formats renumbered(Formats formats, FormatList known) {
  bool used[128] = {};
  for (const auto& format : known) used[format.payload_type] = true;
  for (auto& format : formats) {
    if (const auto* same = findLike(known, format)) {
      format.payload_type = same->payload_type;
      continue;
    }
    if (used[format.payload_type]) format.payload_type = freeNumber(used, format.payload_type);
    used[format.payload_type] = true;
  }
  return formats;
}

Formats formatsToOffer(FormatList theirs, const sdp::MediaPolicy& policy, Transcoding transcoding) {
  auto formats = sdp::commonFormats(theirs, policy.codecs);
  if (transcoding == Transcoding::refused) return formats;
  std::vector<Codec> more;
  for (const auto codec : policy.codecs) {
    const bool offered =
        std::any_of(formats.begin(), formats.end(), [&](const CodecFormat& format) { return format.codec == codec; });
    if (sdp::carriesVoice(codec) && !offered) more.push_back(codec);
  }
  if (more.empty()) return formats;
  if (hasEvents(theirs) && holds(policy.codecs, Codec::telephoneEvent)) more.push_back(Codec::telephoneEvent);
  for (auto& format : renumbered(sdp::defaultFormats(more), formats)) {
    if (findLike(formats, format) == nullptr) formats.push_back(std::move(format));
  }
  return formats;
}

Formats formatsToOpenWith(const sdp::MediaPolicy& policy, const sdp::MediaPolicy& other, Transcoding transcoding) {
  std::vector<Codec> codecs;
  for (const auto codec : policy.codecs) {
    if (holds(other.codecs, codec)) codecs.push_back(codec);
  }
  for (const auto codec : policy.codecs) {
    if (transcoding == Transcoding::allowed && !holds(codecs, codec)) codecs.push_back(codec);
  }
  return sdp::defaultFormats(codecs);
}

Formats formatsToAnswer(FormatList offer, FormatList other, Events events, Transcoding transcoding) {
  const bool ours = events == Events::ours;
  Formats formats;
  if (shareVoice(offer, other)) {
    for (const auto& format : offer) {
      if ((ours && format.codec == Codec::telephoneEvent) || findLike(other, format)) formats.push_back(format);
    }
    return formats;
  }
  const auto* voice = voiceOf(offer);
  if (transcoding == Transcoding::refused || voice == nullptr) return formats;
  formats.push_back(*voice);
  for (const auto& format : offer) {
    const bool fits = format.codec == Codec::telephoneEvent && format.clock_rate == voice->clock_rate;
    if (fits && (ours || hasEvents(other))) formats.push_back(format);
  }
  return formats;
}

Formats formatsHeard(const sdp::LocalAudio& local, const sdp::AudioDescription& remote) {
  Formats formats;
  for (const auto& format : remote.formats) {
    if (findLike(local.formats, format) != nullptr) formats.push_back(format);
  }
  return formats;
}

Formats formatsSent(const sdp::LocalAudio& local, const sdp::AudioDescription& remote) {
  Formats formats;
  for (const auto& format : remote.formats) {
    if (const auto* ours = findLike(local.formats, format)) formats.push_back(*ours);
  }
  return formats;
}

const CodecFormat* voiceOf(FormatList formats) {
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [](const CodecFormat& format) { return sdp::carriesVoice(format.codec); });
  return found == formats.end() ? nullptr : &*found;
}

bool shareVoice(FormatList a, FormatList b) {
  return std::any_of(a.begin(), a.end(), [&](const CodecFormat& format) {
    return sdp::carriesVoice(format.codec) && findLike(b, format) != nullptr;
  });
}

std::optional<media::TranscodingConfig> transcodingOf(FormatList sent, FormatList heard) {
  const auto* to = voiceOf(heard);
  const bool all_fits = std::all_of(sent.begin(), sent.end(), [&](const CodecFormat& format) {
    return !sdp::carriesVoice(format.codec) || findLike(heard, format) != nullptr;
  });
  if (to == nullptr || all_fits) return std::nullopt;
  media::TranscodingConfig config;
  config.to = {to->payload_type, *sdp::voiceCodec(to->codec)};
  for (const auto& format : sent) {
    if (const auto voice = sdp::voiceCodec(format.codec)) config.from.push_back({format.payload_type, *voice});
    if (format.codec == Codec::telephoneEvent) config.events_from.push_back({format.payload_type, format.clock_rate});
  }
  for (const auto& format : heard) {
    if (format.codec == Codec::telephoneEvent && format.clock_rate == to->clock_rate)
      config.events_to = media::TranscodingConfig::Events{format.payload_type, format.clock_rate};
  }
  return config;
}

std::optional<media::TranscodingConfig> repacketisingOf(FormatList sent, FormatList heard) {
  media::TranscodingConfig config;
  for (const auto& here : sent) {
    const auto* there = findLike(heard, here);
    if (there == nullptr || here.clock_rate != kTelephonyRate) continue;
    if (here.codec == Codec::telephoneEvent) {
      config.events_from.push_back({here.payload_type, here.clock_rate});
      config.events_to = media::TranscodingConfig::Events{there->payload_type, there->clock_rate};
      continue;
    }
    const auto voice = sdp::voiceCodec(here.codec);
    if (voice && config.from.empty()) config.to = {there->payload_type, *voice};
    if (voice) config.from.push_back({here.payload_type, *voice});
    config.crossing.push_back({here.payload_type, there->payload_type});
  }
  return config.from.empty() ? std::nullopt : std::optional{std::move(config)};
}

}  // namespace sallyport::call
