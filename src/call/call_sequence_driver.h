// SPDX-License-Identifier: Apache-2.0
#pragma once
// Drives a call server with a program of events, three bytes each: what either peer of a few calls may say,
// when, on which connection, and what the operator and the network do meanwhile. After every step it checks what
// must hold whatever the program: live calls and records agree, each call is recorded once, no byte of one side's
// topology is heard on the other. At the end nothing is left of any call. A broken invariant is an SP_CHECK.
// Used by the sequence test and by the fuzz target.

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "call/call_test_script.h"

namespace sallyport::call::test {

class CallSequenceDriver {
 public:
  CallSequenceDriver() {
    border_.places.groups = [this](const Target& target) { return placesOf(target, begun()); };
  }

  void run(std::span<const std::uint8_t> program) {
    for (; program.size() >= 3; program = program.subspan(3)) {
      step(program[0], program[1], program[2]);
      listen();
      check();
    }
  }

  // Ten minutes later silence has ended what was talking; what is on hold the operator ends. Then nothing is left.
  void finish() {
    border_.flows.completeDials(FakeFlows::Dialing::fails);
    border_.media_timeouts = true;
    border_.pass(600s);
    check();
    border_.server.endAll({"test.over", "", "edge", 503});
    border_.pass(100s);
    check();
    const auto left = border_.leftovers();
    if (!left.empty()) std::fprintf(stderr, "left over: %s\n", left.c_str());
    SP_CHECK(left.empty());
    SP_CHECK(!border_.server.nextDeadline());
  }

  std::size_t begun() const { return border_.records.begun.size(); }
  std::size_t answered() const {
    const auto& kept = border_.records.kept;
    return static_cast<std::size_t>(
        std::count_if(kept.begin(), kept.end(), [](const auto& record) { return record.answered.has_value(); }));
  }

 private:
  struct Side {
    explicit Side(Party who) : party(std::move(who)) {}
    Party party;
    std::deque<sip::Message> asked;  // requests it has not answered for good
    std::string offer;               // the last description it was offered
    std::string rseq = "1";          // the last it was told reliably
  };
  struct Slot {
    std::optional<Side> caller, callee;
    unsigned version = 1;
  };

  // --- the program ------------------------------------------------------------------------------------------------

  void step(std::uint8_t op, std::uint8_t a, std::uint8_t b) {
    auto& slot = slots_[op >> 6 & 1];
    auto* side = &slot.caller;
    if ((op >> 5 & 1) != 0) side = &slot.callee;
    switch (op & 15) {
      case 0: return dial(slot, a, b);
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        if (*side) answer(slot, **side, a, b);
        return;
      case 6:
      case 7:
      case 8:
        if (*side) request(slot, **side, a, b);
        return;
      case 9:
      case 10:
        if (*side) (*side)->party.ack(body(slot, **side, b));
        return;
      case 11:
        if (*side && a < 64) (*side)->party.cancel();
        return;
      case 12:
      case 13: return pass(a);
      case 14: return (b & 3) == 0 ? connections(slot, a) : garble(a, b);
      default:
        if ((b & 3) == 0) operate(a);
    }
  }

  void dial(Slot& slot, std::uint8_t a, std::uint8_t b) {
    if (begun() > 40 || (slot.callee && a >= 48)) return;
    const char* who = a % 5 == 4 ? "mallory" : "alice";
    const auto flow = border_.flows.isOpen(caller_flow_) ? caller_flow_ : border_.flows.open(who);
    caller_flow_ = flow;
    static constexpr std::array kUsers{"bob", "bob", "bob", "bob", "+4930", "nobody"};
    slot = Slot{};
    slot.caller.emplace(callerOn(border_, flow, kUsers[a % kUsers.size()]));
    slot.caller->party.send("INVITE", body(slot, *slot.caller, b),
                            ((a & 0x40) != 0 ? "Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n" : "") +
                                std::string{(a & 0x20) != 0   ? "Supported: 100rel\r\n"
                                            : (b & 0x40) != 0 ? "Require: 100rel\r\n"
                                                              : ""});
  }

  void answer(Slot& slot, Side& side, std::uint8_t a, std::uint8_t b) {
    static constexpr std::array kStatuses{100, 180, 183, 180, 183, 100, 180, 183, 199, 302, 401,
                                          422, 481, 486, 487, 488, 491, 500, 503, 603, 408};
    if (side.asked.empty()) return;
    const int status = (a & 1) != 0 ? 200 : kStatuses[a / 2 % kStatuses.size()];
    auto request = std::move(side.asked.front());
    side.asked.pop_front();
    const bool describes = request.method() == sip::Method::invite || request.method() == sip::Method::update;
    const std::string fork = (b & 0x80) != 0 ? "fork" : "";
    std::string extra = status == 422 ? "Min-SE: 2000\r\n" : "";
    if (status > 100 && status < 200 && (b & 0x20) != 0)
      extra += "Require: 100rel\r\nRSeq: " + std::to_string(1 + a % 4) + "\r\n";
    if ((b & 0x40) != 0) extra += "Allow: INVITE, UPDATE\r\nSession-Expires: 400;refresher=uac\r\n";
    side.party.respond(request, status, describes && status < 300 && status != 100 ? body(slot, side, b) : "", extra,
                       fork);
    // Sometimes it answers twice.
    if (status < 200 || (a & 0x80) != 0) side.asked.push_back(std::move(request));
  }

