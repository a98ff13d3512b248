// SPDX-License-Identifier: Apache-2.0
#include "limbo_case.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "crypto/path_validator.h"
#include "crypto/peer_directory.h"
#include "crypto/trust.h"

namespace sallyport::limbo {
namespace {

namespace json = boost::json;
using crypto::SanKind;

// Where a case does not say when: the corpus' own certificates are good for centuries.
const WallTime kDefaultNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
constexpr unsigned kDefaultDepth = 8;

std::string text(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::vector<std::string> texts(const json::object& object, std::string_view key) {
  std::vector<std::string> list;
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return list;
  for (const auto& item : value->get_array()) list.emplace_back(item.as_string());
  return list;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string whole;
  for (const auto& part : parts) whole += part + "\n";
  return whole;
}

crypto::SubjectAltName nameFrom(const json::object& name) {
  const auto kind = text(name, "kind");
  return {kind == "DNS" ? SanKind::dns : kind == "IP" ? SanKind::ip : SanKind::email, text(name, "value")};
}

// "2024-01-01T00:00:00+00:00", "...Z"
WallTime timeFrom(const std::string& value) {
  if (value.size() < 19) return kDefaultNow;
  std::tm fields{};
  if (strptime(value.c_str(), "%Y-%m-%dT%H:%M:%S", &fields) == nullptr) return kDefaultNow;
  return std::chrono::system_clock::from_time_t(timegm(&fields));
}

Case caseFrom(const json::object& object) {
  Case test;
  test.id = text(object, "id");
  test.group = test.id.substr(0, test.id.find("::"));
  test.accept = text(object, "expected_result") == "SUCCESS";
  test.client = text(object, "validation_kind") == "CLIENT";
  test.anchors = joined(texts(object, "trusted_certs"));
  test.crls = joined(texts(object, "crls"));
  if (texts(object, "crls").empty()) test.crls.clear();
  test.leaf = text(object, "peer_certificate");
  test.intermediates = texts(object, "untrusted_intermediates");
  if (const auto* name = object.if_contains("expected_peer_name"); name != nullptr && name->is_object()) {
    test.names.push_back(nameFrom(name->get_object()));
  }
  if (const auto* names = object.if_contains("expected_peer_names"); names != nullptr && names->is_array()) {
    for (const auto& name : names->get_array()) test.names.push_back(nameFrom(name.as_object()));
  }
  test.now = timeFrom(text(object, "validation_time"));
  const auto* depth = object.if_contains("max_chain_depth");
  test.max_intermediates =
      depth != nullptr && depth->is_int64() ? static_cast<unsigned>(depth->get_int64()) : kDefaultDepth;
  return test;
}

// The whole way of a server's certificate: a directory that knows one peer by that name.
Result<crypto::VerifiedPeer> identify(const Case& test, std::shared_ptr<const crypto::TrustAnchors> anchors,
                                      const crypto::Certificate& leaf, const crypto::CertificateChain& intermediates) {
  SP_ASSIGN(const auto directory, crypto::PeerDirectory::build({crypto::PeerEntry{
                                      .name = "peer",
                                      .identities = test.names,
                                      .anchors = std::move(anchors),
                                      .wildcards = crypto::Wildcards::oneLabel,
                                  }}));
  return directory->identify(leaf, intermediates, crypto::PeerRole::server, test.now);
}

Status validate(const Case& test) {
  SP_ASSIGN(auto anchors, crypto::TrustAnchors::parse(test.anchors, test.crls));
  SP_ASSIGN(const auto leaf, crypto::Certificate::parsePem(test.leaf));
  crypto::CertificateChain intermediates;
  for (const auto& pem : test.intermediates) {
    SP_ASSIGN(auto certificate, crypto::Certificate::parsePem(pem));
    intermediates.push_back(std::move(certificate));
  }
  const crypto::VerificationPolicy policy{.eku = test.client ? crypto::Eku::client : crypto::Eku::server,
                                          .max_intermediates = test.max_intermediates};
  SP_TRY(crypto::validatePath(leaf, intermediates, *anchors, policy, test.now));
  if (test.names.empty()) return success();
  if (!test.client) {
    SP_TRY(identify(test, std::move(anchors), leaf, intermediates));
    return success();
  }
  SP_ASSIGN(const auto facts, leaf.facts());
  for (const auto& name : test.names) {
    if (std::find(facts.sans.begin(), facts.sans.end(), name) == facts.sans.end()) {
      return Error{ErrorKind::peerDenied, "tls.peer.unknown", name.toString()};
    }
  }
  return success();
}

}  // namespace

Result<std::vector<Case>> loadCases(const std::filesystem::path& file) {
  std::ifstream stream{file};
  const std::string content{std::istreambuf_iterator<char>{stream}, {}};
  boost::system::error_code failed;
  const auto document = json::parse(content, failed);
  if (failed) return Error{ErrorKind::misconfigured, "limbo.malformed", file.string() + ": " + failed.message()};
  std::vector<Case> cases;
  for (const auto& test : document.as_object().at("testcases").as_array()) cases.push_back(caseFrom(test.as_object()));
  return cases;
}

std::string judge(const Case& test) {
  const auto verdict = validate(test);
  return verdict ? "ok" : verdict.error().code;
}

}  // namespace sallyport::limbo
