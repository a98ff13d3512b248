// SPDX-License-Identifier: Apache-2.0
// Any message under a policy that allows all that can be allowed: what crosses is bounded, named, without a control
// byte, and can be written and read again as the same headers.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "call/caller_identity.h"
#include "call/header_catalogue.h"
#include "call/header_policy.h"
#include "sip/message_writer.h"

namespace {

using namespace sallyport;
using namespace sallyport::call;

void require(bool held) {
  if (!held) std::abort();
}

const HeaderPolicy& everything() {
  static const auto policies = [] {
    config::HeaderPolicy rules{"all", "", {"X-Tenant"}, {}};
    for (const auto& entry : kCatalogue) rules.allow.emplace_back(entry.name);
    auto made = HeaderPolicies::make({rules});
    require(made.ok());
    return *std::move(made);
  }();
  return *policies.find("all");
}

void identify(const sip::Message& message) {
  CallerRules rules;
  rules.numbers_allowed = {"+49"};
  const auto caller = identifyCaller(rules, {"carrier", "dns:c.test", "edge.test"}, message);
  if (!caller) return;
  const bool own = caller->uri == "sip:carrier@edge.test";
  require(own || caller->uri.starts_with("sip:+49"));
  const auto shown = presentCaller(*caller, {});
  require(sip::NameAddr::parse(shown.from()).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = sip::Message::parse(std::string{reinterpret_cast<const char*>(data), size});
  if (!message) return 0;
  identify(*message);
  const auto carried = select(*message, everything(), {"edge.test", "bob"});
  sip::MessageWriter writer;
  writer.request("INVITE", "sip:bob@edge.test")
      .header(sip::HeaderId::via, "SIP/2.0/TLS edge.test;branch=z9hG4bK1")
      .header(sip::HeaderId::from, "<sip:a@edge.test>;tag=1")
      .header(sip::HeaderId::to, "<sip:bob@edge.test>")
      .header(sip::HeaderId::callId, "c")
      .header(sip::HeaderId::cseq, "1 INVITE")
      .header(sip::HeaderId::maxForwards, std::uint64_t{70});
  std::size_t bytes = 0;
  for (const auto& [name, value] : carried) {
    require(everything().allows(name));
    require(std::none_of(value.begin(), value.end(),
                         [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }));
    bytes += name.size() + value.size();
    if (!sip::equalsIgnoringCase(name, "Date") && !sip::equalsIgnoringCase(name, "Priority"))
      writer.header(name, value);
  }
  require(bytes <= 4'096);
  require(sip::Message::parse(writer.finish()).ok());
  return 0;
}
