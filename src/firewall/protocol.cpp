// SPDX-License-Identifier: Apache-2.0
#include "firewall/protocol.h"

#include <algorithm>
#include <array>

namespace sallyport::firewall {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAnybody = 0;
constexpr std::uint8_t kV4 = 4;
constexpr std::uint8_t kV6 = 6;

Error unreadable(const char* code, std::string detail) { return {ErrorKind::peerMisbehaved, code, std::move(detail)}; }
Error tooShort() { return unreadable("firewall.message.length", "it ends within a field"); }

void write(ByteWriter& out, const IpAddress& address) {
  out.u8(address.isV4() ? kV4 : kV6);
  out.put(Bytes{address.octets()}.first(address.isV4() ? 4 : 16));
}

void write(ByteWriter& out, const Change& change) {
  out.u8(static_cast<std::uint8_t>(change.operation));
  write(out, change.local.address);
  out.u16(change.local.port);
  if (change.operation == Operation::close) return;
  out.u16(static_cast<std::uint16_t>(std::clamp<std::int64_t>(change.timeout.count(), 0, 0xFFFF)));
  if (change.operation != Operation::open) return;
  if (change.source) {
    write(out, *change.source);
  } else {
    out.u8(kAnybody);
  }
}

std::vector<std::uint8_t> finished(const ByteWriter& out) {
  SP_CHECK(!out.overflowed());
  const auto written = out.written();
  return {written.begin(), written.end()};
}

Result<IpAddress> readAddress(ByteReader& in, std::uint8_t family) {
  if (family != kV4 && family != kV6)
    return unreadable("firewall.message.family", "there is no family " + std::to_string(family));
  const auto octets = in.take(family == kV4 ? 4 : 16);
  if (!octets) return tooShort();
  if (family == kV4) {
    std::array<std::uint8_t, 4> quad{};
    std::copy(octets->begin(), octets->end(), quad.begin());
    return IpAddress::v4(quad);
  }
  std::array<std::uint8_t, 16> whole{};
  std::copy(octets->begin(), octets->end(), whole.begin());
  return IpAddress::v6(whole);
}

Result<Change> readChange(ByteReader& in) {
  Change change;
  const auto operation = in.u8();
  const auto family = in.u8();
  if (!operation || !family) return tooShort();
  if (*operation < 1 || *operation > 3)
    return unreadable("firewall.message.operation", "there is no operation " + std::to_string(*operation));
  change.operation = static_cast<Operation>(*operation);
  SP_ASSIGN(change.local.address, readAddress(in, *family));
  const auto port = in.u16();
  if (!port) return tooShort();
  change.local.port = *port;
  if (change.operation == Operation::close) return change;
  const auto timeout = in.u16();
  if (!timeout) return tooShort();
  change.timeout = std::chrono::seconds{*timeout};
  if (change.operation == Operation::extend) return change;
  const auto source = in.u8();
  if (!source) return tooShort();
  if (*source == kAnybody) return change;
  SP_ASSIGN(change.source, readAddress(in, *source));
  return change;
}

}  // namespace

std::string_view toString(Standing standing) {
  switch (standing) {
    case Standing::down: return "down";
    case Standing::filtering: return "filtering";
    case Standing::passing: return "passing";
  }
  return "down";
}

std::string_view toString(Outcome outcome) {
  switch (outcome) {
    case Outcome::done: return "done";
    case Outcome::notSetUp: return "not set up";
    case Outcome::foreignAddress: return "no media address";
    case Outcome::foreignPort: return "not in the media range";
    case Outcome::wrongSource: return "source of the other family";
    case Outcome::wrongTimeout: return "timeout out of range";
    case Outcome::repeated: return "named twice";
    case Outcome::notOpen: return "not open";
    case Outcome::full: return "full";
    case Outcome::kernel: return "refused by the kernel";
    case Outcome::malformed: return "malformed";
  }
  return "malformed";
}

