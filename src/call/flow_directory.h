// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every verified connection of the process, by id and by peer: how a worker learns of a connection that
// another worker accepted. Thread-safe; touched when connections come and go and when a call looks for
// one, never per packet.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "call/ports.h"

namespace sallyport::call {

class FlowDirectory {
 public:
  void add(sip::FlowId flow, std::shared_ptr<const FlowFacts> facts);
  // What is known of it has changed; nothing happens when it is gone.
  void replace(sip::FlowId flow, std::shared_ptr<const FlowFacts> facts);
  // True when another worker has been told of it and must hear that it is gone.
  bool remove(sip::FlowId flow);
  std::shared_ptr<const FlowFacts> facts(sip::FlowId flow) const;
  // Marks the flow as known beyond its worker.
  void lend(sip::FlowId flow);
  // The newest connection of that peer, lent; nothing when it has none.
  std::optional<sip::FlowId> ofPeer(std::string_view peer);

 private:
  struct Entry {
    std::shared_ptr<const FlowFacts> facts;
    bool lent = false;
  };
  void enter(sip::FlowId flow, const FlowFacts& facts);
  void leave(sip::FlowId flow, const FlowFacts& facts);

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> flows_;
  std::unordered_map<std::string, std::vector<sip::FlowId>> by_peer_;  // configured peers only, not devices
};

}  // namespace sallyport::call
