// SPDX-License-Identifier: Apache-2.0
#include "media/zrtp/refusal.h"

namespace sallyport::media::zrtp {

const char* codeOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::malformed: return "media.zrtp.malformed";
    case Refusal::throttled: return "media.zrtp.throttled";
    case Refusal::helloHash: return "media.zrtp.hello_hash";
    case Refusal::helloChanged: return "media.zrtp.hello_changed";
    case Refusal::chain: return "media.zrtp.chain";
    case Refusal::changed: return "media.zrtp.changed";
    case Refusal::order: return "media.zrtp.order";
    case Refusal::notOffered: return "media.zrtp.not_offered";
    case Refusal::publicValue: return "media.zrtp.public_value";
    case Refusal::commitment: return "media.zrtp.commitment";
    case Refusal::noSession: return "media.zrtp.no_session";
    case Refusal::goClear: return "media.zrtp.go_clear";
    case Refusal::afterAgreement: return "media.zrtp.after_agreement";
    case Refusal::beforeAgreement: return "media.zrtp.before_agreement";
    case Refusal::notSrtp: return "media.zrtp.not_srtp";
    case Refusal::none: break;
  }
  return "media.zrtp.passed";
}

}  // namespace sallyport::media::zrtp
