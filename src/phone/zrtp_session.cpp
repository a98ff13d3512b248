// SPDX-License-Identifier: Apache-2.0
#include "phone/zrtp_session.h"

#include <bzrtp/bzrtp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "crypto/encoding.h"

namespace sallyport::phone {
namespace {

constexpr std::size_t kVersionPrefix = 5;  // "1.10 " before the digits of a Hello's hash

std::string nameOfAgreement(std::uint8_t algorithm) {
  switch (algorithm) {
    case ZRTP_KEYAGREEMENT_X255: return "X255";
    case ZRTP_KEYAGREEMENT_X448: return "X448";
    case ZRTP_KEYAGREEMENT_DH3k: return "DH3k";
    case ZRTP_KEYAGREEMENT_DH2k: return "DH2k";
    case ZRTP_KEYAGREEMENT_Mult: return "Mult";
    case ZRTP_KEYAGREEMENT_Prsh: return "Prsh";
    default: return "?";
  }
}

// Tags of 32 bits are not for voice here; what is agreed with them is not used.
std::optional<crypto::SrtpSuite> suiteOf(const bzrtpSrtpSecrets_t& secrets) {
  if (secrets.authTagAlgo != ZRTP_AUTHTAG_HS80) return std::nullopt;
  if (secrets.cipherAlgo == ZRTP_CIPHER_AES3) return crypto::SrtpSuite::aes256CmHmacSha1_80;
  if (secrets.cipherAlgo == ZRTP_CIPHER_AES1) return crypto::SrtpSuite::aesCm128HmacSha1_80;
  return std::nullopt;
}

std::optional<media::SrtpKeying> keyingOf(crypto::SrtpSuite suite, Bytes key, Bytes salt) {
  const auto facts = crypto::factsOf(suite);
  if (key.size() != facts.master_key_bytes || salt.size() != facts.master_salt_bytes) return std::nullopt;
  Secret both{key.size() + salt.size()};
  std::copy(key.begin(), key.end(), both.mutableBytes().begin());
  std::copy(salt.begin(), salt.end(), both.mutableBytes().begin() + static_cast<std::ptrdiff_t>(key.size()));
  return media::SrtpKeying{suite, std::move(both)};
}

void offer(bzrtpContext_t* context, std::uint8_t kind, std::initializer_list<std::uint8_t> names) {
  std::array<std::uint8_t, 7> all{};
  std::copy(names.begin(), names.end(), all.begin());
  bzrtp_setSupportedCryptoTypes(context, kind, all.data(), static_cast<std::uint8_t>(names.size()));
}

}  // namespace

// --- the cache -----------------------------------------------------------------------------------------

Result<std::shared_ptr<ZrtpCache>> ZrtpCache::open(const std::string& path) {
  const auto broken = [&](std::string why) {
    return Error{ErrorKind::misconfigured, "phone.zrtp.cache", path + ": " + std::move(why)};
  };
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return broken("can not be opened");
  struct stat status {};
  const bool private_file = ::fstat(file, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
  ::close(file);
  if (!private_file) return broken("others may read it, and it holds secrets; chmod 600");
  sqlite3* database = nullptr;
  const int opened = sqlite3_open(path.c_str(), &database);
  std::shared_ptr<ZrtpCache> cache{new ZrtpCache(database)};
  if (opened != SQLITE_OK) return broken("is no database");
  const int initialised = bzrtp_initCache_lock(database, nullptr);
  if (initialised != 0 && initialised != BZRTP_CACHE_SETUP && initialised != BZRTP_CACHE_UPDATE) {
    return broken("is no cache of ZRTP");
  }
  return cache;
}

// The library's own tables (its zidCache.c): who is behind an address, and the secrets shared with each.
ZrtpCache::Known ZrtpCache::knownAt(const std::string& own_uri, const std::string& peer_uri) const {
  constexpr std::string_view kSql =
      "SELECT ziduri.zuid, zrtp.pvs FROM ziduri JOIN zrtp ON zrtp.zuid = ziduri.zuid "
      "WHERE ziduri.selfuri = ? AND ziduri.peeruri = ? AND zrtp.rs1 IS NOT NULL";
  Known known;
  sqlite3_stmt* statement = nullptr;
  const int size = static_cast<int>(kSql.size());
  if (sqlite3_prepare_v2(static_cast<sqlite3*>(database_), kSql.data(), size, &statement, nullptr) != SQLITE_OK) {
    return known;
  }
  sqlite3_bind_text(statement, 1, own_uri.data(), static_cast<int>(own_uri.size()), SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, peer_uri.data(), static_cast<int>(peer_uri.size()), SQLITE_STATIC);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* flag = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, 1));
    const bool compared = sqlite3_column_bytes(statement, 1) == 1 && *flag == 1;
    known.emplace(sqlite3_column_int(statement, 0), compared ? Words::compared : Words::notCompared);
  }
  sqlite3_finalize(statement);
  return known;
}

