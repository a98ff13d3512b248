// SPDX-License-Identifier: Apache-2.0
#pragma once
// The checks that an agent sends: how they are written (RFC 8445 7.2.2), sent again (RFC 8489 6.2.1, RFC 8445 14.3) and
// given up. Part of an IceAgent, on its thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "media/ice/check_list.h"
#include "media/ice/credentials.h"
#include "media/stun/integrity.h"

namespace sallyport::media::ice {

struct Transmission {
  LocalIndex from = 0;
  Endpoint to;
  std::vector<std::uint8_t> datagram;
};

// How the peer is spoken to, from one restart to the next.
struct PeerSession {
  PeerSession(const std::string& local_ufrag, const Credentials& peer)
      : username(peer.ufrag + ":" + local_ufrag), remote(peer.clone()), key(peer.password.bytes()) {}

  std::string username;
  Credentials remote;
  stun::IntegrityKey key;
};
using PeerSessionPtr = std::shared_ptr<const PeerSession>;

enum class Nomination : std::uint8_t { no, yes };

struct CheckContents {
  std::uint32_t priority = 0;  // of the peer-reflexive candidate that this check may find
  Role role = Role::controlling;
  std::uint64_t tie_breaker = 0;
  Nomination nomination = Nomination::no;
};
std::vector<std::uint8_t> writeCheck(const PeerSession& session, const stun::TransactionId& transaction,
                                     const CheckContents& contents);

struct CheckTiming {
  std::chrono::milliseconds pace{50};             // Ta: between two checks (RFC 8445 14.2)
  std::chrono::milliseconds retransmit{500};      // RTO, at least
  unsigned transmissions = 7;                     // Rc
  unsigned last_wait = 16;                        // Rm, times RTO
  std::chrono::milliseconds nominate_after{300};  // a pair has been found and better ones may still come
  std::chrono::milliseconds patience{39'500};     // before the whole may fail (RFC 8863 4)
};

struct OwnCheck {
  stun::TransactionId transaction{};
  PairId pair = 0;
  PeerSessionPtr session;
  CheckContents contents;
  Transmission request;
  bool hushed = false;  // not sent again, and its end says nothing of the pair
};

class OwnChecks {
 public:
  explicit OwnChecks(const CheckTiming& timing) : timing_(timing) {}

  // It has been sent now. `competing` pairs share the pace, so that retransmissions do not flood (RFC 8445 14.3).
  void start(OwnCheck check, std::size_t competing, TimePoint now);
  const OwnCheck* find(const stun::TransactionId& transaction) const;
  void remove(const stun::TransactionId& transaction);
  void hush(PairId pair);
  void clear() { checks_.clear(); }

  // What is to be sent again goes to `again`; what nobody answered is taken out and returned, hushed ones not.
  std::vector<OwnCheck> advance(TimePoint now, std::vector<Transmission>& again);
  std::optional<TimePoint> deadline() const;

 private:
  struct Pending {
    OwnCheck check;
    std::chrono::milliseconds interval;  // until the next transmission after the coming one
    std::chrono::milliseconds last_wait;
    unsigned sent = 1;
    TimePoint due;
  };

  CheckTiming timing_;
  std::vector<Pending> checks_;
};

}  // namespace sallyport::media::ice
