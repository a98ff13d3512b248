// SPDX-License-Identifier: Apache-2.0
#pragma once
// What calls tell the kernel about their media ports: which are open, and for whom. Everything else that is sent to the
// media range is dropped there without an answer. What passes is judged by user space as if there were no kernel.
//
// One for all workers; any thread. Nothing in here waits for the kernel.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "core/result.h"

namespace sallyport::firewall {

// What the table in the kernel does with the media range.
enum class Standing : std::uint8_t {
  down,       // there is no table: user space filters alone
  filtering,  // open ports pass, all else is dropped
  passing,    // the table is there and lets everything through: some open port could not be put into it
};
std::string_view toString(Standing standing);

class Pinholes {
 public:
  virtual ~Pinholes() = default;
  // A bound port hears `source`, or anybody when there is none; what it heard before is replaced. In force within
  // milliseconds. Errors, only where the kernel's filter is required: "firewall.pinholes.full",
  // "firewall.helper.gone" (overloaded).
  virtual Status open(const Endpoint& local, std::optional<IpAddress> source) = 0;
  virtual void close(const Endpoint& local) = 0;
  // As the kernel has it: "any", the source's address, "asked" before it has answered, "failed" when it said no;
  // empty for a port that is not open, and when there is no table.
  virtual std::string admitted(const Endpoint& local) const = 0;
};

struct Statistics {
  Standing standing = Standing::down;
  std::size_t pinholes = 0;    // ports that the kernel lets through
  std::uint64_t failures = 0;  // asked for, and refused by the helper or the kernel
  std::uint64_t dropped = 0;   // datagrams that the kernel has dropped
};

}  // namespace sallyport::firewall
