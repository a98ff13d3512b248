// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two scripted ends of a call: they say what a test says, and remember what a dialog needs.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "call/call_test_border.h"
#include "crypto/encoding.h"

namespace sallyport::call::test {

inline std::string keyText(std::string_view suite, std::uint8_t fill) {
  for (const auto known : crypto::kSrtpSuites) {
    const auto facts = crypto::factsOf(known);
    if (facts.name != suite) continue;
    return crypto::base64Encode(std::vector<std::uint8_t>(facts.master_key_bytes + facts.master_salt_bytes, fill));
  }
  return {};
}

// A session description; each member is one line of it.
struct Sdp {
  std::string host = "10.9.8.7";
  unsigned port = 40'000;
  std::string profile = "RTP/SAVP";
  std::string direction = "sendrecv";
  unsigned version = 1;
  std::vector<std::pair<unsigned, std::string>> formats{{0, "PCMU/8000"}};
  unsigned tag = 1;
  std::string suite = "AEAD_AES_256_GCM";
  std::uint8_t key = 0xA1;  // repeated
  std::string extra = {};   // complete lines

  std::string text() const {
    std::string numbers, maps;
    for (const auto& [number, name] : formats) {
      numbers += " " + std::to_string(number);
      maps += "a=rtpmap:" + std::to_string(number) + " " + name + "\r\n";
    }
    std::string crypto;
    if (!suite.empty())
      crypto = "a=crypto:" + std::to_string(tag) + " " + suite + " inline:" + keyText(suite, key) + "\r\n";
    return "v=0\r\no=- 1234 " + std::to_string(version) + " IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host +
           "\r\nt=0 0\r\nm=audio " + std::to_string(port) + " " + profile + numbers + "\r\n" + maps + crypto +
           "a=" + direction + "\r\n" + extra;
  }
};

// The lines of a description that begin so, without that beginning.
inline std::vector<std::string> linesOf(std::string_view text, std::string_view prefix) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find("\r\n", at), text.size());
    const auto line = text.substr(at, end - at);
    if (line.starts_with(prefix)) found.emplace_back(line.substr(prefix.size()));
    at = end + 2;
  }
  return found;
}
inline std::string keyIn(std::string_view description, std::size_t line = 0) {
  const auto lines = linesOf(description, "a=crypto:");
  return line < lines.size() ? lines[line].substr(lines[line].find("inline:") + 7) : "";
}

