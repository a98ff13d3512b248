// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recent decisions, for `sallyport why <call-id | address | identity>`: who, which rule, on what facts,
// when. One per process, thread-safe, fixed memory.
//
// Admissions and refusals have a ring each, so that a flood of refusals does not push out what was admitted;
// beyond 32 refusals a second of one rule against one source the rest are counted on the latest record.
// Text is cut to fit and kept as it came; whoever prints it escapes it.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "guard/verdict.h"

namespace sallyport::guard {

struct Decision {
  TimePoint when{};
  Action action = Action::admit;
  std::string rule;  // "" when every rule admitted
  std::string code;
  std::string facts;
  std::string peer;
  std::string identity;
  std::string source;
  std::string method;
  std::string request_host;
  std::string call_id;
  RequestScope scope = RequestScope::initial;
  bool shadow = false;        // the rule only watched: the request went on
  std::uint64_t repeats = 0;  // further like decisions counted here
};

class DecisionLog {
 public:
  explicit DecisionLog(std::size_t records_per_ring = 4'096);
  ~DecisionLog();
  DecisionLog(const DecisionLog&) = delete;
  DecisionLog& operator=(const DecisionLog&) = delete;

  void admitted(const RequestFacts& facts, TimePoint now);
  void refused(const RequestFacts& facts, std::string_view rule, const Verdict& verdict, TimePoint now);
  void wouldRefuse(const RequestFacts& facts, std::string_view rule, const Verdict& verdict, TimePoint now);

  // The decisions whose Call-ID, identity, peer or source address is exactly `subject`; newest first.
  std::vector<Decision> about(std::string_view subject, std::size_t at_most = 50) const;
  std::vector<Decision> latest(std::size_t at_most = 50) const;

 private:
  struct Record;
  struct Ring;
  enum class Weight : std::uint8_t { decided, shadow };
  using Wanted = std::function<bool(const Record&)>;

  void recordRefusal(const RequestFacts& facts, std::string_view rule, const Verdict& verdict, TimePoint now,
                     Weight weight);
  std::vector<Decision> select(const Wanted& wanted, std::size_t at_most) const;

  mutable std::mutex admitted_mutex_, refused_mutex_;
  std::unique_ptr<Ring> admitted_, refused_;
};

}  // namespace sallyport::guard
