// SPDX-License-Identifier: Apache-2.0
#include "crypto/dtls_session.h"

#include <openssl/err.h>
#include <openssl/srtp.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.h"
#include "crypto/openssl_error.h"
#include "crypto/x509_values.h"

namespace sallyport::crypto {
namespace {

using std::chrono::microseconds;

constexpr long kLongestDatagram = 1'200;  // what passes every path that media passes, tunnels included
constexpr microseconds kShortestTimeout = std::chrono::milliseconds{50};  // the library takes 15 ms for no time at all
constexpr microseconds kLongestTimeout = std::chrono::seconds{60};        // RFC 6347 4.2.4.1
constexpr std::string_view kExporterLabel = "EXTRACTOR-dtls_srtp";        // RFC 5764 4.2

struct Profile {
  SrtpSuite suite;
  unsigned long id;
  const char* name;  // OpenSSL's
};
constexpr std::array kProfiles{
    Profile{SrtpSuite::aeadAes256Gcm, SRTP_AEAD_AES_256_GCM, "SRTP_AEAD_AES_256_GCM"},
    Profile{SrtpSuite::aeadAes128Gcm, SRTP_AEAD_AES_128_GCM, "SRTP_AEAD_AES_128_GCM"},
    Profile{SrtpSuite::aesCm128HmacSha1_80, SRTP_AES128_CM_SHA1_80, "SRTP_AES128_CM_SHA1_80"},
};

std::string profileNames(const std::vector<SrtpSuite>& suites) {
  std::string names;
  for (const auto suite : suites) {
    const auto* profile = std::find_if(kProfiles.begin(), kProfiles.end(), [&](auto& p) { return p.suite == suite; });
    if (profile == kProfiles.end()) continue;
    if (!names.empty()) names.push_back(':');
    names.append(profile->name);
  }
  return names;
}

std::optional<SrtpSuite> selectedSuite(SSL* session) {
  const auto* selected = SSL_get_selected_srtp_profile(session);
  if (selected == nullptr) return std::nullopt;
  const auto* profile = std::find_if(kProfiles.begin(), kProfiles.end(), [&](auto& p) { return p.id == selected->id; });
  return profile != kProfiles.end() ? std::optional{profile->suite} : std::nullopt;
}

}  // namespace

DtlsSession::DtlsSession(DtlsSessionSettings settings) : settings_(std::move(settings)) {}
DtlsSession::~DtlsSession() = default;

Result<std::unique_ptr<DtlsSession>> DtlsSession::create(DtlsSessionSettings settings) {
  SP_CHECK(settings.certificate != nullptr);
  if (profileNames(settings.suites).empty()) {
    return Error{ErrorKind::misconfigured, "dtls.srtp.no_profile", "none of the suites is a DTLS-SRTP profile"};
  }
  ERR_clear_error();
  std::unique_ptr<DtlsSession> session{new DtlsSession{std::move(settings)}};
  if (!session->prepare()) return opensslError(ErrorKind::internal, "dtls.session.failed", "SSL");
  return session;
}

bool DtlsSession::prepare() {
  session_.reset(SSL_new(settings_.certificate->context()));
  auto bio = makeDatagramBio(port_);
  if (!session_ || !bio) return false;
  BIO* both_ways = bio.release();
  SSL_set_bio(session_.get(), both_ways, both_ways);
  const bool set = SSL_set_app_data(session_.get(), static_cast<DtlsJudge*>(this)) == 1 &&
                   SSL_set_mtu(session_.get(), kLongestDatagram) == kLongestDatagram &&
                   SSL_set_tlsext_use_srtp(session_.get(), profileNames(settings_.suites).c_str()) == 0;
  DTLS_set_timer_cb(session_.get(), nextTimeout);
  if (settings_.role == DtlsRole::client) {
    SSL_set_connect_state(session_.get());
  } else {
    SSL_set_accept_state(session_.get());
  }
  return set;
}

// The library repeats flights by the wall clock, whenever it is called late enough. It is given the same
// schedule as its owner follows by the time that is passed in, so that both agree unless a clock was set.
unsigned DtlsSession::nextTimeout(SSL* session, unsigned now) {
  const auto& self = static_cast<const DtlsSession&>(*static_cast<DtlsJudge*>(SSL_get_app_data(session)));
  const auto next = now == 0 ? self.settings_.first_timeout : microseconds{now} * 2;
  return static_cast<unsigned>(std::clamp(next, kShortestTimeout, kLongestTimeout).count());
}

bool DtlsSession::admits(const Certificate& certificate) {
  peer_ = certificate;
  if (auto weakness = weaknessOf(X509_get0_pubkey(certificate.handle()))) {
    refusal_ = Error{ErrorKind::peerDenied, "dtls.certificate.weak_key", *std::move(weakness)};
  } else if (!announced_.empty() && !isAnnounced(certificate, announced_)) {
    refusal_ = Error{ErrorKind::peerDenied, "dtls.fingerprint.mismatch",
                     CertificateFingerprint::of(certificate, announced_.front().hash).text()};
  }
  return !refusal_;
}

Status DtlsSession::start() { return advance(); }

Status DtlsSession::receive(Bytes datagram) {
  port_.incoming = datagram;
  auto status = complete_ ? success() : advance();
  if (complete_) readOn();
  port_.incoming = {};
  return status;
}

Status DtlsSession::advance() {
  ERR_clear_error();
  const auto before = port_.outgoing.size();
  const int result = SSL_do_handshake(session_.get());
  if (port_.outgoing.size() > before) {
    last_flight_.assign(port_.outgoing.begin() + static_cast<std::ptrdiff_t>(before), port_.outgoing.end());
  }
  if (result == 1) {
    complete_ = true;
    return checkOutcome();
  }
  const int cause = SSL_get_error(session_.get(), result);
  // The library also stops, with no error of its own, at a fragment that it will not have; the datagram is lost.
  const bool dropped = cause == SSL_ERROR_SYSCALL && ERR_peek_error() == 0;
  if (cause == SSL_ERROR_WANT_READ || dropped) return success();
  if (refusal_) {
    ERR_clear_error();
    return *refusal_;
  }
  return handshakeError(session_.get());
}

Status DtlsSession::checkOutcome() {
  if (!selectedSuite(session_.get())) {
    return Error{ErrorKind::peerDenied, "dtls.srtp.no_profile", "the peer agrees to no SRTP profile of ours"};
  }
  if (SSL_get_extms_support(session_.get()) != 1) {
    return Error{ErrorKind::peerDenied, "dtls.extended_master_secret.missing", "the peer does not know RFC 7627"};
  }
  SP_CHECK(peer_.has_value());
  return success();
}

// Answers a repeated Finished with our own, hears close_notify. Application data has no meaning here and is let go.
void DtlsSession::readOn() {
  std::array<std::uint8_t, 256> ignored;
  std::size_t count = 0;
  ERR_clear_error();
  int result = 1;
  while (result == 1) result = SSL_read_ex(session_.get(), ignored.data(), ignored.size(), &count);
  const int cause = SSL_get_error(session_.get(), result);
  if (cause == SSL_ERROR_ZERO_RETURN || cause == SSL_ERROR_SSL) closed_ = true;
  ERR_clear_error();
}

void DtlsSession::repeatFlight() {
  const auto before = port_.outgoing.size();
  ERR_clear_error();
  if (!complete_) DTLSv1_handle_timeout(session_.get());
  ERR_clear_error();
  if (port_.outgoing.size() > before) return;
  port_.outgoing.insert(port_.outgoing.end(), last_flight_.begin(), last_flight_.end());
}

void DtlsSession::close() {
  ERR_clear_error();
  SSL_shutdown(session_.get());
  ERR_clear_error();
}

Result<DtlsSrtpMaterial> DtlsSession::exportKeys() const {
  SP_CHECK(complete_);
  const auto suite = selectedSuite(session_.get());
  SP_CHECK(suite.has_value());
  const auto facts = factsOf(*suite);
  const auto key = facts.master_key_bytes;
  const auto salt = facts.master_salt_bytes;
  Secret block{2 * (key + salt)};
  ERR_clear_error();
  if (SSL_export_keying_material(session_.get(), block.mutableBytes().data(), block.size(), kExporterLabel.data(),
                                 kExporterLabel.size(), nullptr, 0, 0) != 1) {
    return opensslError(ErrorKind::internal, "dtls.export.failed", kExporterLabel);
  }
  // client key, server key, client salt, server salt
  const auto joined = [&](std::size_t which) {
    Secret both{key + salt};
    const auto from_key = block.bytes().subspan(which * key, key);
    const auto from_salt = block.bytes().subspan(2 * key + which * salt, salt);
    std::copy(from_key.begin(), from_key.end(), both.mutableBytes().begin());
    std::copy(from_salt.begin(), from_salt.end(), both.mutableBytes().begin() + static_cast<std::ptrdiff_t>(key));
    return both;
  };
  return DtlsSrtpMaterial{*suite, joined(0), joined(1)};
}

}  // namespace sallyport::crypto
