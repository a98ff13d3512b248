// SPDX-License-Identifier: Apache-2.0
#pragma once
// A DTLS peer that is plain OpenSSL, for what our own never does: old versions, missing extensions, weak keys. Never
// part of the product.

#include <openssl/err.h>
#include <openssl/srtp.h>

#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "crypto/datagram_bio.h"
#include "crypto/test_certificates.h"
#include "media/dtls/test_pair.h"

namespace sallyport::media::testing {

enum class Shows : std::uint8_t { certificate, nothing };

struct RawPeerSettings {
  DtlsRole role = DtlsRole::client;
  int version = DTLS1_2_VERSION;
  std::string key = "P-256";
  std::string suites = "DEFAULT:@SECLEVEL=0";
  const char* profiles = "SRTP_AES128_CM_SHA1_80";  // null: the extension is not sent
  std::uint64_t options = 0;
  Shows shows = Shows::certificate;
};

class RawPeer {
 public:
  explicit RawPeer(const RawPeerSettings& settings)
      : made_(crypto::testing::make({.key = settings.key})), context_(SSL_CTX_new(DTLS_method())) {
    SP_CHECK(SSL_CTX_set_min_proto_version(context_.get(), settings.version) == 1);
    SP_CHECK(SSL_CTX_set_max_proto_version(context_.get(), settings.version) == 1);
    SP_CHECK(SSL_CTX_set_cipher_list(context_.get(), settings.suites.c_str()) == 1);
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_QUERY_MTU | settings.options);
    SSL_CTX_set_cert_verify_callback(
        context_.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (settings.shows == Shows::certificate) {
      SP_CHECK(SSL_CTX_use_certificate(context_.get(), made_.certificate.handle()) == 1);
      SP_CHECK(SSL_CTX_use_PrivateKey(context_.get(), made_.key.handle()) == 1);
    }
    if (settings.profiles != nullptr) SP_CHECK(SSL_CTX_set_tlsext_use_srtp(context_.get(), settings.profiles) == 0);
    session_.reset(SSL_new(context_.get()));
    BIO* bio = crypto::makeDatagramBio(port_).release();
    SSL_set_bio(session_.get(), bio, bio);
    SSL_set_mtu(session_.get(), 1'200);
    settings.role == DtlsRole::client ? SSL_set_connect_state(session_.get()) : SSL_set_accept_state(session_.get());
  }

  std::vector<CertificateFingerprint> fingerprints() const {
    return {CertificateFingerprint::of(made_.certificate, FingerprintHash::sha256)};
  }
  SSL* session() const { return session_.get(); }
  void step() { SSL_do_handshake(session_.get()); }
  void receive(Bytes datagram) {
    port_.incoming = datagram;
    char ignored = 0;
    SSL_is_init_finished(session_.get()) != 0 ? SSL_read(session_.get(), &ignored, 1)
                                              : SSL_do_handshake(session_.get());
    port_.incoming = {};
    ERR_clear_error();
  }
  std::vector<Datagram> takeOutgoing() { return std::exchange(port_.outgoing, {}); }

  // Exchanges datagrams with `association` until both are silent.
  void talkTo(DtlsAssociation& association, TimePoint now) {
    step();
    association.start(now);
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& datagram : takeOutgoing()) association.onDatagram(datagram, now), moved = true;
      for (const auto& datagram : association.takeOutgoing()) receive(datagram), moved = true;
    }
  }

 private:
  crypto::testing::Made made_;
  crypto::SslContextPtr context_;
  crypto::DatagramPort port_;
  crypto::SslPtr session_;
};

}  // namespace sallyport::media::testing
