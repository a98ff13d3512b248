// SPDX-License-Identifier: Apache-2.0
#pragma once
// What SDP says about DTLS-SRTP: a=fingerprint (RFC 8122), a=setup (RFC 4145, RFC 5763 5), a=tls-id (RFC 8842 4), and
// when a new association follows from an offer and its answer (RFC 8842 4). Pure functions over values; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "crypto/certificate_fingerprint.h"
#include "crypto/dtls_role.h"
#include "sdp/session.h"

namespace sallyport::sdp {

// The protocols of an m= line that is keyed by DTLS (RFC 5764 8), over UDP alone.
enum class DtlsProfile : std::uint8_t { savp, savpf };
std::string_view toString(DtlsProfile profile);                         // "UDP/TLS/RTP/SAVPF"
std::optional<DtlsProfile> dtlsProfileOf(const MediaSection& section);  // nothing: keyed in another way, or not

// RFC 4145 4; "holdconn" has no meaning for media and is refused.
enum class Setup : std::uint8_t { active, passive, actpass };
std::string_view toString(Setup setup);

struct DtlsDescription {
  std::vector<crypto::CertificateFingerprint> fingerprints;  // those of accepted hashes; never empty
  Setup setup = Setup::actpass;
  std::string tls_id;  // empty: none
};

// Of an offer. Fingerprints and setup of the section, else of the session. Errors (peerDenied):
// sdp.fingerprint.missing, crypto.fingerprint.weak (no other hash is there), sdp.setup.refused; (peerMisbehaved):
// crypto.fingerprint.malformed, sdp.fingerprint.too_many, sdp.setup.malformed, sdp.setup.repeated,
// sdp.tls_id.malformed.
Result<DtlsDescription> dtlsOffered(const Session& session, const MediaSection& section);

// Of the answer to an offer of ours. Also sdp.setup.conflict (peerMisbehaved: both ends would be active, or both
// passive, or nothing is decided) and sdp.tls_id.not_offered.
Result<DtlsDescription> dtlsAnswered(const Session& session, const MediaSection& section, const DtlsDescription& offer);

struct DtlsAgreement;
// The role that we have in the association which their description goes on with (RFC 8842 5.3): nothing where it asks
// for another one.
std::optional<crypto::DtlsRole> standingRole(const std::optional<DtlsAgreement>& before, const DtlsDescription& theirs);

// What an answer of ours says. An association that goes on keeps its role (RFC 8842 5.3); else an offer that leaves
// the choice is taken as active, so that the handshake begins with the answer (RFC 5763 5).
Setup answerSetup(Setup offered, std::optional<crypto::DtlsRole> current);

// The role of whoever says this in an answer, or in an offer that leaves no choice.
crypto::DtlsRole roleOf(Setup decided);
crypto::DtlsRole otherRole(crypto::DtlsRole role);

std::string newTlsId();  // 120 random bits and more

// "a=fingerprint:...", "a=setup:..." and, where there is one, "a=tls-id:..."; each line ended.
std::string renderDtls(const DtlsDescription& ours);

// What an offer and its answer have settled.
struct DtlsAgreement {
  crypto::DtlsRole role = crypto::DtlsRole::server;  // ours
  DtlsDescription ours;
  DtlsDescription theirs;
  std::optional<Endpoint> their_address;  // where ICE does not choose it
};

enum class AssociationChange : std::uint8_t { none, role, fingerprint, tlsId, address };
std::string_view toString(AssociationChange change);

// Why what is agreed now asks for a new association, and none where the old one goes on: an ICE restart alone
// is no reason. The address counts only without tls-id and without ICE (RFC 5763 6.6).
AssociationChange associationChange(const DtlsAgreement& before, const DtlsAgreement& now);

}  // namespace sallyport::sdp
