// SPDX-License-Identifier: Apache-2.0
// What the privileged helper is sent, should the edge be in other hands: never a crash, never a command about anything
// but the media range it was started for, and never more open than may be. What is read is written the same; so are
// replies.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "firewall/pinhole_table.h"

namespace {

using namespace sallyport;
using namespace sallyport::firewall;

void require(bool held) {
  if (!held) std::abort();
}

// Refuses one transaction in four; what it accepts names the table and nothing else.
class FuzzKernel final : public Kernel {
 public:
  Result<std::string> run(const std::string& commands) override {
    std::size_t begin = 0;
    while (begin < commands.size()) {
      const auto end = commands.find('\n', begin);
      require(end != std::string::npos);
      require(commands.substr(begin, end - begin).find(" inet sallyport ") != std::string::npos);
      begin = end + 1;
    }
    if (++asked_ % 4 == 0) return Error{ErrorKind::unavailable, "firewall.kernel", "no"};
    return std::string{"packets 1"};
  }

 private:
  unsigned asked_ = 0;
};

constexpr std::size_t kMost = 3;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzKernel kernel;
  const auto on_full = size % 2 == 0 ? OnFull::pass : OnFull::refuse;
  PinholeTable table{
      {*IpAddress::parse("192.0.2.1"), *IpAddress::parse("2001:db8::1"), {20'000, 20'099}, kMost}, on_full, kernel};
  (void)table.handle({Request::Kind::setUp, 0, {}});
  ByteReader in{{data, size}};
  while (const auto length = in.u8()) {
    const auto message = in.take(std::min<std::size_t>(*length, in.remaining()));
    if (const auto reply = decodeReply(*message))
      require(encode(*reply) == std::vector(message->begin(), message->end()));
    const auto request = decodeRequest(*message);
    if (!request) continue;
    require(encode(*request) == std::vector(message->begin(), message->end()));
    const auto reply = table.handle(*request);
    require(reply.pinholes <= kMost && reply.sequence == request->sequence);
    require(*decodeReply(encode(reply)) == reply);
    require(reply.outcomes.size() == std::max<std::size_t>(request->changes.size(), 1));
  }
  return 0;
}
