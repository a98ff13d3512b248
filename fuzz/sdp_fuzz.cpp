// SPDX-License-Identifier: Apache-2.0
// A description from a stranger: never a crash, never an acceptance without keys (of an unprotected peer: with keys),
// and whatever is accepted is answered with a description that we ourselves would accept. ICE, DTLS and trickle
// fragments read the same when they are written again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sdp/dtls_attributes.h"
#include "sdp/offer_answer.h"
#include "sdp/trickle.h"

namespace {

using namespace sallyport;
using namespace sallyport::sdp;

void require(bool held) {
  if (!held) std::abort();
}

LocalAudio ours() {
  LocalAudio local;
  local.rtp = *Endpoint::parse("198.51.100.1:30000");
  local.rtcp_port = 30001;
  local.rtcp_mux = RtcpMux::muxed;
  return local;
}

Secret keyFor(crypto::SrtpSuite suite) {
  const auto facts = crypto::factsOf(suite);
  Secret key{facts.master_key_bytes + facts.master_salt_bytes};
  for (auto& byte : key.mutableBytes()) byte = 0xA5;
  return key;
}

MediaPolicy policyOf(MediaProtection protection) {
  MediaPolicy policy;
  policy.protection = protection;
  return policy;
}

MediaPolicy keyedBy(std::vector<Keying> keyings, IceUse ice) {
  MediaPolicy policy;
  policy.keyings = std::move(keyings);
  policy.ice = ice;
  return policy;
}

DtlsDescription ourDtls(Setup setup) {
  return {{{crypto::FingerprintHash::sha256, std::vector<std::uint8_t>(32, 0xA5)}}, setup, {}};
}

IceDescription ourIce(IceMode mode) {
  IceDescription ice;
  ice.credentials = {"ufra", keyFor(crypto::SrtpSuite::aesCm128HmacSha1_80)};
  for (auto& byte : ice.credentials.password.mutableBytes()) byte = 'p';
  ice.mode = mode;
  return ice;
}

void answerWhatWasOffered(const AudioDescription& offer, const MediaPolicy& policy) {
  const auto protection = policy.protection;
  require(offer.keying().has_value() == (protection == MediaProtection::srtp) && !offer.formats.empty());
  require(!(offer.dtls && !offer.crypto.empty()) && (!offer.dtls || !offer.dtls->fingerprints.empty()));
  require(offer.rtcp_mux == RtcpMux::muxed || !(offer.dtls || offer.ice));
  require(offer.ice || policy.ice != IceUse::require);
  require(isKeyed(offer.profile) == isKeyed(protection));
  auto answer = ours();
  answer.direction = answerTo(offer.direction, Direction::sendrecv);
  answer.formats = offer.formats;
  if (!offer.crypto.empty())
    answer.crypto.push_back(answerCrypto(offer.crypto.front(), keyFor(offer.crypto.front().suite)));
  if (offer.dtls) answer.dtls = ourDtls(answerSetup(offer.dtls->setup, {}));
  if (offer.ice) answer.ice = ourIce(IceMode::full);
  const auto session = Session::parse(renderAnswer(answer, offer));
  require(session.ok());
  require(session->media().size() == offer.layout.size());
  require(readOffer(*session, policy).ok());  // as strict as for anybody else's
}

void rewriteDtls(const Session& session, const MediaSection& section) {
  const auto read = dtlsOffered(session, section);
  if (!read) return;
  const auto head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n";
  const auto again = Session::parse(head + renderDtls(*read));
  require(again.ok());
  const auto second = dtlsOffered(*again, again->media().front());
  require(second.ok() && second->fingerprints == read->fingerprints && second->setup == read->setup &&
          second->tls_id == read->tls_id);
}

void readAsAnAnswer(const Session& session) {
  auto offer = ours();
  offer.formats = defaultFormats(MediaPolicy{}.codecs);
  offer.profile = Profile::avp;
  const auto clear = readAnswer(session, offer, policyOf(MediaProtection::none));
  require(!clear || clear->crypto.empty());
  offer.profile = Profile::savp;
  for (unsigned tag = 1; const auto suite : crypto::kSrtpSuites) {
    offer.crypto.emplace_back();
    offer.crypto.back().tag = tag++;
    offer.crypto.back().suite = suite;
    offer.crypto.back().key_and_salt = keyFor(suite);
  }
  const auto audio = readAnswer(session, offer, {});
  require(!audio || (audio->crypto.size() == 1 && !audio->dtls));
  offer.crypto.clear();
  offer.profile = Profile::dtlsSavpf;
  offer.dtls = ourDtls(Setup::actpass);
  offer.ice = ourIce(IceMode::lite);
  const auto keyed = readAnswer(session, offer, keyedBy({Keying::dtls}, IceUse::accept));
  require(!keyed || (keyed->dtls && keyed->crypto.empty() && keyed->rtcp == keyed->rtp));
}

void rewriteIce(const Session& session, const MediaSection& section) {
  const auto ice = iceOf(session, section);
  if (!ice || !*ice) return;
  const auto text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n" + renderIceSessionLines(**ice) +
                    "m=audio 9 RTP/SAVPF 0\r\n" + renderIceMediaLines(**ice);
  const auto again = Session::parse(text);
  require(again.ok());
  const auto read = iceOf(*again, again->media().front());
  require(read.ok() && read->has_value());
  require((*read)->credentials.password == (*ice)->credentials.password && (*read)->skipped.empty());
  require((*read)->candidates.size() == (*ice)->candidates.size());
  require((*read)->mode == (*ice)->mode && (*read)->gathering == (*ice)->gathering);
}

void readFragment(std::string_view text) {
  const auto fragment = parseTrickleFragment(text);
  if (!fragment) return;
  require(!fragment->credentials.ufrag.empty());
  for (const auto& section : fragment->sections) require(section.candidates.size() <= kMostCandidates);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  (void)redacted(text);
  readFragment(text);
  const auto session = Session::parse(text);
  if (!session) return 0;
  for (const auto& section : session->media()) {
    rewriteIce(*session, section);
    rewriteDtls(*session, section);
  }
  readAsAnAnswer(*session);
  for (const auto& policy :
       {policyOf(MediaProtection::srtp), policyOf(MediaProtection::none), keyedBy({Keying::dtls}, IceUse::require),
        keyedBy({Keying::dtls, Keying::sdes}, IceUse::accept), keyedBy({Keying::sdes, Keying::dtls}, IceUse::never)}) {
    const auto offer = readOffer(*session, policy);
    if (offer) answerWhatWasOffered(*offer, policy);
  }
  return 0;
}
