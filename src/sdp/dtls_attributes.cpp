// SPDX-License-Identifier: Apache-2.0
#include "sdp/dtls_attributes.h"

#include <algorithm>
#include <array>
#include <span>

#include "crypto/random.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

using crypto::CertificateFingerprint;
using crypto::DtlsRole;

constexpr std::size_t kMostFingerprints = 16;
constexpr std::size_t kShortestTlsId = 20;
constexpr std::size_t kLongestTlsId = 255;
constexpr std::array kSetups{Setup::active, Setup::passive, Setup::actpass};

Error misbehaved(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerMisbehaved, code, std::string{detail.substr(0, 64)}};
}
Error denied(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerDenied, code, std::string{detail.substr(0, 64)}};
}

std::vector<std::string_view> valuesOf(std::span<const Attribute> attributes, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& attribute : attributes) {
    if (attribute.name == name) values.push_back(attribute.value);
  }
  return values;
}

// The section's own, else the session's.
std::vector<std::string_view> valuesFor(const Session& session, const MediaSection& section, std::string_view name) {
  auto values = valuesOf(section.attributes, name);
  return values.empty() ? valuesOf(session.attributes(), name) : values;
}

// A weak hash beside a strong one is a peer that is kind to old ones; alone it proves nothing.
Result<std::vector<CertificateFingerprint>> fingerprintsOf(const Session& session, const MediaSection& section) {
  const auto values = valuesFor(session, section, "fingerprint");
  if (values.empty()) return denied("sdp.fingerprint.missing");
  if (values.size() > kMostFingerprints) return misbehaved("sdp.fingerprint.too_many", std::to_string(values.size()));
  std::vector<CertificateFingerprint> accepted;
  std::optional<Error> weak;
  for (const auto value : values) {
    auto fingerprint = CertificateFingerprint::parse(trim(value));
    if (fingerprint) {
      accepted.push_back(*std::move(fingerprint));
    } else if (fingerprint.error().kind == ErrorKind::peerMisbehaved) {
      return std::move(fingerprint).error();
    } else {
      weak = std::move(fingerprint).error();
    }
  }
  if (accepted.empty()) return *std::move(weak);
  return accepted;
}

Result<Setup> setupOf(const Session& session, const MediaSection& section, Setup otherwise) {
  const auto values = valuesFor(session, section, "setup");
  if (values.empty()) return otherwise;
  if (values.size() > 1) return misbehaved("sdp.setup.repeated");
  const auto value = trim(values.front());
  for (const auto setup : kSetups) {
    if (equalsIgnoringCase(value, toString(setup))) return setup;
  }
  if (equalsIgnoringCase(value, "holdconn")) return denied("sdp.setup.refused", value);
  return misbehaved("sdp.setup.malformed", value);
}

bool isTlsIdChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/' ||
         c == '-' || c == '_';
}

Result<std::string> tlsIdOf(const MediaSection& section) {
  const auto values = valuesOf(section.attributes, "tls-id");
  if (values.empty()) return std::string{};
  const auto value = trim(values.front());
  const bool whole = values.size() == 1 && value.size() >= kShortestTlsId && value.size() <= kLongestTlsId &&
                     std::all_of(value.begin(), value.end(), isTlsIdChar);
  if (!whole) return misbehaved("sdp.tls_id.malformed", value);
  return std::string{value};
}

Result<DtlsDescription> read(const Session& session, const MediaSection& section, Setup otherwise) {
  DtlsDescription description;
  SP_ASSIGN(description.fingerprints, fingerprintsOf(session, section));
  SP_ASSIGN(description.setup, setupOf(session, section, otherwise));
  SP_ASSIGN(description.tls_id, tlsIdOf(section));
  return description;
}

bool sameFingerprints(const DtlsDescription& a, const DtlsDescription& b) {
  return std::is_permutation(a.fingerprints.begin(), a.fingerprints.end(), b.fingerprints.begin(),
                             b.fingerprints.end());
}

}  // namespace

