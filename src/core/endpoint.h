// SPDX-License-Identifier: Apache-2.0
#pragma once
// IP addresses and transport endpoints as values: parsed and printed here, turned into sockets only
// in net. Text forms: RFC 4291 2.2 and RFC 5952 for IPv6, dotted quad for IPv4.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

class IpAddress {
 public:
  enum class Family : std::uint8_t { v4, v6 };

  IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(std::array<std::uint8_t, 4> octets);
  static IpAddress v6(std::array<std::uint8_t, 16> octets);
  // "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; no zone, no leading zeros in a quad.
  static std::optional<IpAddress> parse(std::string_view text);

  Family family() const { return family_; }
  bool isV4() const { return family_ == Family::v4; }
  bool isUnspecified() const;
  bool isLoopback() const;
  // IPv4 in the first four octets, the rest zero; IPv6 in all sixteen.
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  std::string toString() const;  // without brackets

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> octets_{};
};

// An address block such as 52.112.0.0/14; a bare address is a block of one.
class IpNetwork {
 public:
  static std::optional<IpNetwork> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string toString() const;

 private:
  IpAddress base_;
  unsigned prefix_length_ = 0;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "192.0.2.1:5061" or "[2001:db8::1]:5061"; the port is required.
  static std::optional<Endpoint> parse(std::string_view text);
  std::string toString() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// As it stands in a SIP or SDP host position: IPv6 in brackets.
std::string hostText(const IpAddress& address);

}  // namespace sallyport

template <>
struct std::hash<sallyport::IpAddress> {
  std::size_t operator()(const sallyport::IpAddress& address) const noexcept;
};
template <>
struct std::hash<sallyport::Endpoint> {
  std::size_t operator()(const sallyport::Endpoint& endpoint) const noexcept;
};
