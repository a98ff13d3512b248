// SPDX-License-Identifier: Apache-2.0
#pragma once
// Answers REGISTER (RFC 3261 10.3, RFC 5626 6, RFC 5627 5, RFC 3327 5.3, RFC 3608): a device may bind the one
// address that it has proven to be, a peer with `path` those of the devices behind it, nobody anything else.
// Where a core is to know of every registration, the answer waits for the core's.
//
// Sans I/O; one per worker, used on its thread, over a table that all workers share.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "call/registrations.h"
#include "call/turn_credentials.h"
#include "call/via.h"
#include "config/config.h"
#include "identity/principal.h"
#include "sip/message.h"

namespace sallyport::call {

struct RegistrarSettings {
  std::vector<std::string> domains;  // lower case; the first stands in GRUUs of ours
  std::chrono::seconds min_expires{60};
  std::chrono::seconds default_expires{3'600};
  std::chrono::seconds max_expires{7'200};
  std::optional<std::chrono::seconds> flow_timer;  // RFC 5626 5.4
  std::optional<SentBy> sent_by;                   // of Service-Route: "<sip:edge.example.org:5061;transport=tls;lr>"
  std::set<std::string, std::less<>> path_peers;   // may register for others behind them
  std::shared_ptr<const TurnCredentials> turn;     // for clients that ask; null: there is no server
};
RegistrarSettings registrarSettings(const config::Config& config, const SentBy& sent_by,
                                    std::shared_ptr<const TurnCredentials> turn);

// Option tags that a REGISTER may require.
inline constexpr std::string_view kRegisterOptionTags[] = {"gruu", "outbound", "path"};

// One REGISTER, well formed (sip::checkRequest) and admitted by the guard.
struct RegisterRequest {
  const sip::Message& message;
  const identity::Principal& principal;
  sip::FlowId flow;
  Endpoint source;
  Transport transport = Transport::tls;
  std::string listener = {};  // that it came by
};

struct RegisterAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // in order; besides those of every response
  std::string body;                                          // of kIceServersType, when asked for
  std::optional<Error> refusal;                              // why, for the log and `why`; nothing on the wire
};
// The response on the wire.
std::string render(const RegisterAnswer& answer, const sip::Message& request, std::string_view to_tag);

// Told of every address whose bindings have changed, to keep them beyond the process.
class RegistrationJournal {
 public:
  virtual ~RegistrationJournal() = default;
  virtual void touched(std::string_view aor) = 0;  // any thread; never blocks on I/O
};

// Carries accepted registrations on to the core: UpstreamRegistrar.
class Upstream {
 public:
  // `change` with the expiry that the core granted and what it now knows, or why not. Errors:
  //   registrar.upstream.denied       the core refused this address            403
  //   registrar.upstream.challenged   it wants a proof of us that we lack      503
  //   registrar.upstream.unavailable  it does not answer, or not now           503
  using Carried = std::function<void(Result<RegistrationChange>)>;

  virtual ~Upstream() = default;
  // `carried` is called exactly once, possibly before carry() returns.
  virtual void carry(RegistrationChange change, Registrations::Plan plan, Carried carried) = 0;
  // The binding is gone here and shall not outlive that there.
  virtual void withdraw(const Binding& binding) = 0;
};

class Registrar {
 public:
  struct Parts {
    unsigned worker = 0;
    Registrations& table;
    RegistrationJournal& journal;
    const Clock& clock;
    Upstream* upstream = nullptr;  // null: nobody else is told
  };
  Registrar(Parts parts, RegistrarSettings settings);

  void adopt(RegistrarSettings settings, Upstream* upstream) {
    settings_ = std::move(settings);
    parts_.upstream = upstream;
  }

  // `done` is called exactly once, possibly before handle() returns; nothing of `request` is needed after that.
  // Refusals:
  //   registrar.aor.foreign, .from.foreign         not the principal's address, nor at our domain   403
  //   registrar.proof.expired                      what proved the principal has ended              403
  //   registrar.path.denied                        Path from who may not (Unsupported: path)        420
  //   registrar.path.unsupported                   Path, and no Supported: path                     421
  //   registrar.path.invalid, .too_long            400
  //   registrar.require.unsupported                420
  //   registrar.contact.scheme, .too_long, .repeated, .q, .instance, .reg_id, .wildcard            400
  //   registrar.outbound.multiple                  more than one Contact beside a reg-id            400
  //   registrar.outbound.first_hop                 the first hop does not keep flows                439
  //   registrar.expires.brief                      with Min-Expires                                 423
  //   registrar.cseq.old                           500
  //   registrar.contacts.full 403, registrar.table.full 503, and those of Upstream
  using Done = std::function<void(RegisterAnswer)>;
  void handle(const RegisterRequest& request, Done done);

  void flowClosed(sip::FlowId flow);
  void trustWithdrawn(sip::FlowId flow);  // what was bound over it is not any more
  void expire();                          // about once a second; any worker may, the first one does it

 private:
  struct Pending;  // what the answer needs while the core is asked
  using PendingPtr = std::shared_ptr<Pending>;

  void release(const std::vector<BindingPtr>& gone);
  void commit(const PendingPtr& pending, Result<RegistrationChange> carried);

  Parts parts_;
  RegistrarSettings settings_;
  std::unordered_multimap<std::uint64_t, PendingPtr> pending_;  // by flow
};

}  // namespace sallyport::call