  void request(Slot& slot, Side& side, std::uint8_t a, std::uint8_t b) {
    static constexpr std::array kMethods{"BYE",  "INVITE", "UPDATE",  "INVITE", "UPDATE",
                                         "INFO", "PRACK",  "OPTIONS", "BYE",    "REFER"};
    const std::string method = kMethods[a % kMethods.size()];
    if (method == "BYE" && (a & 0x30) != 0) return;  // let calls live a little
    const bool describes = method == "INVITE" || method == "UPDATE";
    std::string extra;
    if (method == "PRACK") extra = "RAck: " + side.rseq + " 1 INVITE\r\n";
    if (method == "REFER") extra = "Refer-To: <" + target(b) + ">\r\n";
    const bool offers = describes || (method == "PRACK" && b % 3 == 0);
    if (method == "INFO") side.party.content_type = "application/dtmf-relay";
    side.party.send(method, offers ? body(slot, side, b) : method == "INFO" ? "Signal=5\r\n" : "", extra);
    side.party.content_type = "application/sdp";
  }

  // Where a call is to be transferred: to somebody new, to nobody, or to the other call's other party.
  std::string target(std::uint8_t choice) const {
    const auto& other = slots_[choice >> 2 & 1].caller;
    if (choice % 4 != 3 || !other)
      return choice % 4 == 0 ? "sip:nobody@sallyport.test" : "sip:core-user@sallyport.test";
    const auto& party = other->party;
    const auto tag = party.to.find("tag=");
    return "sip:core-user@sallyport.test?Replaces=" + party.call_id + "%3Bto-tag%3D" +
           (tag == std::string::npos ? "none" : party.to.substr(tag + 4)) + "%3Bfrom-tag%3D" + party.tag;
  }

  // What the side may put into its message: its own description in some state, an answer, or something unfit.
  std::string body(Slot& slot, const Side& side, std::uint8_t choice) {
    static constexpr std::array kDirections{"sendrecv", "sendonly", "recvonly", "inactive"};
    const bool caller = slot.caller && &side == &*slot.caller;
    Sdp sdp;
    sdp.host = caller ? "10.9.8.7" : "10.20.30.40";
    sdp.key = caller ? 0xA1 : 0xB2;
    sdp.version = ++slot.version;
    sdp.direction = kDirections[choice >> 2 & 3];
    switch (choice % 24) {
      case 1: return {};
      case 2: sdp.tag = 7; break;
      case 3: sdp.suite = ""; break;
      case 4:
      case 5: sdp.key = static_cast<std::uint8_t>(sdp.key + choice); break;
      case 6: sdp.formats = {{111, "opus/48000/2"}, {0, "PCMU/8000"}}; break;
      case 7:
      case 8: sdp.port = 40'000u + choice; break;
      case 9: return "v=0\r\nnonsense";
      case 10: sdp.extra = "a=rtcp-mux\r\n"; break;
      default: break;
    }
    return side.offer.empty() ? sdp.text() : answering(side.offer, sdp).text();
  }

  void pass(std::uint8_t a) {
    static constexpr std::array<std::chrono::milliseconds, 8> kTimes{1ms, 50ms, 500ms, 600ms, 4s, 29s, 181s, 900s};
    border_.pass(kTimes[a % kTimes.size()]);
  }

  void connections(Slot& slot, std::uint8_t a) {
    switch (a % 8) {
      case 0: return border_.drop(caller_flow_);
      case 1:
        if (const auto flow = border_.flows.of("core")) border_.drop(*flow);
        return;
      case 2:
        if (!border_.flows.isOpen(caller_flow_)) caller_flow_ = border_.flows.open("alice");
        if (slot.caller) slot.caller->party.flow = caller_flow_;
        return;
      case 3:
        if (slot.callee) slot.callee->party.flow = border_.flows.open("core");
        return;
      case 4: border_.flows.dialing = FakeFlows::Dialing::later; return;
      case 5: return border_.flows.completeDials();
      case 6: return border_.flows.completeDials(FakeFlows::Dialing::fails);
      default: border_.flows.dialing = FakeFlows::Dialing::atOnce;
    }
  }