std::string_view toString(DtlsProfile profile) {
  return profile == DtlsProfile::savp ? "UDP/TLS/RTP/SAVP" : "UDP/TLS/RTP/SAVPF";
}

std::optional<DtlsProfile> dtlsProfileOf(const MediaSection& section) {
  for (const auto profile : {DtlsProfile::savp, DtlsProfile::savpf}) {
    if (equalsIgnoringCase(section.protocol, toString(profile))) return profile;
  }
  return std::nullopt;
}

std::string_view toString(Setup setup) {
  switch (setup) {
    case Setup::active: return "active";
    case Setup::passive: return "passive";
    case Setup::actpass: break;
  }
  return "actpass";
}

// RFC 4145 4: who says nothing offers to be active, and answers to be passive.
Result<DtlsDescription> dtlsOffered(const Session& session, const MediaSection& section) {
  return read(session, section, Setup::active);
}

Result<DtlsDescription> dtlsAnswered(const Session& session, const MediaSection& section,
                                     const DtlsDescription& offer) {
  SP_ASSIGN(auto answer, read(session, section, Setup::passive));
  if (answer.setup == Setup::actpass || answer.setup == offer.setup) {
    return misbehaved("sdp.setup.conflict", toString(answer.setup));
  }
  if (!answer.tls_id.empty() && offer.tls_id.empty()) return misbehaved("sdp.tls_id.not_offered");
  return answer;
}

std::optional<DtlsRole> standingRole(const std::optional<DtlsAgreement>& before, const DtlsDescription& theirs) {
  const bool goes_on =
      before && before->theirs.fingerprints == theirs.fingerprints && before->theirs.tls_id == theirs.tls_id;
  return goes_on ? std::optional{before->role} : std::nullopt;
}

Setup answerSetup(Setup offered, std::optional<DtlsRole> current) {
  switch (offered) {
    case Setup::active: return Setup::passive;
    case Setup::passive: return Setup::active;
    case Setup::actpass: break;
  }
  return current.value_or(DtlsRole::client) == DtlsRole::client ? Setup::active : Setup::passive;
}

DtlsRole roleOf(Setup decided) { return decided == Setup::active ? DtlsRole::client : DtlsRole::server; }
DtlsRole otherRole(DtlsRole role) { return role == DtlsRole::client ? DtlsRole::server : DtlsRole::client; }

std::string newTlsId() { return crypto::randomToken(32); }

std::string renderDtls(const DtlsDescription& ours) {
  std::string out;
  for (const auto& fingerprint : ours.fingerprints) {
    out.append("a=fingerprint:").append(fingerprint.text()).append("\r\n");
  }
  out.append("a=setup:").append(toString(ours.setup)).append("\r\n");
  if (!ours.tls_id.empty()) out.append("a=tls-id:").append(ours.tls_id).append("\r\n");
  return out;
}

std::string_view toString(AssociationChange change) {
  switch (change) {
    case AssociationChange::none: return "none";
    case AssociationChange::role: return "role";
    case AssociationChange::fingerprint: return "fingerprint";
    case AssociationChange::tlsId: return "tls-id";
    case AssociationChange::address: break;
  }
  return "address";
}

AssociationChange associationChange(const DtlsAgreement& before, const DtlsAgreement& now) {
  if (before.role != now.role) return AssociationChange::role;
  if (!sameFingerprints(before.ours, now.ours) || !sameFingerprints(before.theirs, now.theirs)) {
    return AssociationChange::fingerprint;
  }
  if (before.ours.tls_id != now.ours.tls_id || before.theirs.tls_id != now.theirs.tls_id) {
    return AssociationChange::tlsId;
  }
  const bool said_by_tls_id = !now.ours.tls_id.empty() && !now.theirs.tls_id.empty();
  const bool moved = before.their_address && now.their_address && *before.their_address != *now.their_address;
  return moved && !said_by_tls_id ? AssociationChange::address : AssociationChange::none;
}

}  // namespace sallyport::sdp
