// SPDX-License-Identifier: Apache-2.0
#include "core/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/numbers.h"

namespace sallyport {
namespace {

constexpr std::size_t kLongestAddress = 45;  // INET6_ADDRSTRLEN - 1

std::optional<std::array<std::uint8_t, 16>> octetsOf(int family, std::string_view text) {
  if (text.empty() || text.size() > kLongestAddress) return std::nullopt;
  const std::string terminated{text};
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(family, terminated.c_str(), octets.data()) != 1) return std::nullopt;
  return octets;
}

// inet_ntop goes through sprintf, and a call writes some twenty addresses.
std::string dottedQuad(const std::uint8_t* octets) {
  char text[INET_ADDRSTRLEN];
  char* at = text;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    at = std::to_chars(at, text + sizeof text, octets[i]).ptr;
  }
  return {text, at};
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets) {
  IpAddress address;
  address.family_ = Family::v6;
  address.octets_ = octets;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) text = text.substr(1, text.size() - 2);
  IpAddress address;
  if (text.find(':') != std::string_view::npos) {
    const auto octets = octetsOf(AF_INET6, text);
    if (!octets) return std::nullopt;
    return v6(*octets);
  }
  if (bracketed) return std::nullopt;
  const auto octets = octetsOf(AF_INET, text);
  if (!octets) return std::nullopt;
  address.octets_ = *octets;
  return address;
}

bool IpAddress::isUnspecified() const {
  return std::all_of(octets_.begin(), octets_.end(), [](std::uint8_t octet) { return octet == 0; });
}

bool IpAddress::isLoopback() const {
  if (isV4()) return octets_[0] == 127;
  return std::all_of(octets_.begin(), octets_.end() - 1, [](std::uint8_t octet) { return octet == 0; }) &&
         octets_[15] == 1;
}

std::string IpAddress::toString() const {
  if (isV4()) return dottedQuad(octets_.data());
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  IpNetwork network;
  network.base_ = *base;
  const unsigned widest = base->isV4() ? 32 : 128;
  network.prefix_length_ = widest;
  if (slash != std::string_view::npos) {
    const auto length = parseUnsigned(text.substr(slash + 1), 0, widest);
    if (!length) return std::nullopt;
    network.prefix_length_ = static_cast<unsigned>(*length);
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
  if (address.family() != base_.family()) return false;
  const unsigned whole = prefix_length_ / 8;
  const unsigned rest = prefix_length_ % 8;
  const auto& a = address.octets();
  const auto& b = base_.octets();
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return (a[whole] & mask) == (b[whole] & mask);
}

std::string IpNetwork::toString() const { return base_.toString() + "/" + std::to_string(prefix_length_); }

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto host = text.substr(0, colon);
  const bool v6_without_brackets = host.find(':') != std::string_view::npos && host.front() != '[';
  if (v6_without_brackets) return std::nullopt;
  const auto address = IpAddress::parse(host);
  const auto port = parseUnsigned(text.substr(colon + 1), 0, 65535);
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::string Endpoint::toString() const { return hostText(address) + ":" + std::to_string(port); }

std::string hostText(const IpAddress& address) {
  return address.isV4() ? address.toString() : "[" + address.toString() + "]";
}

}  // namespace sallyport

std::size_t std::hash<sallyport::IpAddress>::operator()(const sallyport::IpAddress& address) const noexcept {
  const auto& octets = address.octets();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

std::size_t std::hash<sallyport::Endpoint>::operator()(const sallyport::Endpoint& endpoint) const noexcept {
  return std::hash<sallyport::IpAddress>{}(endpoint.address) * 31 + endpoint.port;
}
