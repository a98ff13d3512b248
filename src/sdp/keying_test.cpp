// SPDX-License-Identifier: Apache-2.0
// How a described stream is keyed and found: by SDES or DTLS, by address or ICE, as the policy has it.
#include <gmock/gmock.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kFingerprint =
    "a=fingerprint:sha-256 "
    "4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF";
const std::string kDtlsAudio = "m=audio 40000 UDP/TLS/RTP/SAVPF 0";
const std::string kSdesAudio = "m=audio 40000 RTP/SAVP 0";
const std::vector<std::string> kIce{"a=ice-ufrag:peer", "a=ice-pwd:passwordpasswordpassword",
                                    "a=candidate:1 1 udp 2130706431 192.0.2.10 40000 typ host"};

MediaPolicy keyedBy(std::vector<Keying> keyings, IceUse ice = IceUse::never) {
  MediaPolicy policy;
  policy.keyings = std::move(keyings);
  policy.ice = ice;
  return policy;
}
const MediaPolicy kDtls = keyedBy({Keying::dtls}), kSdes = keyedBy({Keying::sdes});

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
const std::vector<std::string> kDtlsOffer{kDtlsAudio, kFingerprint, "a=setup:actpass", "a=rtcp-mux"};
const std::vector<std::string> kDtlsAnswer{kDtlsAudio, kFingerprint, "a=setup:active", "a=rtcp-mux"};

std::string offered(const std::vector<std::string>& media, const MediaPolicy& policy = kDtls) {
  return outcome(offerIn(description(media), policy));
}

