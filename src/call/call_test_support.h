// SPDX-License-Identifier: Apache-2.0
#pragma once
// A call server for tests with everything it touches replaced: connections that keep what was said on
// them, ports that exist only as numbers, a clock that stands still. The peers are as real as a handshake would
// have made them: their certificates are issued and verified.

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "call/call_server.h"
#include "config/load.h"
#include "crypto/peer_directory.h"
#include "crypto/test_certificates.h"
#include "guard/rules.h"
#include "telemetry/recording_sink.h"

namespace sallyport::call::test {

using namespace std::chrono_literals;

constexpr std::string_view kDomain = "sallyport.test";

// Two enrolled phones, alice and mallory, and two peers: core, which we connect to, and carrier, which
// connects to us. The address is where the principal's connections come from.
struct Principal {
  crypto::VerifiedPeer proof;
  Endpoint address;
};

inline const Principal& principal(std::string_view name) {
  static const auto all = [] {
    using namespace crypto::testing;
    const auto ca = make(caSpec("Test CA"));
    std::vector<crypto::PeerEntry> peers(2);
    peers[0].name = "core";
    peers[0].identities = {{crypto::SanKind::dns, "core.inner.test"}};
    peers[1].name = "carrier";
    peers[1].identities = {{crypto::SanKind::dns, "sbc.carrier.test"}};
    for (auto& peer : peers) peer.anchors = anchorsOf(ca);
    crypto::DeviceRule devices;
    devices.anchors = anchorsOf(ca);
    devices.domain = kDomain;
    const auto directory = *crypto::PeerDirectory::build(peers, devices);
    std::map<std::string, Principal, std::less<>> made;
    const auto add = [&](const std::string& who, const std::string& san, const char* address) {
      Spec spec;
      spec.name = who;
      spec.sans = san;
      const auto leaf = make(spec, &ca);
      auto proof = directory->identify(leaf.certificate, {}, crypto::PeerRole::client, kNow);
      SP_CHECK(proof.ok());
      made.emplace(who, Principal{*std::move(proof), *Endpoint::parse(address)});
    };
    add("alice", "URI:sip:alice@sallyport.test", "10.9.8.7:5061");
    add("mallory", "URI:sip:mallory@sallyport.test", "10.6.6.6:5061");
    add("bob", "URI:sip:bob@sallyport.test", "10.7.7.7:5061");
    add("core", "DNS:core.inner.test", "10.20.30.40:5061");
    add("carrier", "DNS:sbc.carrier.test", "198.51.100.7:5061");
    return made;
  }();
  return all.find(name)->second;
}

class FakeFlows final : public Flows {
 public:
  sip::FlowId open(std::string_view who, const std::optional<Endpoint>& from = {}) {
    const auto id = sip::FlowId{++last_};
    const auto& [proof, address] = principal(who);
    if (unprotected.count(who) > 0) {
      FlowFacts plain;
      plain.principal = identity::Principal::fromSourceNetwork(std::string{who});
      plain.listener = config::kUnprotectedListener;
      plain.remote = from.value_or(address);
      plain.transport = Transport::tcp;
      flows_[id] = std::make_shared<const FlowFacts>(std::move(plain));
      return id;
    }
    const FlowFacts facts{proof,
                          identity::Principal::fromCertificate(proof),
                          "public",
                          from.value_or(address),
                          *Endpoint::parse("192.0.2.1:5061"),
                          "TLSv1.3",
                          "TLS_AES_256_GCM_SHA384"};
    flows_[id] = std::make_shared<const FlowFacts>(facts);
    return id;
  }
  // Without a certificate, at that listener.
  sip::FlowId openStranger(std::string listener, const char* address) {
    const auto id = sip::FlowId{++last_};
    FlowFacts facts;
    facts.listener = std::move(listener);
    facts.remote = *Endpoint::parse(address);
    flows_[id] = std::make_shared<const FlowFacts>(std::move(facts));
    return id;
  }
  void close(sip::FlowId flow) { flows_.erase(flow); }
  bool isOpen(sip::FlowId flow) const { return flows_.count(flow) > 0; }
  std::optional<sip::FlowId> of(std::string_view peer, const std::optional<Endpoint>& address = {}) const {
    for (auto flow = flows_.rbegin(); flow != flows_.rend(); ++flow) {
      if (address && flow->second->remote != *address) continue;
      if (flow->second->peer() == peer && peer != kDevices) return flow->first;
    }
    return std::nullopt;
  }

