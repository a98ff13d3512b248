// SPDX-License-Identifier: Apache-2.0
#pragma once
// Our registration at one carrier (RFC 3261 10.2) as a state machine: when to send which REGISTER, and what its
// answer means. Refreshed well before it expires; after a failure tried again with growing, random waits (RFC
// 5626 4.5); a binding interval that is too brief is raised (423); challenges are answered with our credentials
// there; a lost connection means a new registration at once; unregistered when we leave.
//
// Pure: time and randomness are arguments, nothing is sent from here. Owned by TrunkRegistrations.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "call/challenge_answers.h"
#include "core/clock.h"
#include "core/result.h"
#include "sip/message.h"

namespace sallyport::call {

// What does not change while a registration lasts.
struct TrunkAccount {
  std::string peer;       // the configured peer's name
  std::string aor;        // "sip:+4930123@carrier.example"
  std::string registrar;  // Request-URI: "sip:carrier.example"
  std::string contact;    // our URI there: "sip:+4930123@edge.example.org:5061;transport=tls"
  std::string call_id;
  std::string from_tag;
  std::chrono::seconds expires{600};  // that we ask for
};

enum class TrunkState : std::uint8_t {
  waiting,      // for its first try, or for the next one after a failure
  registering,  // a REGISTER is on its way, and no binding stands
  registered,
  leaving,  // unregistering
  left,
};
std::string_view toString(TrunkState state);

class TrunkRegistration {
 public:
  TrunkRegistration(TrunkAccount account, TimePoint now);

  // A REGISTER to be sent: writeRegister() gives its bytes.
  struct Attempt {
    std::uint32_t cseq = 0;
    std::chrono::seconds expires{};  // 0: unregister
    std::optional<Authorization> authorization;
  };

  // The attempt that is due; afterwards it is on its way until one of the two below is told.
  std::optional<Attempt> due(TimePoint now, Challenges& challenges);

  enum class Change : std::uint8_t {
    none,        // refreshed, or to be asked again at once: see due()
    registered,  // was not before
    failed,
    left,
  };
  // `random` draws the time of the next REGISTER. A final response; provisional ones are nobody's business here.
  Change onResponse(const sip::Message& response, TimePoint now, std::uint64_t random, Challenges& challenges);
  Change onFailure(const Error& error, TimePoint now, std::uint64_t random);

  // The connection it was made on is gone: registered again at once, or after a wait when it lasted less than
  // half a minute. What was being asked on it fails by onFailure().
  void connectionLost(TimePoint now, std::uint64_t random);
  void leave(TimePoint now);

  std::optional<TimePoint> deadline() const { return asking_ ? std::nullopt : next_; }
  bool isAsking() const { return asking_; }

  const TrunkAccount& account() const { return account_; }
  TrunkState state(TimePoint now) const;
  std::optional<TimePoint> expires() const { return expires_; }   // of the binding that stands
  TimePoint since() const { return since_; }                      // registered, or not registered
  int lastStatus() const { return last_status_; }                 // 0: no answer
  const std::string& lastReason() const { return last_reason_; }  // a code; empty: nothing is wrong
  unsigned failures() const { return failures_; }                 // in a row

 private:
  Change accepted(const sip::Message& response, TimePoint now, std::uint64_t random);
  Change fail(int status, const char* code, TimePoint now, std::uint64_t random,
              std::optional<std::chrono::seconds> retry_after = {});
  Change leaveOn(int status, TimePoint now);
  bool raiseExpires(const sip::Message& response);
  void askAgain(TimePoint now) { next_ = now; }
  bool stands(TimePoint now) const { return expires_ && now < *expires_; }

  TrunkAccount account_;
  std::chrono::seconds asked_;  // raised by 423
  std::uint32_t cseq_ = 0;
  bool asking_ = false;
  bool unregistering_ = false;  // what is being asked
  bool leaving_ = false;
  bool left_ = false;
  unsigned failures_ = 0;
  unsigned raises_ = 0;
  identity::DigestAttempts attempts_;
  std::optional<Authorization> authorization_;  // for the next attempt
  std::optional<TimePoint> next_;
  std::optional<TimePoint> expires_;
  std::optional<TimePoint> bound_at_;  // when the connection's first REGISTER was accepted
  TimePoint since_;
  int last_status_ = 0;
  std::string last_reason_;
};

std::string writeRegister(const TrunkAccount& account, const TrunkRegistration::Attempt& attempt, std::string_view via);

// RFC 5626 4.5: how long to wait after so many failures in a row: half to all of 30 s * 2^failures, at most 1800 s.
std::chrono::milliseconds registrationBackoff(unsigned failures, std::uint64_t random);
// When to refresh what was granted: after 80 to 90 per cent of it, and a minute before its end at the latest
// where it is longer than two minutes; otherwise after half of it.
std::chrono::milliseconds refreshDelay(std::chrono::seconds granted, std::uint64_t random);

}  // namespace sallyport::call
