// SPDX-License-Identifier: Apache-2.0
// An answer to a request too broken to become a Message (RFC 3261 8.2.6.2 copies, nothing more).
#include <array>
#include <cstdint>
#include <string>

#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/header_lexer.h"
#include "sip/message.h"
#include "sip/message_writer.h"

namespace sallyport::sip {
namespace {

constexpr std::size_t kMostVias = 64;
constexpr std::size_t kMostValue = 1'024;  // no answer repeats more than this of one header

std::string unfolded(std::string_view value) {
  std::string out{value};
  for (char& c : out) {
    if (c == '\r' || c == '\n' || c == '\t') c = ' ';
  }
  return out;
}

bool isParty(std::string_view value) {
  const auto party = NameAddr::parse(value);
  return party && party->uri != "*";
}

struct Salvage {
  std::string from, to, call_id, cseq;
  std::vector<std::string> vias;
  bool doubtful = false;

  std::string* slot(HeaderId id) {
    switch (id) {
      case HeaderId::from: return &from;
      case HeaderId::to: return &to;
      case HeaderId::callId: return &call_id;
      case HeaderId::cseq: return &cseq;
      default: return nullptr;
    }
  }

  void take(HeaderId id, const RawHeader& raw, std::string_view value) {
    std::string* single = slot(id);
    if (single == nullptr && id != HeaderId::via) return;
    if (raw.has_control || value.empty() || value.size() > kMostValue) {
      doubtful = true;
    } else if (single == nullptr) {
      vias.push_back(unfolded(value));
      doubtful = doubtful || vias.size() > kMostVias;
    } else {
      doubtful = doubtful || !single->empty();
      *single = unfolded(value);
    }
  }

  // Each of the five is there and well formed, so that repeating it says what the peer said.
  bool isComplete() const {
    if (doubtful || vias.empty() || from.empty() || to.empty() || call_id.empty() || cseq.empty()) return false;
    for (const std::string& line : vias) {
      ListCursor cursor{line};
      while (const auto item = cursor.next()) {
        if (!Via::parse(*item)) return false;
      }
    }
    const std::size_t blank = cseq.find(' ');
    const bool cseq_ok = blank != std::string::npos && parseUnsigned(cseq.substr(0, blank), 0, UINT64_MAX) &&
                         isToken(trim(std::string_view{cseq}.substr(blank)));
    return cseq_ok && allIn(call_id, kWordChar) && isParty(from) && isParty(to);
  }
};

// RFC 3261 8.2.6.2 wants a tag; RFC 3261 16.11 wants a stateless one to repeat on retransmission.
std::string statelessTag(const Salvage& salvage) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const std::string_view part : {std::string_view{salvage.call_id}, std::string_view{salvage.vias.front()}}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::string tag;
  for (int i = 0; i < 16; ++i, hash >>= 4) tag.push_back("0123456789abcdef"[hash & 15]);
  return tag;
}

bool isAnswerable(std::string_view start_line) {
  const std::size_t space = start_line.find(' ');
  const std::string_view method = start_line.substr(0, space);
  const bool response = start_line.size() >= 4 && equalsIgnoringCase(start_line.substr(0, 4), "SIP/");
  return space != std::string_view::npos && isToken(method) && !response && method != "ACK";
}

}  // namespace

std::optional<std::string> salvageResponse(std::string_view frame, int status, std::string_view reason) {
  const std::size_t line_end = frame.find("\r\n");
  if (line_end == std::string_view::npos || !isAnswerable(frame.substr(0, line_end))) return std::nullopt;

  Salvage salvage;
  for (std::size_t at = line_end + 2;;) {
    RawHeader raw;
    const Lexed outcome = lexHeader(frame, at, raw);
    if (outcome == Lexed::end || outcome == Lexed::truncated) break;
    if (outcome != Lexed::header) {
      const std::size_t next = frame.find("\r\n", at);
      if (next == std::string_view::npos) break;
      at = next + 2;
      continue;
    }
    salvage.take(headerIdFrom(raw.name), raw, frame.substr(raw.value_begin, raw.value_end - raw.value_begin));
    if (salvage.doubtful) return std::nullopt;
  }
  if (!salvage.isComplete()) return std::nullopt;

  const NameAddr to = *NameAddr::parse(salvage.to);
  if (status > 100 && to.tag().empty()) salvage.to += ";tag=" + statelessTag(salvage);
  MessageWriter writer;
  writer.response(status, reason);
  for (const std::string& via : salvage.vias) writer.header(HeaderId::via, via);
  writer.header(HeaderId::from, salvage.from).header(HeaderId::to, salvage.to);
  writer.header(HeaderId::callId, salvage.call_id).header(HeaderId::cseq, salvage.cseq);
  return writer.finish();
}

}  // namespace sallyport::sip
