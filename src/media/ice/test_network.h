// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the tests of ice/: agents against each other over a network of values, with delay, loss and NATs. Time jumps to
// whatever happens next.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "media/ice/agent.h"
#include "media/ice/ice_test_support.h"
#include "media/ice/lite_agent.h"

namespace sallyport::media::ice::testing {

// A translator in front of one host.
struct Nat {
  enum class Mapping : std::uint8_t { one, perDestination };  // RFC 4787 4.1
  IpAddress outside;
  Mapping mapping = Mapping::one;
};

class Network;

// Something with sockets that speaks STUN.
class Node {
 public:
  virtual ~Node() = default;
  virtual std::vector<Transmission> receive(LocalIndex local, const Endpoint& source, Bytes datagram,
                                            TimePoint now) = 0;
  virtual std::vector<Transmission> advance(TimePoint now) = 0;
  virtual std::optional<TimePoint> deadline() const = 0;

  std::vector<Endpoint> sockets;
  std::optional<Nat> nat;
};

class FullNode : public Node {
 public:
  explicit FullNode(AgentConfig config) : agent(std::move(config)) {}

  std::vector<Transmission> receive(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now) override {
    agent.onStun(local, source, datagram, now);
    return agent.takeTransmissions();
  }
  std::vector<Transmission> advance(TimePoint now) override {
    agent.advance(now);
    return agent.takeTransmissions();
  }
  std::optional<TimePoint> deadline() const override { return agent.deadline(); }

  IceAgent agent;
};

class LiteNode : public Node {
 public:
  explicit LiteNode(LiteConfig config) : agent(std::move(config)) {}

  std::vector<Transmission> receive(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now) override {
    auto reply = agent.onStun(local, source, datagram, now);
    if (reply.answer.empty()) return {};
    return {{local, source, std::move(reply.answer)}};
  }
  std::vector<Transmission> advance(TimePoint) override { return {}; }
  std::optional<TimePoint> deadline() const override { return std::nullopt; }

  IceLiteAgent agent;
};

class Network {
 public:
  void add(Node& node) { nodes_.push_back(&node); }

  // Runs until `reached` or until `limit` has passed; true when reached.
  bool run(
      std::chrono::milliseconds limit, const std::function<bool()>& reached = [] { return false; }) {
    const auto end = now + limit;
    while (!reached()) {
      auto next = end;
      if (!flying_.empty()) next = std::min(next, flying_.begin()->first);
      for (const auto* node : nodes_) next = std::min(next, node->deadline().value_or(end));
      if (next >= end) {
        now = end;
        return reached();
      }
      now = std::max(now, next);
      while (!flying_.empty() && flying_.begin()->first <= now) {
        const auto packet = flying_.extract(flying_.begin()).mapped();
        deliver(packet);
      }
      for (auto* node : nodes_) send(*node, node->advance(now));
    }
    return true;
  }

  void inject(const Endpoint& from, const Endpoint& to, Datagram datagram) { fly({from, to, std::move(datagram)}); }

  TimePoint now = kStart;
  std::chrono::milliseconds delay{20};
  unsigned loss_percent = 0;
  std::set<Endpoint> silent;  // nothing reaches these
  std::size_t sent = 0;

 private:
  struct Packet {
    Endpoint from, to;
    Datagram bytes;
  };

  void send(Node& node, std::vector<Transmission> all) {
    for (auto& transmission : all) {
      const auto& inside = node.sockets.at(transmission.from);
      fly({node.nat ? outsideOf(node, inside, transmission.to) : inside, transmission.to,
           std::move(transmission.datagram)});
    }
  }

  void fly(Packet packet) {
    ++sent;
    random_ = random_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    if ((random_ >> 33) % 100 < loss_percent || silent.count(packet.to) > 0) return;
    flying_.emplace(now + delay, std::move(packet));
  }

  Endpoint outsideOf(const Node& node, const Endpoint& inside, const Endpoint& to) {
    const auto key = std::pair{inside, node.nat->mapping == Nat::Mapping::one ? Endpoint{} : to};
    auto [entry, fresh] = mapped_.try_emplace(key, Endpoint{node.nat->outside, next_port_});
    if (fresh) ++next_port_;
    admitted_.emplace(entry->second, to.address);
    return entry->second;
  }

  // A NAT admits only whom its host has sent to (RFC 4787 5: address-dependent filtering).
  void deliver(const Packet& packet) {
    auto target = packet.to;
    for (const auto& [key, outside] : mapped_) {
      if (outside == packet.to && admitted_.count({packet.to, packet.from.address}) > 0) target = key.first;
    }
    for (auto* node : nodes_) {
      const auto socket = std::find(node->sockets.begin(), node->sockets.end(), target);
      if (socket == node->sockets.end() || (node->nat && target == packet.to)) continue;
      const auto local = static_cast<LocalIndex>(socket - node->sockets.begin());
      send(*node, node->receive(local, packet.from, packet.bytes, now));
    }
  }

  std::vector<Node*> nodes_;
  std::multimap<TimePoint, Packet> flying_;
  std::map<std::pair<Endpoint, Endpoint>, Endpoint> mapped_;  // inside and destination, to outside
  std::set<std::pair<Endpoint, IpAddress>> admitted_;
  std::uint16_t next_port_ = 20'000;
  std::uint64_t random_ = 42;
};

}  // namespace sallyport::media::ice::testing