std::vector<std::uint8_t> encode(const Request& request) {
  SP_CHECK(request.changes.size() <= kMostChanges);
  std::array<std::uint8_t, kLongestMessage> buffer;
  ByteWriter out{buffer};
  out.u8(kVersion);
  out.u8(static_cast<std::uint8_t>(request.kind));
  out.u32(request.sequence);
  if (request.kind == Request::Kind::change) {
    out.u8(static_cast<std::uint8_t>(request.changes.size()));
    for (const auto& change : request.changes) write(out, change);
  }
  return finished(out);
}

Result<Request> decodeRequest(Bytes message) {
  ByteReader in{message};
  Request request;
  const auto version = in.u8();
  const auto kind = in.u8();
  const auto sequence = in.u32();
  if (!version || !kind || !sequence) return tooShort();
  if (*version != kVersion) return unreadable("firewall.message.version", std::to_string(*version));
  if (*kind < 1 || *kind > 4) return unreadable("firewall.message.kind", "there is no kind " + std::to_string(*kind));
  request.kind = static_cast<Request::Kind>(*kind);
  request.sequence = *sequence;
  if (request.kind == Request::Kind::change) {
    const auto count = in.u8();
    if (!count) return tooShort();
    if (*count == 0 || *count > kMostChanges)
      return unreadable("firewall.message.count", std::to_string(*count) + " changes");
    for (unsigned i = 0; i < *count; ++i) {
      SP_ASSIGN(auto change, readChange(in));
      request.changes.push_back(std::move(change));
    }
  }
  if (in.remaining() != 0) return unreadable("firewall.message.length", "more follows its last field");
  return request;
}

std::vector<std::uint8_t> encode(const Reply& reply) {
  SP_CHECK(reply.outcomes.size() <= kMostChanges);
  std::array<std::uint8_t, kLongestMessage> buffer;
  ByteWriter out{buffer};
  out.u8(kVersion);
  out.u32(reply.sequence);
  out.u8(static_cast<std::uint8_t>(reply.standing));
  out.u32(reply.pinholes);
  out.u32(static_cast<std::uint32_t>(reply.dropped >> 32));
  out.u32(static_cast<std::uint32_t>(reply.dropped));
  out.u8(static_cast<std::uint8_t>(reply.outcomes.size()));
  for (const auto outcome : reply.outcomes) out.u8(static_cast<std::uint8_t>(outcome));
  const auto length = std::min(reply.detail.size(), kLongestDetail);
  out.put(Bytes{reinterpret_cast<const std::uint8_t*>(reply.detail.data()), length});
  return finished(out);
}

Result<Reply> decodeReply(Bytes message) {
  ByteReader in{message};
  Reply reply;
  const auto version = in.u8();
  const auto sequence = in.u32();
  const auto standing = in.u8();
  const auto pinholes = in.u32();
  const auto dropped_high = in.u32();
  const auto dropped_low = in.u32();
  const auto count = in.u8();
  if (!version || !sequence || !standing || !pinholes || !dropped_high || !dropped_low || !count) return tooShort();
  if (*version != kVersion) return unreadable("firewall.message.version", std::to_string(*version));
  if (*standing > static_cast<std::uint8_t>(Standing::passing))
    return unreadable("firewall.message.kind", "there is no standing " + std::to_string(*standing));
  if (*count > kMostChanges) return unreadable("firewall.message.count", std::to_string(*count) + " outcomes");
  reply.sequence = *sequence;
  reply.standing = static_cast<Standing>(*standing);
  reply.pinholes = *pinholes;
  reply.dropped = std::uint64_t{*dropped_high} << 32 | *dropped_low;
  for (unsigned i = 0; i < *count; ++i) {
    const auto outcome = in.u8();
    if (!outcome) return tooShort();
    if (*outcome > static_cast<std::uint8_t>(Outcome::malformed))
      return unreadable("firewall.message.kind", "there is no outcome " + std::to_string(*outcome));
    reply.outcomes.push_back(static_cast<Outcome>(*outcome));
  }
  if (in.remaining() > kLongestDetail) return unreadable("firewall.message.length", "its text is too long");
  const auto text = *in.take(in.remaining());
  reply.detail.assign(text.begin(), text.end());
  return reply;
}

}  // namespace sallyport::firewall
