// SPDX-License-Identifier: Apache-2.0
#pragma once
// A DTLS-SRTP association (RFC 5763, RFC 5764) of one media stream: the handshake with its retransmissions
// (RFC 6347 4.2.4), the comparison of the peer's certificate with what signalling announced, and the keys.
//
// Promises. Keys exist only as DtlsSrtpKeys, and those only after the certificate has been found equal to an
// announced fingerprint, in either role, whether the announcement comes before, during or after the handshake. What is
// in clear may be anybody's, so an alert in clear ends nothing by itself, and what is not DTLS changes nothing. A
// server repeats its flight only while that makes no more than kAmplification times the bytes it has heard. Work per
// second and memory are bounded whatever is sent.
//
// It sees only datagrams of the pair that ICE validated, or of the address that signalling named; its owner sees to
// that. Owned by one media session, on one thread. Reads no clock and owns no socket: the time is passed in,
// datagrams are values.

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/dtls_session.h"
#include "media/srtp.h"

namespace sallyport::media {

// Both directions' keys, agreed with whoever holds the key of the announced certificate.
class DtlsSrtpKeys {
 public:
  const SrtpKeying& send() const { return send_; }
  const SrtpKeying& receive() const { return receive_; }

 private:
  friend class DtlsAssociation;
  DtlsSrtpKeys(SrtpKeying send, SrtpKeying receive) : send_(std::move(send)), receive_(std::move(receive)) {}

  SrtpKeying send_;
  SrtpKeying receive_;
};

enum class DtlsState : std::uint8_t {
  idle,         // a server that has heard nothing, a client not started
  handshaking,  //
  unproven,     // the handshake is complete; nobody has said yet whose certificate it should have been
  established,  // there are keys
  closed,       // by close_notify of the peer, or by close()
  failed,       // error() says why
};

struct DtlsCounters {
  std::uint64_t datagrams = 0;  // received
  std::uint64_t over_budget = 0;
  std::uint64_t malformed = 0;    // not a record of DTLS 1.2, or nothing of use in it; all that changes nothing
  std::uint64_t repetitions = 0;  // flights sent again

  std::uint64_t wasted() const { return over_budget + malformed; }
};

class DtlsAssociation {
 public:
  static constexpr std::chrono::seconds kHandshakeLimit{30};  // from the first flight
  static constexpr std::chrono::seconds kAlertGrace{2};       // how long an alert in clear must go uncontradicted
  static constexpr unsigned kDatagramsPerSecond = 64;
  static constexpr std::size_t kBytesPerSecond = 64 * 1024;
  static constexpr std::size_t kAmplification = 5;

  // A passive side is a server, an active one a client (RFC 5763 5). Errors: as of crypto::DtlsSession::create().
  static Result<DtlsAssociation> create(crypto::DtlsSessionSettings settings);

  // A client's first flight. For a server it does nothing: its peer begins.
  void start(TimePoint now);
  void onDatagram(Bytes datagram, TimePoint now);
  void onTime(TimePoint now);
  std::optional<TimePoint> deadline() const;  // when onTime() has something to do
  std::vector<crypto::Datagram> takeOutgoing() { return std::exchange(outgoing_, {}); }
  void close();  // says close_notify where there is somebody to hear it

  // What signalling says of the peer's certificate; never empty. The same again is nothing new. Error:
  // dtls.fingerprint.changed (peerMisbehaved): another certificate is another association (RFC 8842 4). A certificate
  // that was shown before and is none of these fails the association.
  Status announce(std::vector<crypto::CertificateFingerprint> fingerprints);

  DtlsState state() const { return state_; }
  // While failed: those of crypto::DtlsSession::receive(), dtls.timeout, dtls.alert (both unavailable).
  const std::optional<Error>& error() const { return error_; }
  const DtlsSrtpKeys* keys() const { return keys_ ? &*keys_ : nullptr; }  // while established
  const DtlsCounters& counters() const { return counters_; }
  // For the evidence: what the peer has shown, and what was agreed.
  std::optional<crypto::CertificateFingerprint> shownFingerprint() const;
  crypto::TlsSessionFacts facts() const { return session_->facts(); }

 private:
  struct Heard {
    std::vector<std::uint8_t> records;  // what the session is to see
    bool last_flight_in_clear = false;  // or what is of that kind: a hello is not
  };
  struct Alert {
    std::uint8_t description;
    TimePoint believed_at;
  };

  DtlsAssociation(std::unique_ptr<crypto::DtlsSession> session, crypto::DtlsSessionSettings settings);
  bool withinBudget(std::size_t bytes, TimePoint now);
  Heard sift(Bytes datagram, TimePoint now);
  void onProgress(const Status& outcome, TimePoint now);
  bool forgets(const Status& outcome);
  void repeat(TimePoint now);
  void answerRepetition(std::size_t bytes_asked_with);
  void queue(std::vector<crypto::Datagram> flight);
  bool shownIsAnnounced() const;
  void prove();
  void fail(Error error);
  void end(DtlsState state);
  bool over() const { return state_ == DtlsState::closed || state_ == DtlsState::failed; }

  std::unique_ptr<crypto::DtlsSession> session_;
  crypto::DtlsSessionSettings settings_;
  DtlsState state_ = DtlsState::idle;
  std::vector<crypto::CertificateFingerprint> announced_;
  std::optional<DtlsSrtpKeys> keys_;
  std::optional<Error> error_;
  std::vector<crypto::Datagram> outgoing_;
  DtlsCounters counters_;

  std::chrono::microseconds timeout_{0};
  std::optional<TimePoint> repeat_at_;
  std::optional<TimePoint> give_up_at_;
  std::optional<Alert> alert_;
  unsigned answered_repetitions_ = 0;

  TimePoint second_began_;
  unsigned datagrams_this_second_ = 0;
  std::size_t bytes_this_second_ = 0;
  std::size_t bytes_heard_ = 0;
  std::size_t bytes_sent_ = 0;
};

}  // namespace sallyport::media
