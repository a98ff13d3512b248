// SPDX-License-Identifier: Apache-2.0
#pragma once
// The values that several sections of the configuration share. See config.h.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

using Milliseconds = std::chrono::milliseconds;
using Path = std::filesystem::path;

// A name or address with an optional port, as others are told to reach us.
struct HostPort {
  std::string host;  // a domain name, or an address as hostText() prints it (IPv6 in brackets)
  std::optional<std::uint16_t> port;
  std::string toString() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct KeyPair {
  Path certificate;  // PEM chain, leaf first
  Path key;
};

// What a principal may be proven by. A requirement is a set of them, all of which must hold.
enum class Proof : std::uint8_t { certificate, digest, scram, token, network };
using Proofs = std::vector<Proof>;
std::string toString(const Proofs& proofs);  // "certificate and digest"

enum class DigestAlgorithm : std::uint8_t { sha256, sha512_256, md5 };  // RFC 8760; md5 for named peers only

enum class TlsFloor : std::uint8_t { tls12, tls13 };
std::string_view toString(TlsFloor floor);  // "1.2"

}  // namespace sallyport::config
