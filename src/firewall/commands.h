// SPDX-License-Identifier: Apache-2.0
#pragma once
// The table `inet sallyport` in the language of nft(8). Made from addresses, ports and times that are values by now, so
// nothing that came from a network as text stands in a command. Several lines are one transaction: all or nothing.
//
//   input    the media range of our addresses goes to media4 or media6; the rest of the host is not looked at
//   media4   an open port whose source is known (from4), an open port (any4); else count and drop, without ICMP
//
// The table has an owner: it belongs to the process that made it, nobody else can change it, and it goes when that
// process does. Pure; any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/endpoint.h"
#include "net/port_pool.h"

namespace sallyport::firewall {

// What the table is about; an unspecified address stands for all of the host's.
struct Scope {
  std::optional<IpAddress> v4, v6;  // where media is bound, at least one
  net::PortRange ports;
  std::size_t most = 65'536;  // open ports

  const std::optional<IpAddress>& of(IpAddress::Family family) const {
    return family == IpAddress::Family::v4 ? v4 : v6;
  }
};

// Makes the table, in place of one that is there, and filters.
std::string setUpCommands(const Scope& scope);
std::string tearDownCommands();
std::string filterCommands(const Scope& scope);  // back from letting everything through
std::string passCommands();

// `local` hears `source` or anybody. The port must not be open.
std::string openCommands(const Endpoint& local, const std::optional<IpAddress>& source, std::chrono::seconds timeout);
// Whether it is still there or has timed out.
std::string closeCommands(const Endpoint& local, const std::optional<IpAddress>& source);

std::string countCommands();
// Of what they print.
std::uint64_t droppedIn(const std::string& printed);

}  // namespace sallyport::firewall
