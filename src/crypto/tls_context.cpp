// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls_context.h"

#include <openssl/err.h>

#include <algorithm>
#include <mutex>

#include "crypto/openssl_error.h"
#include "crypto/peer_identity.h"
#include "crypto/tls_verification.h"

namespace sallyport::crypto {
namespace {

constexpr long kMaxPeerChainBytes = 32L * 1024;  // before verification: a stranger's to fill

Error refused(const char* code, std::string_view what) { return opensslError(ErrorKind::misconfigured, code, what); }

Status applyPosture(SSL_CTX* context, const TlsPosture& posture) {
  const bool accepted = SSL_CTX_set_min_proto_version(context, posture.min_version) == 1 &&
                        SSL_CTX_set_max_proto_version(context, posture.max_version) == 1 &&
                        SSL_CTX_set_cipher_list(context, posture.tls12_suites) == 1 &&
                        SSL_CTX_set_ciphersuites(context, posture.tls13_suites) == 1 &&
                        SSL_CTX_set1_groups_list(context, posture.groups) == 1 &&
                        SSL_CTX_set1_sigalgs_list(context, posture.signature_algorithms) == 1;
  if (!accepted) return refused("tls.posture.refused", posture.name);
  SSL_CTX_set_security_level(context, 2);
  return success();
}

// Every resumption would be a peer that today's trust has not judged: there are no tickets (RFC 5077, RFC
// 8446 4.6.1), no session cache and no session identifiers. Buffers are given back between records, which is
// what an idle connection's memory is made of.
void applyPolicy(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_recv_max_early_data(context, 0);
  SSL_CTX_set_max_cert_list(context, kMaxPeerChainBytes);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
}

// The root is the peer's already, or it would not trust us: sending it is waste.
Status useIdentity(SSL_CTX* context, const LocalIdentity& identity) {
  const X509StackPtr rest{sk_X509_new_null()};
  if (!rest) return refused("tls.identity.refused", "no memory");
  for (auto certificate = identity.chain().begin() + 1; certificate != identity.chain().end(); ++certificate) {
    X509* handle = certificate->handle();
    if (X509_self_signed(handle, 0) == 1) continue;
    if (X509_add_cert(rest.get(), handle, X509_ADD_FLAG_UP_REF) != 1)
      return refused("tls.identity.refused", "no memory");
  }
  if (SSL_CTX_use_cert_and_key(context, identity.leaf().handle(), identity.key().handle(), rest.get(), 1) != 1) {
    return refused("tls.identity.refused", describeKey(identity.key().handle()));
  }
  return success();
}

Status checkIdentities(const std::vector<LocalIdentity>& identities) {
  if (identities.empty()) return refused("tls.identity.none", "a server shows a certificate");
  for (auto one = identities.begin(); one != identities.end(); ++one) {
    const int kind = EVP_PKEY_get_base_id(one->key().handle());
    const bool twice = std::any_of(one + 1, identities.end(), [kind](const LocalIdentity& other) {
      return EVP_PKEY_get_base_id(other.key().handle()) == kind;
    });
    if (twice) return refused("tls.identity.duplicate", "two certificates with the same kind of key");
  }
  return success();
}

Result<SslContextPtr> baseContext(const SSL_METHOD* method, const TlsPosture& posture,
                                  const std::shared_ptr<const TlsVerification>& verification,
                                  ClientCertificates certificates) {
  ERR_clear_error();
  SslContextPtr context{SSL_CTX_new(method)};
  if (!context) return opensslError(ErrorKind::internal, "tls.context.failed", "SSL_CTX");
  SP_TRY(applyPosture(context.get(), posture));
  applyPolicy(context.get());
  SP_TRY(TlsVerification::install(context.get(), verification, certificates));
  return context;
}

// The SSL_CTX of the moment; handshakes hold their own reference.
class CurrentContext {
 public:
  void replace(SslContextPtr context) {
    const std::lock_guard lock{mutex_};
    context_.swap(context);
  }
  Result<SslPtr> newSession() const {
    const std::lock_guard lock{mutex_};
    SslPtr session{SSL_new(context_.get())};
    if (!session) return opensslError(ErrorKind::internal, "tls.session.failed", "SSL");
    return session;
  }

