// SPDX-License-Identifier: Apache-2.0
#pragma once
// A registrar for tests over a small table, and REGISTERs as phones write them.

#include <gmock/gmock.h>

#include "call/call_test_support.h"
#include "call/registrar.h"

namespace sallyport::call::test {

inline identity::Principal proven(std::string_view who) {
  return identity::Principal::fromCertificate(principal(who).proof);
}

struct RegisterText {
  std::string user = "alice";
  std::string from = {};  // as To unless set
  std::string call_id = "reg-1@phone.test";
  unsigned cseq = 1;
  std::string headers = "Contact: <sip:alice@10.9.8.7:5061;transport=tls>\r\n";

  sip::Message parse() const {
    const auto aor = "<sip:" + user + (user.find('@') == std::string::npos ? "@sallyport.test>" : ">");
    const auto text =
        "REGISTER sip:sallyport.test SIP/2.0\r\n"
        "Via: SIP/2.0/TLS 10.9.8.7:5061;branch=z9hG4bK" +
        std::to_string(cseq) +
        "\r\n"
        "From: " +
        (from.empty() ? aor : from) + ";tag=f1\r\nTo: " + aor +
        "\r\n"
        "Call-ID: " +
        call_id + "\r\nCSeq: " + std::to_string(cseq) +
        " REGISTER\r\n"
        "Max-Forwards: 70\r\n" +
        headers + "Content-Length: 0\r\n\r\n";
    auto message = sip::Message::parse(text);
    SP_CHECK(message.ok());
    return *std::move(message);
  }
};

class KeptJournal final : public RegistrationJournal {
 public:
  void touched(std::string_view aor) override { aors.emplace_back(aor); }
  std::vector<std::string> aors;
};

class RegistrarTest : public testing::Test {
 protected:
  static constexpr const char* kAlice = "alice@sallyport.test";
  static constexpr sip::FlowId kFlow{7}, kOtherFlow{8};

  RegisterAnswer say(const RegisterText& text, sip::FlowId flow = kFlow) { return sayAs(proven("alice"), text, flow); }
  RegisterAnswer sayAs(const identity::Principal& who, const RegisterText& text, sip::FlowId flow = kFlow) {
    std::vector<RegisterAnswer> answers;
    const auto message = text.parse();
    registrar().handle({message, who, flow, *Endpoint::parse("10.9.8.7:40000"), Transport::tls},
                       [&](RegisterAnswer answer) { answers.push_back(std::move(answer)); });
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? RegisterAnswer{} : answers.front();
  }
  Registrar& registrar() {
    if (!registrar_) {
      registrar_ = std::make_unique<Registrar>(Registrar::Parts{3, table_, journal_, clock_, upstream_}, settings_);
    }
    return *registrar_;
  }

  static std::vector<std::string> valuesOf(const RegisterAnswer& answer, std::string_view header) {
    std::vector<std::string> values;
    for (const auto& [name, value] : answer.headers) {
      if (name == header) values.push_back(value);
    }
    return values;
  }
  static std::string valueOf(const RegisterAnswer& answer, std::string_view header) {
    const auto values = valuesOf(answer, header);
    return values.empty() ? "" : values.front();
  }
  static std::string reasonOf(const RegisterAnswer& answer) { return answer.refusal ? answer.refusal->code : ""; }
  std::vector<BindingPtr> bound() const { return table_.byAor(kAlice, clock_.wall()); }

  FakeClock clock_;
  Registrations table_{{.contacts = 3, .aors = 100}};
  KeptJournal journal_;
  Upstream* upstream_ = nullptr;
  RegistrarSettings settings_{.domains = {"sallyport.test", "other.test"},
                              .flow_timer = 120s,
                              .sent_by = SentBy{"edge.test:5061", {}, "edge.test:8443"},
                              .path_peers = {"core"},
                              .turn = nullptr};
  std::unique_ptr<Registrar> registrar_;
};

}  // namespace sallyport::call::test
