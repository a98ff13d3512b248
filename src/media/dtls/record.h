// SPDX-License-Identifier: Apache-2.0
#pragma once
// The record layer of DTLS 1.2 as far as it can be read without keys (RFC 6347 4.1): what a datagram is made of,
// before a TLS library sees any of it. Views into the datagram; no state.

#include <cstdint>
#include <optional>

#include "core/bytes.h"
#include "crypto/dtls_role.h"

namespace sallyport::media {

inline constexpr std::size_t kDtlsRecordHeaderBytes = 13;

enum class DtlsContent : std::uint8_t { changeCipherSpec = 20, alert = 21, handshake = 22, applicationData = 23 };

struct DtlsRecord {
  DtlsContent content = DtlsContent::handshake;
  std::uint16_t epoch = 0;  // 0: in clear, anybody's
  Bytes whole;              // header included
  Bytes fragment;

  bool inClear() const { return epoch == 0; }
};

// The next record of the datagram. Nothing at its end and where what follows is no record.
std::optional<DtlsRecord> nextDtlsRecord(ByteReader& datagram);

bool isClientHello(const DtlsRecord& record);  // or a fragment of one

// Whether a peer in that role may say it in clear: handshake messages of its own, of a length that one has, each piece
// within its message (RFC 6347 4.2.2), or the change of cipher. A session that is shown anything else gives up.
bool isHandshakeOf(crypto::DtlsRole sender, const DtlsRecord& record);

// The description of a fatal alert in clear, or of close_notify; nothing for any other record (RFC 5246 7.2).
std::optional<std::uint8_t> endingAlert(const DtlsRecord& record);

// RFC 7983 7: the first byte tells DTLS from STUN, TURN and SRTP on one port.
constexpr bool isDtls(std::uint8_t first_byte) { return first_byte >= 20 && first_byte <= 63; }

}  // namespace sallyport::media
