// SPDX-License-Identifier: Apache-2.0
#include "media/srtp_transform.h"

#include <string>

#include "media/key_derivation.h"

namespace sallyport::media {
namespace {

constexpr std::size_t kGcmSaltBytes = 12, kCmSaltBytes = 14, kCmAuthKeyBytes = 20;

Result<GcmKeys> gcmKeys(KeyDerivation& master, KeyLabel encryption, KeyLabel salting) {
  SP_ASSIGN(auto cipher_key, master.derive(encryption, master.masterKeyBytes()));
  SP_ASSIGN(auto salt, master.derive(salting, kGcmSaltBytes));
  return GcmKeys{std::move(cipher_key), std::move(salt)};
}

Result<CmKeys> cmKeys(KeyDerivation& master, KeyLabel encryption, KeyLabel authentication, KeyLabel salting) {
  SP_ASSIGN(auto cipher_key, master.derive(encryption, master.masterKeyBytes()));
  SP_ASSIGN(auto auth_key, master.derive(authentication, kCmAuthKeyBytes));
  SP_ASSIGN(auto salt, master.derive(salting, kCmSaltBytes));
  return CmKeys{std::move(cipher_key), std::move(auth_key), std::move(salt)};
}

}  // namespace

Result<std::unique_ptr<SrtpTransform>> SrtpTransform::create(crypto::SrtpSuite suite, const Secret& key_and_salt,
                                                             CipherUse use) {
  const auto facts = crypto::factsOf(suite);
  const auto wanted = facts.master_key_bytes + facts.master_salt_bytes;
  if (key_and_salt.size() != wanted) {
    return Error{ErrorKind::peerMisbehaved, "media.srtp.key_length",
                 std::string{facts.name} + " takes " + std::to_string(wanted) + " bytes of key and salt, not " +
                     std::to_string(key_and_salt.size())};
  }
  SP_ASSIGN(auto master, KeyDerivation::create(key_and_salt.bytes().first(facts.master_key_bytes),
                                               key_and_salt.bytes().subspan(facts.master_key_bytes)));
  if (facts.aead) {
    SP_ASSIGN(auto rtp, gcmKeys(master, KeyLabel::rtpEncryption, KeyLabel::rtpSalt));
    SP_ASSIGN(auto rtcp, gcmKeys(master, KeyLabel::rtcpEncryption, KeyLabel::rtcpSalt));
    return gcmTransform(std::move(rtp), std::move(rtcp), use);
  }
  SP_ASSIGN(auto rtp, cmKeys(master, KeyLabel::rtpEncryption, KeyLabel::rtpAuthentication, KeyLabel::rtpSalt));
  SP_ASSIGN(auto rtcp, cmKeys(master, KeyLabel::rtcpEncryption, KeyLabel::rtcpAuthentication, KeyLabel::rtcpSalt));
  return cmTransform(std::move(rtp), std::move(rtcp));
}

}  // namespace sallyport::media