ZrtpCache::~ZrtpCache() { sqlite3_close(static_cast<sqlite3*>(database_)); }

// --- the session ---------------------------------------------------------------------------------------

struct ZrtpSession::Engine {
  Engine(std::uint32_t own_ssrc, Events own_events, std::shared_ptr<ZrtpCache> own_cache)
      : ssrc(own_ssrc),
        events(std::move(own_events)),
        cache(std::move(own_cache)),
        context(bzrtp_createBzrtpContext()) {}
  ~Engine() { bzrtp_destroyBzrtpContext(context, ssrc); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  static Engine& of(void* data) { return *static_cast<Engine*>(data); }
  void onSecrets(const bzrtpSrtpSecrets_t& secrets, std::uint8_t part);
  void onAgreed(const bzrtpSrtpSecrets_t& secrets, bool verified);
  bool isSomebodyElse() const;

  std::uint32_t ssrc;
  Events events;
  std::shared_ptr<ZrtpCache> cache;
  ZrtpCache::Known known;  // under the peer's address, before this call
  int peer = 0;            // its number among them
  bzrtpContext_t* context;
  bool started = false;
};

void ZrtpSession::Engine::onSecrets(const bzrtpSrtpSecrets_t& secrets, std::uint8_t part) {
  const auto suite = suiteOf(secrets);
  if (!suite) return events.failed("the algorithms that were agreed are none of ours");
  if ((part & ZRTP_SRTP_SECRETS_FOR_RECEIVER) != 0) {
    const auto key = keyingOf(*suite, {secrets.peerSrtpKey, secrets.peerSrtpKeyLength},
                              {secrets.peerSrtpSalt, secrets.peerSrtpSaltLength});
    if (key) events.receive_key(*key);
  }
  if ((part & ZRTP_SRTP_SECRETS_FOR_SENDER) != 0) {
    const auto key = keyingOf(*suite, {secrets.selfSrtpKey, secrets.selfSrtpKeyLength},
                              {secrets.selfSrtpSalt, secrets.selfSrtpSaltLength});
    if (key) events.send_key(*key);
  }
}

void ZrtpSession::Engine::onAgreed(const bzrtpSrtpSecrets_t& secrets, bool verified) {
  ZrtpFacts facts;
  if (secrets.sas != nullptr) facts.sas = secrets.sas;
  facts.cache_mismatch = secrets.cacheMismatch != 0 || (!verified && isSomebodyElse());
  facts.verified = verified && !facts.cache_mismatch;
  facts.agreement = nameOfAgreement(secrets.keyAgreementAlgo);
  facts.cipher = secrets.cipherAlgo == ZRTP_CIPHER_AES3 ? "AES3" : "AES1";
  events.agreed(facts);
}

// Who comes with an identifier of its own (RFC 6189 4.9) has no secrets that could not fit. It is somebody else where
// only others were talked to under its address, and goes on to be while the words of another were compared and its own
// were not.
bool ZrtpSession::Engine::isSomebodyElse() const {
  if (known.empty()) return false;
  const auto compared = [](const auto& end) { return end.second == ZrtpCache::Words::compared; };
  return known.count(peer) == 0 || std::any_of(known.begin(), known.end(), compared);
}

ZrtpSession::ZrtpSession(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
ZrtpSession::~ZrtpSession() = default;

Result<std::unique_ptr<ZrtpSession>> ZrtpSession::create(const ZrtpSettings& settings, std::uint32_t ssrc,
                                                         Events events) {
  const auto unavailable = [](const char* why) { return Error{ErrorKind::internal, "phone.zrtp.unavailable", why}; };
  auto engine = std::make_unique<Engine>(ssrc, std::move(events), settings.cache);
  auto* context = engine->context;
  bzrtpCallbacks_t callbacks{};
  callbacks.bzrtp_messageLevel = BZRTP_MESSAGE_ERROR;
  callbacks.bzrtp_statusMessage = [](void* data, std::uint8_t level, std::uint8_t, const char* text) {
    if (level == BZRTP_MESSAGE_ERROR) Engine::of(data).events.failed(text == nullptr ? "" : text);
    return 0;
  };
  callbacks.bzrtp_sendData = [](void* data, const std::uint8_t* packet, std::uint16_t length) {
    Engine::of(data).events.send({packet, length});
    return 0;
  };
  callbacks.bzrtp_srtpSecretsAvailable = [](void* data, const bzrtpSrtpSecrets_t* secrets, std::uint8_t part) {
    Engine::of(data).onSecrets(*secrets, part);
    return 0;
  };
  callbacks.bzrtp_startSrtpSession = [](void* data, const bzrtpSrtpSecrets_t* secrets, std::int32_t verified) {
    Engine::of(data).onAgreed(*secrets, verified != 0);
    return 0;
  };
  callbacks.bzrtp_contextReadyForExportedKeys = [](void* data, int zuid, std::uint8_t) {
    Engine::of(data).peer = zuid;
    return 0;
  };
  if (bzrtp_setCallbacks(context, &callbacks) != 0) return unavailable("callbacks");
  if (settings.cache) {
    const int set = bzrtp_setZIDCache_lock(context, settings.cache->database_, settings.own_uri.c_str(),
                                           settings.peer_uri.c_str(), nullptr);
    if (set != 0 && set != BZRTP_CACHE_SETUP) return unavailable("cache");
    engine->known = settings.cache->knownAt(settings.own_uri, settings.peer_uri);
  }
  offer(context, ZRTP_KEYAGREEMENT_TYPE, {ZRTP_KEYAGREEMENT_X255, ZRTP_KEYAGREEMENT_X448, ZRTP_KEYAGREEMENT_DH3k});
  offer(context, ZRTP_CIPHERBLOCK_TYPE, {ZRTP_CIPHER_AES3, ZRTP_CIPHER_AES1});
  offer(context, ZRTP_HASH_TYPE, {ZRTP_HASH_S384, ZRTP_HASH_S256});
  offer(context, ZRTP_AUTHTAG_TYPE, {ZRTP_AUTHTAG_HS80});
  if (settings.sas == SasForm::base256) {
    offer(context, ZRTP_SAS_TYPE, {ZRTP_SAS_B256, ZRTP_SAS_B32});
  } else {
    offer(context, ZRTP_SAS_TYPE, {ZRTP_SAS_B32});
  }
  if (bzrtp_initBzrtpContext(context, ssrc) != 0) return unavailable("context");
  bzrtp_setClientData(context, ssrc, engine.get());

  std::array<std::uint8_t, 80> text{};
  if (bzrtp_getSelfHelloHash(context, ssrc, text.data(), text.size()) != 0) return unavailable("hash of the Hello");
  const std::string_view said{reinterpret_cast<const char*>(text.data())};
  const auto hash = crypto::fromHex(said.substr(std::min(said.size(), kVersionPrefix)));
  std::unique_ptr<ZrtpSession> session{new ZrtpSession(std::move(engine))};
  if (!hash || hash->size() != session->hello_hash_.size()) return unavailable("hash of the Hello");
  std::copy(hash->begin(), hash->end(), session->hello_hash_.begin());
  return session;
}

void ZrtpSession::expect(const crypto::Sha256Digest& peer_hello_hash) {
  auto text = "1.10 " + crypto::toHex(peer_hello_hash);
  bzrtp_setPeerHelloHash(engine_->context, engine_->ssrc, reinterpret_cast<std::uint8_t*>(text.data()), text.size());
}

void ZrtpSession::start() {
  if (std::exchange(engine_->started, true)) return;
  bzrtp_startChannelEngine(engine_->context, engine_->ssrc);
}

void ZrtpSession::onPacket(MutableBytes packet) {
  if (!engine_->started) return;
  bzrtp_processMessage(engine_->context, engine_->ssrc, packet.data(), static_cast<std::uint16_t>(packet.size()));
}

void ZrtpSession::onTime(TimePoint now) {
  if (!engine_->started) return;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  bzrtp_iterate(engine_->context, engine_->ssrc, static_cast<std::uint64_t>(since.count()));
}

void ZrtpSession::setVerified() { bzrtp_SASVerified(engine_->context); }
void ZrtpSession::setMismatched() { bzrtp_resetSASVerified(engine_->context); }

}  // namespace sallyport::phone
