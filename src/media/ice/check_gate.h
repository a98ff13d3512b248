// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where checks knock (RFC 8445 7.3). A check that is not clearly the peer's changes nothing and gets no answer: not one
// of a wrong session, not one without the password, not one that somebody recorded and sends again from elsewhere.
// The cheap questions come first, and a stranger who guesses no session can not use up what the peer may ask. Nor can
// somebody who writes under the peer's address: from where the password was proven every check is verified, and only
// those that verify count.
//
// Part of an agent, on its thread. Time is an argument.

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "media/ice/candidate.h"
#include "media/ice/credentials.h"
#include "media/ice/stun_outcome.h"
#include "media/source_rule.h"
#include "media/stun/integrity.h"

namespace sallyport::media::ice {

struct CheckLimits {
  std::uint32_t per_source_per_second = 25;  // answered, of an address that has authenticated
  std::uint32_t per_source_burst = 50;
  std::uint32_t strangers_per_second = 100;  // from all others that name the session
  std::uint32_t strangers_burst = 100;
};

enum class Generation : std::uint8_t { current, former };

struct AdmittedCheck {
  stun::AuthenticatedMessage message;
  Generation generation = Generation::current;
};

class CheckGate {
 public:
  CheckGate(Credentials local, AddressPolicy sources, const CheckLimits& limits);

  // The peer's fragment, once its description has come; until then any that goes with ours.
  void expect(std::string remote_ufrag) { current_.remote_ufrag = std::move(remote_ufrag); }
  // Whether the peer has described itself; before that a check proves our password and not whose it is.
  bool expects() const { return current_.remote_ufrag.has_value(); }
  // From now on other credentials (RFC 8445 9); the former are admitted as such until they are forgotten.
  void restart(Credentials local);
  void forgetFormer() { former_.reset(); }

  using Admission = std::variant<AdmittedCheck, StunOutcome>;
  Admission admit(LocalIndex local, const Endpoint& source, const stun::Message& message, TimePoint now);

  // The fragment of who asks.
  static std::string_view askerOf(const AdmittedCheck& check);
  // What is to be refused with: 420 or 400; nothing where the check is whole (RFC 8445 7.1).
  static std::optional<int> flawOf(const stun::Message& check);

  std::vector<std::uint8_t> success(const AdmittedCheck& check, const Endpoint& source) const;
  std::vector<std::uint8_t> failure(const AdmittedCheck& check, int code) const;

  const std::string& ufrag() const { return current_.ufrag; }

 private:
  struct Session {
    explicit Session(const Credentials& local) : ufrag(local.ufrag), key(local.password.bytes()) {}
    bool isNamedBy(std::string_view username) const;

    std::string ufrag;
    stun::IntegrityKey key;
    std::optional<std::string> remote_ufrag;
  };
  struct Source {  // one that has authenticated
    LocalIndex local = 0;
    Endpoint endpoint;
    TokenBucket bucket;
    TimePoint heard;
  };
  struct Seen {
    stun::TransactionId transaction{};
    LocalIndex local = 0;
    Endpoint source;
    unsigned times = 1;
  };

  Source* find(LocalIndex local, const Endpoint& source);
  Seen* find(const stun::TransactionId& transaction);
  void remember(const Seen& check);
  static std::uint64_t markOf(const stun::TransactionId& transaction);
  bool isMarked(const stun::TransactionId& transaction) const;
  void mark(const stun::TransactionId& transaction);
  void know(LocalIndex local, const Endpoint& source, TimePoint now);
  const stun::IntegrityKey& keyFor(const AdmittedCheck& check) const;

  Session current_;
  std::optional<Session> former_;
  AddressPolicy sources_;
  CheckLimits limits_;
  TokenBucket strangers_;
  std::vector<Source> known_;  // kMostSources at most
  std::vector<Seen> seen_;     // a ring of kMostSeen
  std::size_t next_seen_ = 0;
  std::vector<std::uint64_t> marks_;  // a ring of kMostMarks: of checks whose time for retransmissions is long over
  std::size_t next_mark_ = 0;
};

}  // namespace sallyport::media::ice
