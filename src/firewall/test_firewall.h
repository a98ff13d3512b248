// SPDX-License-Identifier: Apache-2.0
#pragma once
// A kernel that remembers what it was told and can be made to refuse.

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "firewall/pinhole_table.h"

namespace sallyport::firewall {

class FakeKernel final : public Kernel {
 public:
  Result<std::string> run(const std::string& commands) override {
    if (refuses && refuses(commands)) return Error{ErrorKind::unavailable, "firewall.kernel", "No space left"};
    const std::lock_guard lock{mutex_};
    ran.push_back(commands);
    return std::string{"counter dropped {\n\tpackets 42 bytes 7000\n}\n"};
  }
  bool ranAny(std::string_view words) const {  // any thread
    const std::lock_guard lock{mutex_};
    for (const auto& each : ran) {
      if (each.find(words) != std::string::npos) return true;
    }
    return false;
  }

  std::vector<std::string> ran;
  std::function<bool(const std::string&)> refuses;

 private:
  mutable std::mutex mutex_;
};

inline IpAddress address(std::string_view text) { return *IpAddress::parse(text); }
inline Endpoint endpoint(std::string_view text) { return *Endpoint::parse(text); }

inline Scope testScope(std::size_t most = 100) {
  return {address("192.0.2.1"), address("2001:db8::1"), {20'000, 20'099}, most};
}

inline Change opening(std::string_view local, std::optional<IpAddress> source = std::nullopt) {
  return {Operation::open, endpoint(local), std::chrono::seconds{60}, source};
}
inline Change extending(std::string_view local) {
  return {Operation::extend, endpoint(local), std::chrono::seconds{60}, std::nullopt};
}
inline Change closing(std::string_view local) { return {Operation::close, endpoint(local), {}, std::nullopt}; }

}  // namespace sallyport::firewall
