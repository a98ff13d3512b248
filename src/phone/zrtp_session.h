// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's end of a ZRTP exchange (RFC 6189), by libbzrtp (GPL-3: in the phone's binary only). It says which Hello
// it will send before it does, agrees SRTP keys with the other end, and shows the short authentication string that the
// two people read to each other. What was agreed is remembered in a cache, so that a man in the middle who was not
// there the first time is found out the next: then the cache does not fit, and the words have to be compared again.
//
// One per call, on its loop's thread. No I/O of its own but the cache's file: packets and time come in, packets go out.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/hash.h"
#include "media/srtp.h"

namespace sallyport::phone {

// Who we have talked to, under which secrets, and whether people have compared the words: one SQLite file.
class ZrtpCache {
 public:
  // Made, with access for its owner alone, where there is none. Error: phone.zrtp.cache (misconfigured).
  static Result<std::shared_ptr<ZrtpCache>> open(const std::string& path);
  ~ZrtpCache();
  ZrtpCache(const ZrtpCache&) = delete;
  ZrtpCache& operator=(const ZrtpCache&) = delete;

  // The ends that were talked to under an address, by the numbers that they have in the file.
  enum class Words : std::uint8_t { compared, notCompared };
  using Known = std::map<int, Words>;
  Known knownAt(const std::string& own_uri, const std::string& peer_uri) const;

 private:
  friend class ZrtpSession;
  explicit ZrtpCache(void* database) : database_(database) {}
  void* database_;
};

enum class SasForm : std::uint8_t { base32, base256 };  // four letters, or words (RFC 6189 5.1.6)

struct ZrtpSettings {
  std::shared_ptr<ZrtpCache> cache;  // null: nothing is remembered
  SasForm sas = SasForm::base32;
  std::string own_uri, peer_uri;
};

// What two people compare, and what the cache makes of it.
struct ZrtpFacts {
  std::string sas;
  bool verified = false;  // they did so in an earlier call, and the secrets of then were there again
  // We have talked before with whoever has this address, and this is somebody else, or not as then: somebody may be in
  // the middle.
  bool cache_mismatch = false;
  std::string agreement;  // "X255"
  std::string cipher;     // "AES3"
};

class ZrtpSession {
 public:
  struct Events {
    std::function<void(Bytes)> send;
    std::function<void(const media::SrtpKeying&)> receive_key, send_key;  // when each may be used
    std::function<void(const ZrtpFacts&)> agreed;
    std::function<void(std::string)> failed;  // may come more than once
  };

  // Error: phone.zrtp.unavailable (internal).
  static Result<std::unique_ptr<ZrtpSession>> create(const ZrtpSettings& settings, std::uint32_t ssrc, Events events);
  ~ZrtpSession();
  ZrtpSession(const ZrtpSession&) = delete;
  ZrtpSession& operator=(const ZrtpSession&) = delete;

  const crypto::Sha256Digest& helloHash() const { return hello_hash_; }
  // The Hello that the other end has announced; no other is taken.
  void expect(const crypto::Sha256Digest& peer_hello_hash);

  void start();  // again: nothing
  void onPacket(MutableBytes packet);
  void onTime(TimePoint now);
  // The two people have compared the words, or found them different.
  void setVerified();
  void setMismatched();

 private:
  struct Engine;
  ZrtpSession(std::unique_ptr<Engine> engine);

  std::unique_ptr<Engine> engine_;
  crypto::Sha256Digest hello_hash_{};
};

}  // namespace sallyport::phone
