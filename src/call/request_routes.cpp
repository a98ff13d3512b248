// SPDX-License-Identifier: Apache-2.0
#include "call/request_routes.h"

#include "call/routing.h"

namespace sallyport::call {

Result<RelayRoute> PolicyRoutes::decide(const RelayRequest& request) {
  const auto& from = request.from.peer();
  const auto* source = policy_->peer(from);
  if (source == nullptr) return Error{ErrorKind::peerDenied, "call.peer_removed", from};
  SP_ASSIGN(const auto called, calledParty(*policy_, from, request.message.requestUri()));
  const CallerProof proof{from, request.from.identity(), policy_->domain()};
  SP_ASSIGN(const auto caller, identifyCaller(source->caller, proof, request.message));
  SP_ASSIGN(const auto decision,
            route(*policy_, {from, called.user, called.host, &caller, clock_.wall(), &called.number}));

  const auto& destination = decision.first();
  SP_ASSIGN(const auto sips, decideSips({schemeOf(request.message.requestUri()), source->sips, destination.peer->sips,
                                         source->hop, destination.peer->hop}));
  RelayRoute chosen{policy_, {}, {}};
  auto& target = chosen.target;
  target.peer = destination.peer;
  target.label = destination.peer->name;
  target.request_uri = target.to_uri = destination.uri();
  target.from_uri = withScheme(sips.far, destination.presented.from_uri);
  target.asserted_identity = destination.presented.asserted_identity;
  chosen.headers = select(request.message, destination.headers, {.own_host = policy_->domain(), .target_user = {}});
  if (!destination.presented.privacy.empty()) chosen.headers.emplace_back("Privacy", destination.presented.privacy);
  if (destination.isRegistrar()) {
    SP_TRY(reachDevice(target));
  } else {
    target.request_uri = target.to_uri = withScheme(sips.far, std::move(target.request_uri));
  }
  return chosen;
}

// RFC 3261 16.5, RFC 5626 5.3: to the contact that is registered, over the connection it registered on.
Status PolicyRoutes::reachDevice(Target& target) const {
  constexpr std::string_view kScheme = "sip:";
  const auto aor = std::string_view{target.to_uri}.substr(target.to_uri.starts_with(kScheme) ? kScheme.size() : 0);
  if (registered_ == nullptr) return Error{ErrorKind::unavailable, "registrar.no_binding", std::string{aor}};
  SP_ASSIGN(const auto bindings, registered_->reachable(aor, clock_.wall()));
  const auto& binding = *bindings.front();
  target.request_uri = binding.contact.uri;
  target.flow = binding.flow;
  if (binding.path.empty()) return success();  // which as a list would be one empty element
  for (sip::ListCursor hops{binding.path}; const auto hop = hops.next();) {
    SP_ASSIGN(const auto route, sip::NameAddr::parse(*hop));
    target.route.emplace_back(route.uri);
  }
  return success();
}

}  // namespace sallyport::call
