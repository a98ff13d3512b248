// SPDX-License-Identifier: Apache-2.0
#include "load/call_audio.h"

#include "crypto/random.h"

namespace sallyport::load {
namespace {

Secret keyFor(crypto::SrtpSuite suite) {
  const auto facts = crypto::factsOf(suite);
  return crypto::randomSecret(facts.master_key_bytes + facts.master_salt_bytes);
}

media::SrtpKeying keyingOf(const sdp::CryptoOffer& crypto) {
  return {crypto.suite, crypto.key_and_salt.clone(), crypto.lifetime};
}

}  // namespace

CallAudio::CallAudio(const Endpoint& rtp, crypto::SrtpSuite suite) {
  constexpr std::array kCodecs{sdp::Codec::pcmu};
  local_.session_id = crypto::randomNumber() >> 2;
  local_.session_version = 1;
  local_.rtp = rtp;
  local_.rtcp_port = static_cast<std::uint16_t>(rtp.port + 1);
  local_.formats = sdp::defaultFormats(kCodecs);
  local_.ptime = 20;
  sdp::CryptoOffer crypto;
  crypto.suite = suite;
  crypto.key_and_salt = keyFor(suite);
  local_.crypto.push_back(std::move(crypto));
}

Result<AgreedAudio> CallAudio::accept(std::string_view answer) const {
  SP_ASSIGN(const auto session, sdp::Session::parse(answer));
  SP_ASSIGN(const auto theirs, sdp::readAnswer(session, local_, {}));
  return AgreedAudio{theirs.rtp, keyingOf(local_.crypto.front()), keyingOf(theirs.crypto.front())};
}

Result<CallAudio::Answered> CallAudio::answer(std::string_view offer) {
  SP_ASSIGN(const auto session, sdp::Session::parse(offer));
  SP_ASSIGN(const auto theirs, sdp::readOffer(session, {}));
  const auto& chosen = theirs.crypto.front();
  local_.formats = {theirs.formats.front()};
  local_.profile = theirs.profile;
  local_.crypto.clear();
  local_.crypto.push_back(sdp::answerCrypto(chosen, keyFor(chosen.suite)));
  return Answered{sdp::renderAnswer(local_, theirs),
                  AgreedAudio{theirs.rtp, keyingOf(local_.crypto.front()), keyingOf(chosen)}};
}

}  // namespace sallyport::load
