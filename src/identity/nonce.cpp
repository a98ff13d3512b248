// SPDX-License-Identifier: Apache-2.0
#include "identity/nonce.h"

#include <algorithm>
#include <array>
#include <functional>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"

namespace sallyport::identity {
namespace {

// On the wire, in base64: milliseconds since 1970, a random number, a MAC over both, the connection and the realm.
constexpr std::size_t kStampBytes = 16;
constexpr std::size_t kMacBytes = 16;
using Stamp = std::array<std::uint8_t, kStampBytes>;
using Mac = std::array<std::uint8_t, kMacBytes>;

void storeBe64(std::uint8_t* at, std::uint64_t value) {
  storeBe32(at, static_cast<std::uint32_t>(value >> 32));
  storeBe32(at + 4, static_cast<std::uint32_t>(value));
}

std::uint64_t loadBe64(const std::uint8_t* at) { return std::uint64_t{loadBe32(at)} << 32 | loadBe32(at + 4); }

Mac macOf(const Secret& key, const Stamp& stamp, sip::FlowId flow, std::string_view realm) {
  std::vector<std::uint8_t> data(kStampBytes + sizeof(std::uint64_t));
  std::copy(stamp.begin(), stamp.end(), data.begin());
  storeBe64(&data[kStampBytes], static_cast<std::uint64_t>(flow));
  data.insert(data.end(), realm.begin(), realm.end());
  const auto full = crypto::hmacSha256(key.bytes(), data);
  Mac mac;
  std::copy_n(full.begin(), mac.size(), mac.begin());
  return mac;
}

}  // namespace

Nonces::Nonces(Secret key) : key_(std::move(key)) {}

std::string Nonces::issue(sip::FlowId flow, std::string_view realm, WallTime now) const {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  Stamp stamp;
  storeBe64(stamp.data(), static_cast<std::uint64_t>(age.count()));
  storeBe64(&stamp[8], crypto::randomNumber());
  const auto mac = macOf(key_, stamp, flow, realm);
  std::array<std::uint8_t, kStampBytes + kMacBytes> wire;
  std::copy(mac.begin(), mac.end(), std::copy(stamp.begin(), stamp.end(), wire.begin()));
  return crypto::base64EncodeUnpadded(wire);
}

std::optional<NonceFacts> Nonces::check(std::string_view nonce, sip::FlowId flow, std::string_view realm) const {
  const auto wire = crypto::base64Decode(nonce, crypto::Base64Padding::forbidden);
  Stamp stamp{};
  Mac shown{};
  const bool whole = wire && wire->size() == kStampBytes + kMacBytes;
  if (whole) {
    std::copy_n(wire->begin(), kStampBytes, stamp.begin());
    std::copy_n(wire->begin() + kStampBytes, kMacBytes, shown.begin());
  }
  const bool ours = crypto::equalInConstantTime(macOf(key_, stamp, flow, realm), shown);
  if (!whole || !ours) return std::nullopt;
  const std::chrono::milliseconds age{static_cast<std::int64_t>(loadBe64(stamp.data()))};
  return NonceFacts{WallTime{age}, loadBe64(&stamp[8])};
}

NonceCounts::Verdict NonceCounts::take(const NonceFacts& nonce, std::uint32_t count, std::string_view user,
                                       WallTime now, std::chrono::seconds lifetime) {
  if (nonce.issued > now || now - nonce.issued > lifetime) return Verdict::stale;
  const Name name{nonce.issued, nonce.id};
  const auto user_hash = std::hash<std::string_view>{}(user);
  if (const auto known = used_.find(name); known != used_.end()) {
    auto& use = known->second;
    if (count <= use.highest || use.user != user_hash) return Verdict::stale;
    use.highest = count;
    return Verdict::taken;
  }
  if (nonce.issued <= forgotten_) return Verdict::stale;
  if (used_.size() >= capacity_) {
    if (name < used_.begin()->first) return Verdict::stale;
    forgetOldest();
  }
  used_.emplace(name, Use{count, user_hash});
  return Verdict::taken;
}

void NonceCounts::forgetOldest() {
  forgotten_ = used_.begin()->first.first;
  used_.erase(used_.begin());
}

}  // namespace sallyport::identity
