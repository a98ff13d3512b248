// SPDX-License-Identifier: Apache-2.0
#pragma once
// From configuration to whom we trust: certificates and anchors into TLS contexts. Everything is built before
// anything is swapped, so that a reload is whole or not at all.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "call/policy.h"
#include "call/signalling_plane.h"
#include "config/config.h"
#include "core/clock.h"

namespace sallyport::app {

struct Certificates {
  std::shared_ptr<const call::SignallingTrust> trust;
  std::vector<std::vector<crypto::LocalIdentity>> identities;              // ours, by listener
  std::vector<crypto::LocalIdentity> web;                                  // of the listener for browsers; empty: none
  std::vector<std::pair<std::string, WallTime>> expiries;                  // "listener:public" -> not after
  std::shared_ptr<const crypto::TlsClientContext> token_issuer = nullptr;  // expects the host of `jwks_url`; null: none
};

// Errors: crypto.*, peers.*, tls.*, call.credentials.*; the detail names the file and the section.
Result<Certificates> loadCertificates(const config::Config& config, const Clock& clock);

// They live as long as the process, and a reload replaces what they hold.
struct ServerContexts {
  std::vector<std::shared_ptr<crypto::TlsServerContext>> listeners;
  std::shared_ptr<crypto::TlsServerContext> web;  // of the listener for browsers; null: there is none
};
Result<ServerContexts> serverContexts(const config::Config& config, const Certificates& certificates,
                                      const Clock& clock);
Status replaceIn(const ServerContexts& contexts, const Certificates& certificates);

}  // namespace sallyport::app