  void operate(std::uint8_t a) {
    switch (a % 8) {
      case 0: return border_.server.endAll({"edge.shutdown", "", "edge", 503});
      case 1:
        for (const auto& record : border_.server.snapshot())
          border_.server.endCall(record.call_id, {"call.ended_by_operator", "", "operator", 0});
        return;
      case 2: return adopt(BorderConfig::Peers::withoutCore);
      case 3: return adopt(BorderConfig::Peers::all);
      case 4: border_.ports.exhausted = !border_.ports.exhausted; return;
      default: border_.server.watch();
    }
  }
  static EdgePolicyPtr rules(BorderConfig::Peers peers) {
    static const auto all = policyOf({});
    static const auto without = [] {
      BorderConfig config;
      config.peers = BorderConfig::Peers::withoutCore;
      return policyOf(config);
    }();
    return peers == BorderConfig::Peers::all ? all : without;
  }
  void adopt(BorderConfig::Peers peers) {
    const auto policy = rules(peers);
    border_.server.adopt(policy, border_.judges(policy));
  }

  // The last message once more, with a byte of it changed.
  void garble(std::uint8_t a, std::uint8_t b) {
    auto [flow, text] = border_.last_said;
    if (text.empty() || !border_.flows.isOpen(flow)) return;
    text[a * text.size() / 256] = static_cast<char>(b);
    border_.receive(flow, text);
  }

  // --- what is heard -------------------------------------------------------------------------------------------------

  void listen() {
    for (auto& [flow, message] : border_.flows.takeAll()) {
      const auto facts = border_.flows.facts(flow);
      if (!facts) continue;
      const bool inner = facts->peer() == "core";
      expectNone(message, inner ? std::array{"10.9.8.7", "secretive", "LeakyPhone", "leaky-"}
                                : std::array{"10.20.30.40", "sip:inner@", "SecretPBX", "inner-tag"});
      hear(flow, std::move(message));
    }
  }

  // Three of four calls have two servers to try, one after the other or at once.
  static std::vector<TargetGroup> placesOf(const Target& target, std::size_t calls) {
    if (target.peer->name != "core" || calls % 4 == 0) return {{target}};
    auto second = target;
    second.address = *Endpoint::parse("10.20.30.50:5061");
    if (calls % 4 == 1) return {{target, second}};
    return {{target}, {second}};
  }

  static void expectNone(const sip::Message& message, const std::array<const char*, 4>& secrets) {
    for (const char* secret : secrets) {
      if (message.bytes().find(secret) == std::string_view::npos) continue;
      std::fprintf(stderr, "%s in:\n%s\n", secret, std::string{message.bytes()}.c_str());
      SP_CHECK(false);
    }
  }

  void hear(sip::FlowId flow, sip::Message message) {
    for (auto& slot : slots_) {
      for (auto* side : {&slot.caller, &slot.callee}) {
        if (*side && (*side)->party.call_id == message.callId()) return heard(**side, flow, std::move(message));
      }
    }
    // What concerns a dialog we have let go of meets silence; a new INVITE is for whoever dialled last.
    if (!message.isRequest() || message.method() != sip::Method::invite || !message.toTag().empty()) return;
    for (auto& slot : slots_) {
      if (!slot.caller || slot.callee) continue;
      slot.callee.emplace(calleeOf(border_, flow, message));
      return heard(*slot.callee, flow, std::move(message));
    }
  }

  static void heard(Side& side, sip::FlowId flow, sip::Message message) {
    if (!message.body().empty()) side.offer = message.body();
    if (!message.isRequest()) {
      side.party.learn(message);
      if (const auto rseq = message.header(sip::HeaderId::rseq)) side.rseq = *rseq;
      side.party.last = std::make_shared<const sip::Message>(std::move(message));
      return;
    }
    if (message.method() == sip::Method::ack) return;
    side.party.flow = flow;
    side.asked.push_back(std::move(message));
    if (side.asked.size() > 6) side.asked.pop_front();
  }

  void check() {
    const auto& records = border_.records;
    SP_CHECK(records.begun.size() == records.kept.size() + border_.server.liveCalls());
    SP_CHECK(static_cast<std::size_t>(border_.ports.open_calls) == border_.server.liveCalls());
    SP_CHECK(border_.live_everywhere == border_.server.liveCalls());
    for (; checked_ < records.kept.size(); ++checked_) {
      SP_CHECK(ended_.insert(records.kept[checked_].call_id).second);  // once each
      SP_CHECK(!records.kept[checked_].end.code.empty());
    }
    if (border_.server.liveCalls() == 0) SP_CHECK(border_.permits() == 0);
  }

  Border border_{rules(BorderConfig::Peers::all)};
  std::array<Slot, 2> slots_;
  sip::FlowId caller_flow_{};
  std::set<std::string> ended_;
  std::size_t checked_ = 0;
};

}  // namespace sallyport::call::test
