// SPDX-License-Identifier: Apache-2.0
#include "phone/tls_setup.h"

#include <algorithm>

#include "core/endpoint.h"
#include "sip/header_values.h"

namespace sallyport::phone {
namespace {

Error misconfigured(const char* code, std::string detail) {
  return {ErrorKind::misconfigured, code, std::move(detail)};
}

std::string ownUriIn(const crypto::CertificateFacts& facts) {
  for (const auto& san : facts.sans) {
    const auto uri = san.kind == crypto::SanKind::uri ? sip::Uri::parse(san.value) : Result<sip::Uri>{Error{}};
    if (uri && uri->isSip() && !uri->user.empty()) return san.value;
  }
  return {};
}

}  // namespace

Result<crypto::SubjectAltName> parseSan(std::string_view text) {
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  const auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (!value.empty()) {
    if (kind == "dns") {
      std::string name{value};
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      return crypto::SubjectAltName{crypto::SanKind::dns, std::move(name)};
    }
    if (kind == "ip") {
      if (const auto address = IpAddress::parse(value)) {
        return crypto::SubjectAltName{crypto::SanKind::ip, address->toString()};
      }
    }
    if (kind == "uri") return crypto::SubjectAltName{crypto::SanKind::uri, std::string{value}};
  }
  return misconfigured("phone.san.malformed",
                       "'" + std::string{text} + "': expected dns:<name>, ip:<address> or uri:<sip uri>");
}

Result<TlsSetup> TlsSetup::load(const TlsFiles& files, std::optional<crypto::SubjectAltName> expected,
                                const Clock& clock) {
  std::optional<crypto::LocalIdentity> identity;
  if (!files.certificate.empty()) {
    SP_ASSIGN(identity, crypto::LocalIdentity::load(files.certificate, files.key));
  }
  SP_ASSIGN(auto anchors, crypto::TrustAnchors::load({{files.ca}, {}}));
  return make(std::move(identity), std::move(anchors), std::move(expected), clock);
}

Result<TlsSetup> TlsSetup::make(std::optional<crypto::LocalIdentity> identity,
                                std::shared_ptr<const crypto::TrustAnchors> anchors,
                                std::optional<crypto::SubjectAltName> expected, const Clock& clock) {
  std::string own_uri;
  if (identity) {
    SP_ASSIGN(const auto facts, identity->leaf().facts());
    own_uri = ownUriIn(facts);
  }
  if (!expected) {
    if (own_uri.empty()) {
      return misconfigured("phone.san.needed",
                           "no certificate of ours names a sip: URI, so say whom to expect: --expect-san dns:<name>");
    }
    expected = crypto::SubjectAltName{crypto::SanKind::dns, std::string{sip::Uri::parse(own_uri)->host}};
  }
  crypto::PeerEntry edge;
  edge.name = "edge";
  edge.identities = {*expected};
  edge.anchors = std::move(anchors);
  std::vector<crypto::PeerEntry> entries;
  entries.push_back(std::move(edge));
  SP_ASSIGN(auto peers, crypto::PeerDirectory::build(std::move(entries)));
  return TlsSetup{std::move(identity), std::move(peers), std::move(*expected), std::move(own_uri), clock};
}

Result<std::shared_ptr<const crypto::TlsServerContext>> TlsSetup::serverContext() const {
  if (!identity_) {
    return misconfigured("phone.certificate.needed", "whoever listens for TLS shows a certificate: --cert and --key");
  }
  crypto::TlsServerSettings settings;
  settings.identities = {*identity_};
  settings.peers = peers_;
  settings.clock = clock_;
  SP_ASSIGN(auto context, crypto::TlsServerContext::create(std::move(settings)));
  return std::shared_ptr<const crypto::TlsServerContext>{std::move(context)};
}

Result<std::shared_ptr<const crypto::TlsClientContext>> TlsSetup::clientContext(std::string server_name) const {
  crypto::TlsClientSettings settings;
  settings.identity = identity_;
  settings.peers = peers_;
  settings.clock = clock_;
  if (server_name.empty() && expected_.kind == crypto::SanKind::dns) server_name = expected_.value;
  settings.server_name = std::move(server_name);
  SP_ASSIGN(auto context, crypto::TlsClientContext::create(std::move(settings)));
  return std::shared_ptr<const crypto::TlsClientContext>{std::move(context)};
}

}  // namespace sallyport::phone
