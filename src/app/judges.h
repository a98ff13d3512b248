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
#include "identity/jwks.h"
#include "identity/nonce.h"
#include "identity/token_bindings.h"

namespace sallyport::app {

struct JudgeTables {
  explicit JudgeTables(Secret decoy_key);

  guard::LimitTables limits;
  guard::AuthFailureTables failures;
  guard::DecisionLog decisions;
  std::shared_ptr<guard::DrainedPeers> drained = std::make_shared<guard::DrainedPeers>();
  identity::Nonces nonces;
  Secret decoys;  // what users nobody knows seem to have
  std::shared_ptr<identity::TokenBindings> tokens = std::make_shared<identity::TokenBindings>();
};

// The key of what unknown users seem to have, <state_dir>/decoys.key (0600), made at the first start. It outlives the
// process: were it new after a restart, the salts that change then would be those of users who do not exist.
// Errors: "app.decoys.malformed", crypto.file.*, crypto.key.permissions, ca.unwritable, ca.disk.full.
Result<Secret> decoyKey(const config::Path& state_dir);

guard::TrunkPolicy trunkPolicy(const config::Config& config, const JudgeTables& tables);

// `fetched`: the keys of a token issuer with a `jwks_url`. Errors: crypto.file.*, crypto.key.permissions,
// identity.credentials.*, identity.jwks.*, identity.scram.library; the detail names the file.
Result<call::Judges> judgesOf(const config::Config& config, const Certificates& certificates, JudgeTables& tables,
                              identity::IssuerKeysPtr fetched = nullptr);

}  // namespace sallyport::app
