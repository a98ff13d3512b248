// SPDX-License-Identifier: Apache-2.0
#pragma once
// MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256 (RFC 8489 14.5, 14.6): who knows the password has written the
// message. Values; a key belongs to who holds it, any thread may read it.

#include <array>
#include <cstdint>

#include "core/secret.h"
#include "media/hmac_sha1.h"
#include "media/stun/message.h"

namespace sallyport::media::stun {

enum class Integrity : std::uint8_t { sha1, sha256 };
std::size_t macBytes(Integrity integrity);

class IntegrityKey {
 public:
  using Mac = std::array<std::uint8_t, 32>;  // macBytes() of it

  // Short-term (RFC 8489 9.1.1), as ICE has it: the password itself. Long-term (9.2.2): the hash of it.
  explicit IntegrityKey(Bytes key);

  // Over all of a message before the integrity attribute, whatever length its header says.
  Mac over(Integrity integrity, Bytes before) const;

 private:
  Secret key_;
  HmacSha1 sha1_;
};

class AuthenticatedMessage {
 public:
  const Message& operator*() const { return message_; }
  const Message* operator->() const { return &message_; }
  Integrity integrity() const { return integrity_; }  // an answer is protected alike (RFC 8489 9.1.4)

 private:
  friend class IntegrityCheck;
  AuthenticatedMessage(const Message& message, Integrity integrity) : message_(message), integrity_(integrity) {}

  Message message_;
  Integrity integrity_;
};

// By SHA-256 where the message has that, so that nobody on the path can take it away unseen from one who always
// offers it. Errors: "media.stun.integrity.missing", "media.stun.integrity.wrong" (peerDenied).
Result<AuthenticatedMessage> authenticate(const Message& message, const IntegrityKey& key);

}  // namespace sallyport::media::stun