 private:
  mutable std::mutex mutex_;
  SslContextPtr context_;
};

}  // namespace

struct TlsServerContext::Shared {
  TlsPosture posture;
  ClientCertificates certificates = ClientCertificates::required;
  std::shared_ptr<TlsVerification> verification;
  CurrentContext current;

  Status use(const std::vector<LocalIdentity>& identities) {
    SP_TRY(checkIdentities(identities));
    SP_ASSIGN(auto context, baseContext(TLS_server_method(), posture, verification, certificates));
    for (const auto& identity : identities) SP_TRY(useIdentity(context.get(), identity));
    current.replace(std::move(context));
    return success();
  }
};

TlsServerContext::TlsServerContext(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
TlsServerContext::~TlsServerContext() = default;

Result<std::unique_ptr<TlsServerContext>> TlsServerContext::create(TlsServerSettings settings) {
  SP_CHECK(settings.peers && settings.clock != nullptr);
  auto shared = std::make_unique<Shared>();
  shared->posture = settings.posture;
  shared->certificates = settings.client_certificates;
  shared->verification = std::make_shared<TlsVerification>(PeerRole::client, *settings.clock, std::move(settings.alpn),
                                                           std::move(settings.peers));
  SP_TRY(shared->use(settings.identities));
  return std::unique_ptr<TlsServerContext>{new TlsServerContext{std::move(shared)}};
}

Result<SslPtr> TlsServerContext::newSession() const {
  SP_ASSIGN(auto session, shared_->current.newSession());
  SSL_set_accept_state(session.get());
  return session;
}

void TlsServerContext::replacePeers(std::shared_ptr<const PeerDirectory> peers) {
  SP_CHECK(peers != nullptr);
  shared_->verification->replacePeers(std::move(peers));
}

Status TlsServerContext::replaceIdentities(std::vector<LocalIdentity> identities) { return shared_->use(identities); }

struct TlsClientContext::Shared {
  TlsPosture posture;
  std::string server_name;
  std::shared_ptr<TlsVerification> verification;
  CurrentContext current;

  Status use(const std::optional<LocalIdentity>& identity) {
    SP_ASSIGN(auto context, baseContext(TLS_client_method(), posture, verification, ClientCertificates::required));
    if (identity) SP_TRY(useIdentity(context.get(), *identity));
    current.replace(std::move(context));
    return success();
  }
};

TlsClientContext::TlsClientContext(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
TlsClientContext::~TlsClientContext() = default;

Result<std::unique_ptr<TlsClientContext>> TlsClientContext::create(TlsClientSettings settings) {
  SP_CHECK(settings.peers && settings.clock != nullptr);
  auto shared = std::make_unique<Shared>();
  shared->posture = settings.posture;
  if (!settings.server_name.empty()) {
    const auto name = normalIdentity({SanKind::dns, settings.server_name});
    if (!name || isWildcard(name->value)) return refused("tls.server_name.malformed", settings.server_name);
    shared->server_name = name->value;
  }
  shared->verification = std::make_shared<TlsVerification>(PeerRole::server, *settings.clock, std::move(settings.alpn),
                                                           std::move(settings.peers));
  SP_TRY(shared->use(settings.identity));
  return std::unique_ptr<TlsClientContext>{new TlsClientContext{std::move(shared)}};
}

Result<SslPtr> TlsClientContext::newSession() const {
  SP_ASSIGN(auto session, shared_->current.newSession());
  const auto& name = shared_->server_name;
  if (!name.empty() && SSL_set_tlsext_host_name(session.get(), name.c_str()) != 1) {
    return opensslError(ErrorKind::internal, "tls.session.failed", "SNI");
  }
  SSL_set_connect_state(session.get());
  return session;
}

void TlsClientContext::replacePeers(std::shared_ptr<const PeerDirectory> peers) {
  SP_CHECK(peers != nullptr);
  shared_->verification->replacePeers(std::move(peers));
}

Status TlsClientContext::replaceIdentity(std::optional<LocalIdentity> identity) { return shared_->use(identity); }

}  // namespace sallyport::crypto