// The callee's answer: the first line of the offer's crypto, the first codec, its own key and address.
inline Sdp answering(std::string_view offer, Sdp answer = {.host = "10.20.30.40", .port = 41'000, .key = 0xB2}) {
  const auto crypto = linesOf(offer, "a=crypto:");
  const auto media = linesOf(offer, "m=audio ");
  if (crypto.empty() || media.empty()) return answer;
  const auto& line = crypto.front();
  answer.tag = static_cast<unsigned>(std::stoul(line));
  answer.suite = line.substr(line.find(' ') + 1, line.find(" inline") - line.find(' ') - 1);
  const auto codec = linesOf(offer, "a=rtpmap:").front();
  answer.formats = {{static_cast<unsigned>(std::stoul(codec)), codec.substr(codec.find(' ') + 1)}};
  return answer;
}

// One end of one dialog on one connection.
class Party {
 public:
  Party(Border& border, sip::FlowId on) : flow(on), border_(&border) {}

  std::optional<sip::Message> request(sip::Method method) {
    return border_->flows.take(flow, [&](const auto& m) { return m.isRequest() && m.method() == method; });
  }
  std::optional<sip::Message> response(int status, sip::Method method = sip::Method::invite) {
    return border_->flows.take(flow, [&](const auto& m) { return m.status() == status && m.method() == method; });
  }
  // The status of the next final response; 0 when there is none.
  int final(sip::Method method = sip::Method::invite) {
    auto found = border_->flows.take(flow, [&](const auto& m) { return m.isFinal() && m.method() == method; });
    if (!found) return 0;
    last = std::make_shared<const sip::Message>(*std::move(found));
    if (last->isSuccess()) learn(*last);
    return last->status();
  }
  bool silent() { return border_->flows.silent(flow); }

  // A request of this dialog.
  void send(std::string_view method, const std::string& body = {}, const std::string& extra = {}) {
    const auto branch = "z9hG4bK" + call_id + "-" + std::to_string(++cseq);
    if (method == "INVITE") invited_ = {branch, target, to};
    sendAs(cseq, method, branch, body, extra);
  }
  void ack(const std::string& body = {}) {
    const auto number = last ? last->cseq() : cseq;
    sendAs(number, "ACK", "z9hG4bKack" + call_id + std::to_string(++acks_), body, {});
  }
  // Of the INVITE sent last, with its Request-URI and To (RFC 3261 9.1).
  void cancel() {
    auto as_invited = *this;
    as_invited.target = invited_.target;
    as_invited.to = invited_.to;
    as_invited.sendAs(cseq, "CANCEL", invited_.branch, {}, {});
  }

  void respond(const sip::Message& request, int status, const std::string& body = {}, const std::string& extra = {},
               std::string_view fork = {}) {
    std::string text = "SIP/2.0 " + std::to_string(status) + " Whatever\r\n";
    for (const auto& field : request.headers()) {
      if (field.id == sip::HeaderId::via) text += "Via: " + std::string{field.value} + "\r\n";
    }
    text += "From: " + std::string{*request.header(sip::HeaderId::from)} +
            "\r\nTo: " + std::string{*request.header(sip::HeaderId::to)};
    if (request.toTag().empty() && status > 100) text += ";tag=" + (fork.empty() ? tag : std::string{fork});
    text += "\r\nCall-ID: " + std::string{request.callId()} + "\r\nCSeq: " + std::to_string(request.cseq()) + " " +
            std::string{request.methodName()} + "\r\n" + contact + extra;
    border_->receive(flow, text + bodyText(body));
  }

  void learn(const sip::Message& response) {
    if (!response.toTag().empty()) to = *response.header(sip::HeaderId::to);
    const auto contacts = response.nameAddrs(sip::HeaderId::contact);
    if (contacts && contacts->size() == 1) target = contacts->front().uri;
  }

  sip::FlowId flow;
  std::string tag = "tag1", from, to, call_id, target, contact, identity_lines;
  std::uint32_t cseq = 0;
  std::shared_ptr<const sip::Message> last;  // what final() returned the status of

 protected:
  std::string bodyText(const std::string& body) const {
    const std::string type = body.empty() ? "" : "Content-Type: " + content_type + "\r\n";
    return type + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  void sendAs(std::uint32_t number, std::string_view method, const std::string& branch, const std::string& body,
              const std::string& extra) {
    const std::string name{method};
    border_->receive(flow, name + " " + target + " SIP/2.0\r\nVia: SIP/2.0/TLS " + via_host + ";branch=" + branch +
                               "\r\nMax-Forwards: " + std::to_string(max_forwards) + "\r\nFrom: " + from +
                               "\r\nTo: " + to + "\r\nCall-ID: " + call_id + "\r\nCSeq: " + std::to_string(number) +
                               " " + name + "\r\n" + contact + identity_lines + extra + bodyText(body));
  }

 public:
  std::string via_host = "10.9.8.7:5061";
  std::string content_type = "application/sdp";
  unsigned max_forwards = 70;

 private:
  Border* border_;
  struct {
    std::string branch, target, to;
  } invited_;
  unsigned acks_ = 0;
};

inline Party callerOn(Border& border, sip::FlowId flow, std::string_view user = "bob", std::string_view who = "alice") {
  static unsigned made = 0;
  Party caller{border, flow};
  const auto number = std::to_string(++made);
  caller.call_id = "leaky-call-" + number;
  caller.tag = "leaky-tag-" + number;
  caller.from = "<sip:" + std::string{who} + "@sallyport.test>;tag=" + caller.tag;
  caller.target = "sip:" + std::string{user} + "@sallyport.test";
  caller.to = "<" + caller.target + ">";
  caller.contact = "Contact: <sip:secretive@10.9.8.7:5061;transport=tls>\r\n";
  caller.identity_lines = "User-Agent: LeakyPhone/9.9\r\n";
  return caller;
}

inline Party calleeOf(Border& border, sip::FlowId flow, const sip::Message& invite) {
  Party callee{border, flow};
  callee.tag = "inner-tag";
  callee.from = std::string{*invite.header(sip::HeaderId::to)} + ";tag=" + callee.tag;
  callee.to = *invite.header(sip::HeaderId::from);
  callee.call_id = invite.callId();
  callee.target = invite.nameAddrs(sip::HeaderId::contact)->front().uri;
  callee.contact = "Contact: <sip:inner@10.20.30.40:5060;transport=tls>\r\nServer: SecretPBX/1.2\r\n";
  callee.via_host = "10.20.30.40:5060";
  callee.cseq = 100;
  return callee;
}

// A call as most tests need it: alice calls bob, who is behind core.
struct ScriptedCall {
  explicit ScriptedCall(Border& at, std::string_view user = "bob")
      : border(at), caller(callerOn(at, at.flows.open("alice"), user)), callee(at, {}) {}

  // Sends the INVITE; true when it has reached the callee.
  bool dial(const std::string& offer = Sdp{}.text(), const std::string& extra = {}) {
    caller.send("INVITE", offer, extra);
    return arrived();
  }
  bool arrived() {
    const auto flow = border.flows.of("core");
    if (!flow) return false;
    callee.flow = *flow;
    invite = callee.request(sip::Method::invite);
    if (invite) callee = calleeOf(border, *flow, *invite);
    return invite.has_value();
  }
  bool ring(const std::string& extra = {}) {
    callee.respond(*invite, 180, {}, extra);
    auto ringing = caller.response(180);
    if (ringing) caller.learn(*ringing);
    return ringing.has_value();
  }
  std::string answerBody() const { return answering(invite->body()).text(); }
  // Answered, acknowledged on both sides.
  bool answer(const std::string& extra = {}) {
    callee.respond(*invite, 200, answerBody(), extra);
    if (caller.final() != 200 || !callee.request(sip::Method::ack)) return false;
    caller.ack();
    return true;
  }
  bool establish(const std::string& extra = {}) { return dial() && ring() && answer(extra); }

  Border& border;
  Party caller, callee;
  std::optional<sip::Message> invite;
};

// Every scenario ends with nobody holding anything.
class CallServerTest : public ::testing::Test {
 protected:
  void expectEnded(std::string_view code, std::string_view by = {}) {
    ASSERT_EQ(border.records.kept.size(), 1u);
    const auto& end = border.records.kept.front().end;
    EXPECT_EQ(end.code, code) << end.text;
    if (!by.empty()) {
      EXPECT_EQ(end.by, by);
    }
  }
  // Ends the call as the callee would expect, for tests about something before.
  void hangUp() {
    call.caller.send("BYE");
    EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
    answerBye(call.callee);
  }
  void answerBye(Party& party) {
    auto bye = party.request(sip::Method::bye);
    ASSERT_TRUE(bye);
    party.respond(*bye, 200);
  }
  void TearDown() override {
    border.pass(40s);  // what lingers after the last word (64*T1)
    EXPECT_EQ(border.leftovers(), "");
  }

  Border border;
  ScriptedCall call{border};
};

}  // namespace sallyport::call::test
