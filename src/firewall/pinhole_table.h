// SPDX-License-Identifier: Apache-2.0
#pragma once
// The helper's judgement and memory: validates every request against what it was started for, turns it into one
// transaction of the kernel, and knows what is open. When a port cannot be put into the table, user space has to filter
// alone for as long (OnFull::pass), or the port stays shut (OnFull::refuse): a call is never cut off by a table that is
// meant to protect it unless that is what was asked for.
//
// Owned by the helper process; one thread. No I/O but through its Kernel.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "firewall/commands.h"
#include "firewall/protocol.h"

namespace sallyport::firewall {

class Kernel {
 public:
  virtual ~Kernel() = default;
  // One transaction; what it prints. Error: "firewall.kernel" (unavailable), and nothing has changed.
  virtual Result<std::string> run(const std::string& commands) = 0;
};

enum class OnFull : std::uint8_t { pass, refuse };

class PinholeTable {
 public:
  PinholeTable(Scope scope, OnFull on_full, Kernel& kernel);

  Reply handle(const Request& request);
  // The table goes, if it is there.
  void tearDown();

 private:
  struct Open {
    std::optional<IpAddress> source;
    enum class Where : std::uint8_t { kernel, nowhere } where = Where::kernel;
  };
  struct Plan {
    Change change;
    Outcome outcome = Outcome::done;
    std::string commands;      // empty: nothing to do in the kernel
    std::optional<Open> then;  // what is open afterwards
  };

  Outcome validate(const Change& change) const;
  Plan planOf(const Change& change, std::size_t held) const;
  std::vector<Plan> plansOf(const std::vector<Change>& changes) const;
  void carryOut(std::vector<Plan>& plans, std::string& why);
  void carryOut(Plan& plan, std::string& why);
  void remember(const Plan& plan);
  void notHeld(const Change& change);
  void settle(std::string& why);
  void setUp(Reply& reply);

  const Scope scope_;
  const OnFull on_full_;
  Kernel& kernel_;
  Standing standing_ = Standing::down;
  std::map<Endpoint, Open> open_;
  std::size_t held_ = 0;  // of those, in the kernel
};

}  // namespace sallyport::firewall