LocalAudio ours(IceUse ice = IceUse::never) {
  LocalAudio local;
  local.rtp = *Endpoint::parse("198.51.100.1:30000");
  local.rtcp_port = 30001;
  local.rtcp_mux = RtcpMux::muxed;
  local.profile = Profile::dtlsSavpf;
  local.formats = defaultFormats(std::array{Codec::pcmu});
  local.dtls =
      DtlsDescription{{{crypto::FingerprintHash::sha256, std::vector<std::uint8_t>(32, 7)}}, Setup::actpass, {}};
  if (ice == IceUse::never) return local;
  local.ice.emplace();
  local.ice->credentials.ufrag = "edge";
  local.ice->credentials.password = Secret{Bytes{std::vector<std::uint8_t>(24, 'p')}};
  local.ice->mode = IceMode::lite;
  local.ice->candidates = {{"1", 1, 2'130'706'431, local.rtp, CandidateType::host, {}}};
  local.ice->gathering = Gathering::ended;
  return local;
}

std::string answered(const std::vector<std::string>& media, const LocalAudio& offer = ours(),
                     const MediaPolicy& policy = kDtls) {
  return outcome(answerIn(description(media), offer, policy));
}

// --- DTLS ---------------------------------------------------------------------------------------------------------

TEST(Keying, ByDtlsIsTakenWhereThePolicyHasIt) {
  const auto offer = offerIn(description(kDtlsOffer), kDtls);
  ASSERT_TRUE(offer) << describe(offer.error());
  EXPECT_EQ(offer->keying(), Keying::dtls);
  EXPECT_EQ(offer->profile, Profile::dtlsSavpf);
  EXPECT_EQ(offer->dtls->setup, Setup::actpass);
  EXPECT_TRUE(offer->crypto.empty());
  EXPECT_EQ(offered({"m=audio 40000 udp/tls/rtp/savp 0", kFingerprint, "a=rtcp-mux"}), "accepted");
}

TEST(Keying, OtherThanThePolicysIsRefusedByName) {
  EXPECT_EQ(offered(kDtlsOffer, kSdes), "sdp.keying.dtls");
  EXPECT_EQ(offered({kSdesAudio, kCm128}, kDtls), "sdp.keying.sdes");
  EXPECT_EQ(offered({kSdesAudio, kFingerprint, "a=rtcp-mux"}, kSdes), "sdp.keying.dtls");
  EXPECT_EQ(offered({"m=audio 40000 TCP/TLS/RTP/SAVP 0", kFingerprint, "a=rtcp-mux"}), "sdp.profile");
  EXPECT_EQ(offered({"m=audio 40000 RTP/AVP 0", kFingerprint, "a=rtcp-mux"}), "sdp.plain_rtp");
  auto clear = kDtls;
  clear.protection = MediaProtection::none;
  EXPECT_EQ(offered(kDtlsOffer, clear), "sdp.profile");
}

TEST(Keying, ByDtlsNeedsAFingerprintAndMux) {
  EXPECT_EQ(offered({kDtlsAudio, "a=rtcp-mux"}), "sdp.fingerprint.missing");
  EXPECT_EQ(offered({kDtlsAudio, kFingerprint}), "sdp.rtcp_mux.required");
  EXPECT_EQ(answered({kDtlsAudio, kFingerprint, "a=setup:active"}), "sdp.rtcp_mux.required");
}

TEST(Keying, OfALineWithBothIsThePolicysFirst) {
  const std::vector<std::string> both{kSdesAudio, kCm128, kFingerprint, "a=setup:actpass", "a=rtcp-mux"};
  const auto dtls = offerIn(description(both), keyedBy({Keying::dtls, Keying::sdes}));
  ASSERT_TRUE(dtls) << describe(dtls.error());
  EXPECT_EQ(dtls->keying(), Keying::dtls);
  EXPECT_EQ(dtls->profile, Profile::savp) << "answered as it was offered";
  const auto sdes = offerIn(description(both), keyedBy({Keying::sdes, Keying::dtls}));
  ASSERT_TRUE(sdes);
  EXPECT_EQ(sdes->keying(), Keying::sdes);
  EXPECT_FALSE(sdes->dtls);
}

TEST(Keying, FallsBackToWhatIsAcceptableAndElseNamesTheFirstRefusal) {
  const std::vector<std::string> weak{kSdesAudio, "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" + keyText(30),
                                      kFingerprint};
  EXPECT_EQ(offered(weak + std::vector<std::string>{"a=rtcp-mux"}, keyedBy({Keying::sdes, Keying::dtls})), "accepted");
  EXPECT_EQ(offered(weak, keyedBy({Keying::sdes, Keying::dtls})), "sdp.crypto.none");
  EXPECT_EQ(offered(weak, keyedBy({Keying::dtls, Keying::sdes})), "sdp.rtcp_mux.required");
}

TEST(Keying, AnAnswerIsOfTheProfileThatWasOffered) {
  EXPECT_EQ(answered(kDtlsAnswer), "accepted");
  EXPECT_EQ(answered({"m=audio 40000 UDP/TLS/RTP/SAVP 0", kFingerprint, "a=setup:active", "a=rtcp-mux"}),
            "sdp.answer.media_changed");
  EXPECT_EQ(answered({kSdesAudio, kCm128, "a=rtcp-mux"}), "sdp.answer.media_changed");
  EXPECT_EQ(answered({kDtlsAudio, "a=setup:active", "a=rtcp-mux"}), "sdp.fingerprint.missing");
  EXPECT_EQ(answered(kDtlsOffer), "sdp.setup.conflict");
}

TEST(Keying, IsWrittenAsItIsMeant) {
  const auto text = renderOffer(ours());
  EXPECT_THAT(text, HasSubstr("m=audio 30000 UDP/TLS/RTP/SAVPF 0\r\n"));
  EXPECT_THAT(text, HasSubstr("a=setup:actpass\r\n"));
  EXPECT_THAT(text, HasSubstr("a=fingerprint:sha-256 07:07:"));
  EXPECT_THAT(text, HasSubstr("a=rtcp-mux\r\na=rtcp-mux-only\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("a=crypto")));
  EXPECT_EQ(outcome(offerIn(text, kDtls)), "accepted");
}

// --- ICE ----------------------------------------------------------------------------------------------------------

TEST(IceOfAStream, IsReadOnlyWhereThePolicyAsksForIt) {
  const auto offer = kDtlsOffer + kIce;
  EXPECT_FALSE(offerIn(description(offer), kDtls)->ice);
  for (const auto use : {IceUse::accept, IceUse::require}) {
    const auto read = offerIn(description(offer), keyedBy({Keying::dtls}, use));
    ASSERT_TRUE(read) << describe(read.error());
    ASSERT_TRUE(read->ice);
    EXPECT_EQ(read->ice->credentials.ufrag, "peer");
  }
  EXPECT_EQ(offered({kSdesAudio, kCm128, "a=rtcp-mux", kIce[0], kIce[1]}, keyedBy({Keying::sdes}, IceUse::require)),
            "accepted");
}

TEST(IceOfAStream, IsRefusedOrDoneWithoutWhereNobodyWouldCheck) {
  const auto required = keyedBy({Keying::dtls}, IceUse::require), accepted = keyedBy({Keying::dtls}, IceUse::accept);
  EXPECT_EQ(offered(kDtlsOffer, required), "sdp.ice.missing");
  const auto lite = lines({"v=0", "o=- 20 1 IN IP4 192.0.2.10", "s=-", "c=IN IP4 192.0.2.10", "t=0 0", "a=ice-lite"}) +
                    lines(kDtlsOffer + kIce);
  EXPECT_EQ(outcome(offerIn(lite, required)), "sdp.ice.lite");
  EXPECT_FALSE(offerIn(lite, accepted)->ice);
  auto full = required;
  full.ice_mode = IceMode::full;
  EXPECT_EQ(offerIn(lite, full)->ice->mode, IceMode::lite) << "we would check";
  const auto separate = std::vector<std::string>{kSdesAudio, kCm128} + kIce;
  EXPECT_EQ(offered(separate, keyedBy({Keying::sdes}, IceUse::require)), "sdp.rtcp_mux.required");
  EXPECT_FALSE(offerIn(description(separate), keyedBy({Keying::sdes}, IceUse::accept))->ice);
  EXPECT_EQ(offered(kDtlsOffer + std::vector<std::string>{"a=ice-ufrag:peer"}, accepted), "sdp.ice.incomplete");
}

TEST(IceOfAStream, WithoutACandidateYetIsNoHold) {
  const std::vector<std::string> early{
      "m=audio 9 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0", kFingerprint, "a=rtcp-mux", kIce[0], kIce[1]};
  const auto with = offerIn(description(early), keyedBy({Keying::dtls}, IceUse::accept));
  ASSERT_TRUE(with) << describe(with.error());
  EXPECT_EQ(with->direction, Direction::sendrecv);
  EXPECT_EQ(offerIn(description(early), kDtls)->direction, Direction::sendonly) << "there it is one";
}

TEST(IceOfAStream, ThatWeOfferedIsUsedWhereTheAnswerSpeaksIt) {
  const auto accepted = keyedBy({Keying::dtls}, IceUse::accept);
  EXPECT_TRUE(answerIn(description(kDtlsAnswer + kIce), ours(IceUse::accept), accepted)->ice);
  EXPECT_FALSE(answerIn(description(kDtlsAnswer), ours(IceUse::accept), accepted)->ice);
  EXPECT_FALSE(answerIn(description(kDtlsAnswer + kIce), ours(), accepted)->ice) << "not offered";
  EXPECT_EQ(answered(kDtlsAnswer, ours(IceUse::require), keyedBy({Keying::dtls}, IceUse::require)), "sdp.ice.missing");
}

TEST(IceOfAStream, IsWrittenAsLite) {
  const auto text = renderOffer(ours(IceUse::accept));
  EXPECT_THAT(text, HasSubstr("a=ice-lite\r\na=ice-options:ice2\r\nm=audio"));
  EXPECT_THAT(text, HasSubstr("a=ice-ufrag:edge\r\n"));
  EXPECT_THAT(text, HasSubstr("a=candidate:1 1 UDP 2130706431 198.51.100.1 30000 typ host\r\na=end-of-candidates\r\n"));
}

// --- mid and BUNDLE -----------------------------------------------------------------------------------------------

std::string bundled(const std::string& group, const std::vector<std::string>& media) {
  return lines({"v=0", "o=- 20 1 IN IP4 192.0.2.10", "s=-", "c=IN IP4 192.0.2.10", "t=0 0", group}) + lines(media);
}

TEST(Bundle, OfTheAudioAloneIsAnswered) {
  const auto offer = offerIn(
      bundled("a=group:BUNDLE 0 v1",
              kDtlsOffer + std::vector<std::string>{"a=mid:0", "m=video 40000 UDP/TLS/RTP/SAVPF 96", "a=mid:v1"}),
      kDtls);
  ASSERT_TRUE(offer) << describe(offer.error());
  auto local = ours();
  local.dtls->setup = Setup::active;
  const auto answer = renderAnswer(local, *offer);
  EXPECT_THAT(answer, HasSubstr("a=group:BUNDLE 0\r\n"));
  EXPECT_THAT(answer, HasSubstr("m=audio 30000 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"));
  EXPECT_THAT(answer, HasSubstr("m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v1\r\n"));
}

TEST(Bundle, IsNotAnsweredWhereTheAudioIsNotInIt) {
  EXPECT_FALSE(
      offerIn(bundled("a=group:BUNDLE 1", kDtlsOffer + std::vector<std::string>{"a=mid:0"}), kDtls)->layout.bundled);
  EXPECT_FALSE(
      offerIn(bundled("a=group:LS 0", kDtlsOffer + std::vector<std::string>{"a=mid:0"}), kDtls)->layout.bundled);
  EXPECT_FALSE(offerIn(bundled("a=group:BUNDLE 0", kDtlsOffer), kDtls)->layout.bundled);
  EXPECT_EQ(offered(kDtlsOffer + std::vector<std::string>{"a=mid:a b"}), "sdp.mid");
}

TEST(Bundle, GoesOnWithTheMidOfTheOffer) {
  auto offer = ours();
  offer.layout.mid = "0";
  offer.layout.bundled = true;
  EXPECT_EQ(answerIn(description(kDtlsAnswer), offer, kDtls)->layout.mid, "0");
  EXPECT_FALSE(answerIn(description(kDtlsAnswer), offer, kDtls)->layout.bundled);
}

}  // namespace
}  // namespace sallyport::sdp
