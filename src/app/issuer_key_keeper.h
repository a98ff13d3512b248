// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keeps the keys of the token issuer whose `jwks_url` is configured: fetched at the start, at intervals and when a
// token names one that is not there, over TLS that the [[trust]] of `jwks_trust` vouches for. Workers verify with what
// there is and never wait for any of it. Used on the main thread.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/trust.h"
#include "config/config.h"
#include "core/clock.h"
#include "identity/key_refresh.h"
#include "net/https_get.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "telemetry/event.h"

namespace sallyport::app {

class IssuerKeyKeeper {
 public:
  // Where keys are fetched from; built whole before anything is swapped.
  struct Source {
    std::string address;
    net::HttpsUrl url;
    std::shared_ptr<const crypto::TlsClientContext> context;
    std::unique_ptr<net::Resolver> resolver;
    identity::IssuerKeysPtr keys;  // those there are, where it is the same address as before
  };
  struct Report {
    std::string address;
    std::size_t keys = 0;
    std::optional<WallTime> fetched;  // nothing: none have come yet
    std::string failure;              // of the last fetch; empty: it went well, or is under way
  };

  // `changed`: some keys may be gone, and with them what was proven by their tokens.
  IssuerKeyKeeper(net::Loop& loop, telemetry::EventSink& log, const Clock& clock, std::function<void()> changed)
      : loop_(loop), log_(log), clock_(clock), changed_(std::move(changed)) {}

  // Nothing where no `jwks_url` is configured. Error: "net.dns.unavailable".
  Result<std::optional<Source>> prepare(const config::Config& config, const Certificates& certificates) const;
  void adopt(std::optional<Source> source);

  std::optional<Report> report() const;

 private:
  struct Fetching {
    Source source;
    identity::KeyRefresh refresh;
    std::unique_ptr<net::HttpsGet> get = nullptr;
  };

  void everySecond();
  void onFetched(const Result<std::string>& fetched);

  net::Loop& loop_;
  telemetry::EventSink& log_;
  const Clock& clock_;
  const std::function<void()> changed_;
  std::unique_ptr<Fetching> fetching_;
  net::TimerHandle second_;
};

}  // namespace sallyport::app
