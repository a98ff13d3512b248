// SPDX-License-Identifier: Apache-2.0
// Agents on a hostile wire. The input is a script: whose datagrams are lost, held back, copied to another source,
// changed or made up, and how time passes. Without the password nothing of that may validate, select or be answered;
// with all of it the bounds hold and time always goes on.
#include <array>
#include <cstdlib>
#include <deque>

#include "core/check.h"
#include "crypto/hash.h"
#include "media/ice/agent.h"
#include "media/ice/lite_agent.h"
#include "media/stun/message_writer.h"

namespace {

using namespace sallyport;
using namespace sallyport::media;
using namespace sallyport::media::ice;

constexpr std::size_t kMostFlying = 64;
const Endpoint kPhone = *Endpoint::parse("93.184.216.1:1000"), kEdge = *Endpoint::parse("93.184.216.2:2000");
const Endpoint kStranger = *Endpoint::parse("93.184.216.66:6666");

Candidate hostAt(const Endpoint& endpoint) {
  return {CandidateType::host, kRtp, endpoint, candidatePriority(CandidateType::host, 65'535, kRtp), "1"};
}

Credentials credentialsOf(const char* ufrag, const char* password) { return {ufrag, Secret{bytesOf(password)}}; }

class Script {
 public:
  explicit Script(Bytes bytes) : reader_(bytes) {}
  bool done() const { return reader_.remaining() == 0; }
  std::uint8_t next() { return reader_.u8().value_or(0); }
  std::vector<std::uint8_t> some() {
    const std::size_t wanted = next();
    const auto bytes = reader_.take(std::min(wanted, reader_.remaining()));
    return {bytes->begin(), bytes->end()};
  }

 private:
  ByteReader reader_;
};

class Wire {
 public:
  Wire() : phone_(phoneConfig()), edge_(edgeConfig()) {
    SP_CHECK(phone_.addLocal(hostAt(kPhone)));
    SP_CHECK(phone_.addRemote(hostAt(kEdge), now_));
    SP_CHECK(phone_.setRemote(credentialsOf("edge", "edgeedgeedgeedgeedgeedge"), RemoteMode::lite, now_));
  }

  void run(Script script) {
    while (!script.done()) {
      step(script);
      check();
    }
  }

 private:
  struct Packet {
    Endpoint from, to;
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint8_t> written;  // as an agent wrote it; empty: none did
  };

  static AgentConfig phoneConfig() {
    AgentConfig config;
    config.local = credentialsOf("phone", "phonephonephonephonephone");
    config.tie_breaker = 7;
    return config;
  }
  static LiteConfig edgeConfig() {
    LiteConfig config;
    config.local = credentialsOf("edge", "edgeedgeedgeedgeedgeedge");
    config.candidates = {hostAt(kEdge)};
    return config;
  }

  void step(Script& script) {
    switch (script.next() % 7) {
      case 0: now_ += std::chrono::milliseconds{script.next() * 4}; break;
      case 1: now_ = std::max(now_, phone_.deadline().value_or(now_)); break;
      case 2: deliver(); break;
      case 3:
        if (!flying_.empty()) flying_.pop_front();
        break;
      case 4: alter(script.next(), script.next()); break;
      case 5: copyElsewhere(); break;
      case 6: makeUp(script); break;
    }
    phone_.advance(now_);
    for (auto& sent : phone_.takeTransmissions()) fly({kPhone, sent.to, sent.datagram, sent.datagram});
  }

  void fly(Packet packet) {
    if (flying_.size() < kMostFlying) flying_.push_back(std::move(packet));
  }

  void alter(std::uint8_t at, std::uint8_t mask) {
    if (flying_.empty() || flying_.front().bytes.empty() || mask == 0) return;
    auto& packet = flying_.front();
    packet.bytes[at % packet.bytes.size()] ^= mask;
  }

  // A copy of what has arrived; who moves a datagram instead is no other than a NAT.
  void copyElsewhere() {
    if (flying_.empty()) return;
    auto copy = flying_.front();
    copy.from = kStranger;
    if (deliver() == StunOutcome::answered || copy.to == kPhone) fly(std::move(copy));
  }

  void makeUp(Script& script) {
    Packet packet{script.next() % 2 == 0 ? kStranger : kEdge, kPhone, script.some(), {}};
    if (script.next() % 2 == 0) packet = {packet.from == kEdge ? kPhone : kStranger, kEdge, packet.bytes, {}};
    fly(std::move(packet));
  }

  StunOutcome deliver() {
    if (flying_.empty()) return StunOutcome::malformed;
    const auto packet = std::move(flying_.front());
    flying_.pop_front();
    const bool honest = packet.bytes == packet.written && packet.from != kStranger;
    if (packet.to == kEdge) {
      auto reply = edge_.onStun(0, packet.from, packet.bytes, now_);
      SP_CHECK(honest || reply.answer.empty());
      SP_CHECK(reply.answer.size() <= packet.bytes.size());
      if (!reply.answer.empty()) fly({kEdge, packet.from, reply.answer, reply.answer});
      return reply.outcome;
    }
    const auto outcome = phone_.onStun(0, packet.from, packet.bytes, now_);
    SP_CHECK(honest || (outcome != StunOutcome::taken && outcome != StunOutcome::answered));
    return outcome;
  }

  void check() {
    const auto by_edge = edge_.selected(kRtp, now_), by_phone = phone_.selected(kRtp, now_);
    SP_CHECK(!by_edge || by_edge->remote() == kPhone);
    SP_CHECK(!by_phone || by_phone->remote() == kEdge);
    SP_CHECK(!edge_.validated(0, kStranger, now_) && !phone_.validated(0, kStranger, now_));
    SP_CHECK(phone_.checkList().pairs().size() == 1 && phone_.role() == Role::controlling);
    if (const auto deadline = phone_.deadline(); deadline && *deadline <= now_) {
      phone_.advance(now_);
      for (auto& sent : phone_.takeTransmissions()) fly({kPhone, sent.to, sent.datagram, sent.datagram});
    }
    const auto deadline = phone_.deadline();
    SP_CHECK(!deadline || *deadline > now_);  // what is due has been done
  }

  TimePoint now_{std::chrono::hours{1}};
  IceAgent phone_;
  IceLiteAgent edge_;
  std::deque<Packet> flying_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Wire{}.run(Script{Bytes{data, size}});
  return 0;
}
