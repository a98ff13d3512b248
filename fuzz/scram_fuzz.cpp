// SPDX-License-Identifier: Apache-2.0
// Both sides of SCRAM against a stranger who knows no password. Each line of the input is a move:
//   h<header>   an Authorization as it is         b<message>, f<message>   in base64, to begin, or under the last sid
//   c<message>  a challenge for our client        i<message>               its Authentication-Info
// Never a crash, never a proof, never more exchanges than allowed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/secret_text.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "identity/auth_params.h"
#include "identity/scram_client.h"
#include "identity/scram_server.h"

namespace {

using namespace sallyport;
using namespace sallyport::identity;

constexpr std::size_t kMaxExchanges = 2;
constexpr std::size_t kMaxMoves = 32;

void require(bool held) {
  if (!held) std::abort();
}

Secret secretOf(std::string_view text) { return Secret{bytesOf(text)}; }

const std::shared_ptr<const ScramMechanism>& mechanism() {
  static const auto made =
      *ScramMechanism::make({"r", kScramMinIterations, std::chrono::seconds{30}, kMaxExchanges}, secretOf("decoys"));
  return made;
}

ScramAccount find(std::string_view user) {
  static const auto verifier = *makeScramVerifier("not to be guessed", kScramMinIterations, "0123456789abcdef");
  ScramAccount account{std::string{user}, {}};
  if (user == "alice") account.verifier = verifier.clone();
  return account;
}

std::string header(std::string_view sid, std::string_view message) {
  return "SCRAM-SHA-256 realm=\"r\"" + (sid.empty() ? std::string{} : ", sid=" + std::string{sid}) + ", data=\"" +
         crypto::base64Encode(bytesOf(message)) + "\"";
}

// Computing them takes as long as they say; what is refused is another matter.
bool asksForManyIterations(std::string_view message) {
  const auto at = message.find(",i=");
  return at != message.npos && message.substr(at + 3) != "4096" && message.size() - at > 7;
}

class Play {
 public:
  void move(std::string_view line) {
    const auto rest = line.substr(1);
    switch (line.front()) {
      case 'h': return toServer(std::string{rest});
      case 'b': return toServer(header({}, rest));
      case 'f': return toServer(header(sid_, rest));
      case 'c': return toClient(rest);
      case 'i': return require(!client_.accept("sid=s, data=\"" + crypto::base64Encode(bytesOf(rest)) + "\""));
      default: (void)AuthParams::parseSchemeless(line);
    }
  }

 private:
  void toServer(const std::string& authorization) {
    const auto step = server_.step(authorization, find, now_);
    require(server_.exchanges() <= kMaxExchanges);
    if (!step) return;
    require(step->next == ScramStep::Next::challenge && step->user.empty());
    const auto params = AuthParams::parse(step->header);
    require(params.ok() && params->find("sid") && params->find("data"));
    sid_ = *params->find("sid");
    (void)client_.answer(step->header);
  }
  void toClient(std::string_view message) {
    if (!asksForManyIterations(message)) (void)client_.answer(header("s", message));
  }

  ScramServer server_{mechanism()};
  ScramClient client_{{"r", "alice", secretOf("guessed")}, "nonce"};
  std::string sid_;
  TimePoint now_{std::chrono::hours{1}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto verifier = parseScramVerifier(text);
  require(!verifier || textOf(textOf(*verifier)) == text);
  Play play;
  for (std::size_t moves = 0; !text.empty() && moves < kMaxMoves; ++moves) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (!line.empty()) play.move(line);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return 0;
}
