// SPDX-License-Identifier: Apache-2.0
#pragma once
// Carries requests that belong to no call from one proven principal to another: MESSAGE (RFC 3428), PUBLISH (RFC
// 3903), SUBSCRIBE and NOTIFY (RFC 6665). Routed, and its sender named, as a call would be; every Call-ID, tag and
// Contact is ours on each side. Refused unless both the guard and the policies of both peers list the method.
//
// Sans I/O; one per worker, used on its thread. Owned by the CallServer.

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "call/relay_ports.h"
#include "call/subscription.h"

namespace sallyport::call {

class RequestRelay {
 public:
  RequestRelay(RelayContext context, RequestRoutes& routes, EdgePolicyPtr policy);
  ~RequestRelay();

  // A subscription whose peer is gone from the configuration ends ("relay.peer_removed").
  void adopt(EdgePolicyPtr policy);

  // A request outside any dialog. It is answered, now or when the other side has: see relayStatus().
  void take(RelayRequest request);
  // One with our tag in To that belongs to a subscription.
  bool owns(std::string_view local_tag) const { return by_tag_.find(local_tag) != by_tag_.end(); }
  void takeInDialog(RelayRequest request);

  void flowClosed(sip::FlowId flow) { closed_.insert(flow); }  // looked at by watch()
  void watch();                                                // once a second: lost and forgotten subscriptions
  void endAll();                                               // the edge is stopping

  std::size_t pending() const { return pending_; }
  std::size_t subscriptions() const { return by_tag_.size() / 2; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Share {  // of one principal
    std::size_t pending = 0;
    std::size_t subscriptions = 0;
  };
  template <typename Value>
  using ByName = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  Status check(const RelayRequest& request) const;
  Status checkBody(const sip::Message& message) const;
  Status roomForPending(const identity::Principal& who) const;
  Result<sip::EventHeader> allowedEvent(const sip::Message& message) const;
  Status mayUse(std::string_view peer, sip::Method method, const char* code) const;
  struct Carried;  // a stand-alone request on its way
  void carry(RelayRequest request, RelayRoute route);
  void send(const std::shared_ptr<Carried>& carried);
  void onCarried(const std::shared_ptr<Carried>& carried, const Requester::Answer& answer);
  void subscribe(RelayRequest request, RelayRoute route);
  Status roomForSubscription(const identity::Principal& who) const;
  void forget(const Subscription& subscription);
  std::vector<std::shared_ptr<Subscription>> all() const;

  RelayContext context_;
  RequestRoutes& routes_;
  std::size_t pending_ = 0;
  ByName<Share> shares_;                          // by identity
  ByName<std::shared_ptr<Subscription>> by_tag_;  // each under both of its tags
  std::set<sip::FlowId> closed_;                  // since the last watch()
  std::shared_ptr<const bool> alive_;             // gone with this: answers that outlive it reach nobody
};

}  // namespace sallyport::call
