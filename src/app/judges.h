// SPDX-License-Identifier: Apache-2.0
#pragma once
// From configuration to what requests are judged by: limits into the admission chain, verifiers and issuers' keys
// into what is demanded of whom. The tables they count in live as long as the process; the judges are built
// whole before anything is swapped.

#include <memory>

#include "app/trust.h"
#include "call/call_server.h"
#include "config/config.h"
#include "core/secret.h"
#include "guard/rules.h"
#include "identity/nonce.h"
#include "identity/token_bindings.h"

namespace sallyport::app {

struct JudgeTables {
  JudgeTables();

  guard::LimitTables limits;
  guard::AuthFailureTables failures;
  guard::DecisionLog decisions;
  std::shared_ptr<guard::DrainedPeers> drained = std::make_shared<guard::DrainedPeers>();
  identity::Nonces nonces;
  Secret decoys;  // what users nobody knows seem to have
  std::shared_ptr<identity::TokenBindings> tokens = std::make_shared<identity::TokenBindings>();
};

guard::TrunkPolicy trunkPolicy(const config::Config& config, const JudgeTables& tables);

// Errors: crypto.file.*, crypto.key.permissions, identity.credentials.*, identity.jwks.*, identity.scram.library; the
// detail names the file.
Result<call::Judges> judgesOf(const config::Config& config, const Certificates& certificates, JudgeTables& tables);

}  // namespace sallyport::app