  // The first message on the flow that fits, whatever else waits before it.
  using Wanted = std::function<bool(const sip::Message&)>;
  std::optional<sip::Message> take(sip::FlowId flow, const Wanted& wanted) {
    auto& waiting = heard_[flow];
    for (auto at = waiting.begin(); at != waiting.end(); ++at) {
      if (!wanted(*at)) continue;
      auto message = std::move(*at);
      waiting.erase(at);
      return message;
    }
    return std::nullopt;
  }
  // Nothing waits but, perhaps, a 100.
  bool silent(sip::FlowId flow) const {
    const auto found = heard_.find(flow);
    return found == heard_.end() || std::all_of(found->second.begin(), found->second.end(),
                                                [](const sip::Message& waiting) { return waiting.status() == 100; });
  }
  std::vector<std::pair<sip::FlowId, sip::Message>> takeAll() {
    std::vector<std::pair<sip::FlowId, sip::Message>> all;
    for (auto& [flow, waiting] : std::exchange(heard_, {})) {
      for (auto& message : waiting) all.emplace_back(flow, std::move(message));
    }
    return all;
  }

  void send(sip::FlowId flow, std::string_view bytes) override {
    if (!isOpen(flow)) return;
    auto message = sip::Message::parse(std::string{bytes});
    SP_CHECK(message.ok());  // what we say is always well formed
    heard_[flow].push_back(*std::move(message));
  }
  std::shared_ptr<const FlowFacts> facts(sip::FlowId flow) const override {
    const auto found = flows_.find(flow);
    return found == flows_.end() ? nullptr : found->second;
  }
  void prove(sip::FlowId flow, identity::Principal principal) override {
    const auto found = flows_.find(flow);
    if (found == flows_.end()) return;
    auto facts = *found->second;
    facts.principal = std::move(principal);
    found->second = std::make_shared<const FlowFacts>(std::move(facts));
  }
  void acquire(const Target& target, Ready ready) override {
    const auto& peer = *target.peer;
    if (target.flow) {
      if (isOpen(*target.flow)) return ready(*target.flow);
      return ready(Error{ErrorKind::unavailable, "call.flow.gone", target.label});
    }
    if (!peer.address) {  // it connects to us, or it cannot be reached
      if (const auto flow = of(peer.name)) return ready(*flow);
      return ready(Error{ErrorKind::unavailable, "call.peer.not_connected", peer.name});
    }
    if (dialing == Dialing::later) return dials_.push_back({peer.name, target.address, std::move(ready)});
    connect(peer.name, target.address, ready);
  }

  enum class Dialing { atOnce, later, fails };
  Dialing dialing = Dialing::atOnce;
  std::size_t dials() const { return dials_.size(); }
  // Those that wait get what `outcome` says.
  void completeDials(Dialing outcome = Dialing::atOnce) {
    dialing = outcome;
    for (auto& dial : std::exchange(dials_, {})) connect(dial.peer, dial.address, dial.ready);
  }
  std::set<Endpoint> unreachable;                    // servers that refuse connections
  std::set<std::string, std::less<>> unprotected{};  // peers whose connections are plain TCP

 private:
  struct Dial {
    std::string peer;
    std::optional<Endpoint> address;
    Ready ready;
  };
  void connect(const std::string& peer, const std::optional<Endpoint>& address, const Ready& ready) {
    if (dialing == Dialing::fails || (address && unreachable.count(*address) > 0))
      return ready(Error{ErrorKind::unavailable, "net.connect.refused", peer});
    const auto flow = of(peer, address);
    ready(flow ? *flow : open(peer, address));
  }

