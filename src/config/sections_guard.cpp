// SPDX-License-Identifier: Apache-2.0
#include "config/section_readers.h"

namespace sallyport::config {
namespace {

// `rate` is the key of the figure: of calls, or of anything else.
void readRate(TableReader& guard, std::string_view key, std::string_view rate, RateRule& rule) {
  guard.table(key, [&](TableReader& table) {
    table.choice("mode", rule.mode, kModes);
    table.real(rate, rule.calls_per_second, 0.01, 100'000);
    table.number("burst", rule.burst, 1, 1'000'000);
  });
}

void readConcurrency(TableReader& guard, std::string_view key, ConcurrencyRule& rule) {
  guard.table(key, [&](TableReader& table) {
    table.choice("mode", rule.mode, kModes);
    table.number("max_concurrent", rule.max_concurrent, 1, 10'000'000);
  });
}

}  // namespace

void readGuard(TableReader& table, Guard& guard, const Registrar& registrar) {
  table.choice("peer_known", guard.peer_known, kModes);
  table.choice("method", guard.method, kModes);
  table.choice("domain", guard.domain, kModes);
  if (registrar.enabled) guard.methods.emplace_back("REGISTER");
  table.list("methods", guard.methods, anyText, "text");
  readRate(table, "source_call_rate", "calls_per_second", guard.source_call_rate);
  readRate(table, "identity_call_rate", "calls_per_second", guard.identity_call_rate);
  readConcurrency(table, "source_concurrency", guard.source_concurrency);
  readConcurrency(table, "identity_concurrency", guard.identity_concurrency);
  readConcurrency(table, "peer_concurrency", guard.peer_concurrency);
  readRate(table, "source_auth_failures", "per_second", guard.source_auth_failures);
  readRate(table, "identity_auth_failures", "per_second", guard.identity_auth_failures);
  readRate(table, "identity_request_rate", "per_second", guard.identity_request_rate);
}

}  // namespace sallyport::config
