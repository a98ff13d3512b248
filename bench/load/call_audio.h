// SPDX-License-Identifier: Apache-2.0
#pragma once
// The SDP of one side of a generated call: one PCMU stream, one SRTP suite, fresh keys.

#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "core/result.h"
#include "media/srtp.h"
#include "sdp/offer_answer.h"

namespace sallyport::load {

// Both keys and the other side's address, once offer and answer are known.
struct AgreedAudio {
  Endpoint remote;
  media::SrtpKeying send, receive;
};

class CallAudio {
 public:
  CallAudio(const Endpoint& rtp, crypto::SrtpSuite suite);

  std::string offer() const { return sdp::renderOffer(local_); }
  Result<AgreedAudio> accept(std::string_view answer) const;

  struct Answered {
    std::string body;
    AgreedAudio audio;
  };
  Result<Answered> answer(std::string_view offer);

 private:
  sdp::LocalAudio local_;
};

}  // namespace sallyport::load
