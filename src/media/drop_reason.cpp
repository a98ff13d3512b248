// SPDX-License-Identifier: Apache-2.0
#include "media/drop_reason.h"

#include <numeric>

namespace sallyport::media {

std::string_view toString(DropReason reason) {
  switch (reason) {
    case DropReason::tooShort: return "too_short";
    case DropReason::tooLong: return "too_long";
    case DropReason::badVersion: return "bad_version";
    case DropReason::malformedHeader: return "malformed_header";
    case DropReason::notMedia: return "not_media";
    case DropReason::wrongChannel: return "wrong_channel";
    case DropReason::badTag: return "bad_tag";
    case DropReason::replayed: return "replayed";
    case DropReason::tooOld: return "too_old";
    case DropReason::unencryptedRtcp: return "unencrypted_rtcp";
    case DropReason::ssrcTableFull: return "ssrc_table_full";
    case DropReason::keyExpired: return "key_expired";
    case DropReason::sourceThrottled: return "source_throttled";
    case DropReason::staleSource: return "stale_source";
    case DropReason::foreignSource: return "foreign_source";
    case DropReason::notReady: return "not_ready";
    case DropReason::directionClosed: return "direction_closed";
    case DropReason::payloadTypeRefused: return "payload_type_refused";
    case DropReason::badPadding: return "bad_padding";
    case DropReason::malformedRtcp: return "malformed_rtcp";
    case DropReason::noDestination: return "no_destination";
    case DropReason::zrtpRefused: return "zrtp_refused";
    case DropReason::beforeAgreement: return "before_agreement";
    case DropReason::inClear: return "in_clear";
    case DropReason::replacedByEvent: return "replaced_by_event";
    case DropReason::transcoded: return "transcoded";
    case DropReason::undecodable: return "undecodable";
    case DropReason::overtaken: return "overtaken";
    case DropReason::rtcpEndsHere: return "rtcp_ends_here";
    case DropReason::indexUsed: return "index_used";
    case DropReason::indexTooOld: return "index_too_old";
    case DropReason::noTailroom: return "no_tailroom";
    case DropReason::cipherFailed: return "cipher_failed";
    case DropReason::sent: break;
  }
  return "sent";
}

std::uint64_t DropCounters::total() const { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}); }

}  // namespace sallyport::media