  std::uint64_t last_ = 0;
  std::map<sip::FlowId, std::shared_ptr<const FlowFacts>> flows_;
  std::map<sip::FlowId, std::deque<sip::Message>> heard_;
  std::vector<Dial> dials_;
};

// Port numbers without sockets; the relays behind them take datagrams from a test.
class FakePorts final : public MediaPortFactory {
 public:
  class Ports final : public MediaPorts {
   public:
    Ports(FakePorts& factory, media::Relay& relay_behind, PathEvents& path_behind)
        : relay(relay_behind), path(path_behind), factory_(factory) {
      ++factory_.open_calls;
      factory_.latest = this;
    }
    ~Ports() override {
      --factory_.open_calls;
      if (factory_.latest == this) factory_.latest = nullptr;
    }
    Result<Pair> open(media::Side side, IpAddress::Family) override {
      if (factory_.exhausted) return Error{ErrorKind::overloaded, "net.ports.exhausted", ""};
      const auto address = *IpAddress::parse("192.0.2.1");
      auto& next = factory_.next_;
      next = next > 60'000 ? std::uint16_t{20'000} : static_cast<std::uint16_t>(next + 2);
      const Pinhole hole{{address, next}, {address, static_cast<std::uint16_t>(next + 1)}, *IpAddress::parse(kPublic)};
      pairs_.emplace(made_, Made{side, hole});
      return made_++;
    }
    const Pinhole& pinhole(Pair pair) const override { return pairs_.at(pair).hole; }
    void use(Pair pair) override {
      used[pairs_.at(pair).side == media::Side::a ? 0 : 1] = pairs_.at(pair).hole.rtp.port;
    }
    void close(Pair pair) override { pairs_.erase(pair); }
    void closeRtcp(Pair pair) override { rtcp_closed[pairs_.at(pair).side == media::Side::a ? 0 : 1] = true; }
    void send(const media::Verdict& verdict, MutableBytes datagram) override {
      sent.push_back({verdict.to, verdict.destination, {datagram.begin(), datagram.end()}});
    }
    void send(Pair from, const Endpoint& to, Bytes datagram) override {
      path_sent.push_back({from, to, {datagram.begin(), datagram.end()}});
    }
    std::size_t open() const { return pairs_.size(); }
    struct Sent {
      media::Side to;
      Endpoint destination;
      std::vector<std::uint8_t> datagram;
    };
    std::vector<Sent> sent;  // what the relay has made itself
    struct PathSent {
      Pair from;
      Endpoint to;
      std::vector<std::uint8_t> datagram;
    };
    std::vector<PathSent> path_sent;  // STUN and DTLS

    media::Relay& relay;
    PathEvents& path;
    bool rtcp_closed[2] = {};
    std::uint16_t used[2] = {};  // the ports that media goes through

   private:
    struct Made {
      media::Side side;
      Pinhole hole;
    };
    FakePorts& factory_;
    std::map<Pair, Made> pairs_;
    Pair made_ = 0;
  };

  static constexpr const char* kPublic = "203.0.113.10";

  std::unique_ptr<MediaPorts> portsFor(media::Relay& relay, PathEvents& path) override {
    return std::make_unique<Ports>(*this, relay, path);
  }
  Result<std::shared_ptr<const crypto::DtlsCertificate>> certificate(WallTime wall) override {
    return certificates_.current(wall);
  }

  TranscodingSlots& transcoding() override { return transcoding_slots; }
  TranscodingSlots transcoding_slots;
  bool exhausted = false;
  int open_calls = 0;
  Ports* latest = nullptr;

 private:
  std::uint16_t next_ = 20'000;
  crypto::DtlsCertificates certificates_;
};

// Says where routed calls go, as a test has it; remembers what became of attempts.
class FakePlaces final : public TargetSource, public TargetObserver {
 public:
  using Expand = std::function<std::vector<TargetGroup>(const Target&)>;
  Expand groups = [](const Target& target) { return std::vector<TargetGroup>{{target}}; };
  std::vector<std::string> heard;  // "label: fine", "label: code"
  std::optional<std::chrono::seconds> retry_after;

  Result<std::vector<TargetGroup>> expand(const Target& target) override { return groups(target); }
  void onSuccess(const Target& target) override { heard.push_back(target.label + ": fine"); }
  void onFailure(const Target& target, const Error& reason, std::optional<std::chrono::seconds> after) override {
    heard.push_back(target.label + ": " + reason.code);
    retry_after = after;
  }
};

class KeptRecords final : public RecordSink {
 public:
  void begin(telemetry::CallRecord record) override { begun.push_back(std::move(record)); }
  void append(telemetry::CallRecord record) override { kept.push_back(std::move(record)); }
  std::vector<telemetry::CallRecord> begun, kept;
};

}  // namespace sallyport::call::test
