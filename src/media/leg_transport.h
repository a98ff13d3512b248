// SPDX-License-Identifier: Apache-2.0
#pragma once
// What shares a leg's port with its voice (RFC 7983): STUN for a lite ICE agent, DTLS for an association. It knows
// where the peer has proven to be and which keys were agreed with it; what may pass is the relay's to say.
//
// DTLS is heard from a pair that ICE has validated, or without ICE from the very address that SDP names. From anybody
// else nothing is answered, and nothing changes. What comes before there is such an address waits for it, a few
// datagrams at most: an answerer's handshake is often faster than its answer (RFC 5763 5).
//
// One per branch of a media session, on its worker's thread. No I/O, no clock: datagrams and time come in, datagrams
// go out. The steady flow of SRTP never comes here.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "media/dtls/association.h"
#include "media/ice/lite_agent.h"

namespace sallyport::media {

class LegTransport {
 public:
  struct Outgoing {
    Endpoint to;
    std::vector<std::uint8_t> datagram;
  };
  struct Association {  // as offer and answer have settled it
    crypto::DtlsSessionSettings settings;
    std::vector<crypto::CertificateFingerprint> announced;  // by the peer; never empty
  };
  struct Counters {
    std::uint64_t foreign_dtls = 0;  // from where nobody has proven to be
    std::uint64_t associations = 0;
  };
  enum class Heard : std::uint8_t { taken, dropped };

  // --- where the peer is ---------------------------------------------------------------------------------
  // What we have described: checks are answered from now on. Where there is an agent, it restarts (RFC 8445 9), and
  // goes on over the pair it has until the peer has found another.
  void openIce(ice::Credentials ours, const Endpoint& host);
  void expectIce(std::string remote_ufrag, TimePoint now);  // of what the peer has described
  void closeIce();                                          // it does not speak it
  void setAddress(const Endpoint& remote) { address_ = remote; }
  bool usesIce() const { return ice_.has_value(); }
  // The last packet of the peer whose tag verified came from there then.
  void onVerified(const Endpoint& source, TimePoint at);
  // What ICE has chosen, by a nomination or without: nothing before, and once the peer's consent has run out (RFC
  // 7675).
  std::optional<Endpoint> path(TimePoint now) const;

  // --- DTLS ----------------------------------------------------------------------------------------------
  // We have offered to be either: a hello is answered, and believed once the peer's description has come (RFC 5763
  // 6.7). Errors: as DtlsAssociation::create().
  Status await(crypto::DtlsSessionSettings server);
  // A new association; the keys of the one before stand until this one has its own (RFC 8842 5.5).
  Status associate(Association association, TimePoint now);
  // Null until there are some. The generation counts the associations that have brought keys.
  const DtlsSrtpKeys* keys() const;
  unsigned generation() const { return generation_; }
  // The handshake of the present association is under way, or not begun.
  bool isHandshaking() const;
  // Why the present association came to nothing, as DtlsAssociation::error().
  const std::optional<Error>& failure() const;
  bool isOver() const;  // it has failed, or the peer has closed it
  // What the holder of the keys has shown in its handshake; nothing before there are some.
  std::optional<crypto::CertificateFingerprint> provenFingerprint() const;
  // Without ICE: where DTLS came from while none came from the address that SDP names.
  std::optional<Endpoint> dtlsElsewhere() const { return ice_ || dtls_source_ ? std::nullopt : foreign_dtls_from_; }

  // --- datagrams and time -----------------------------------------------------------------------------------
  Heard onDatagram(const Endpoint& source, Bytes datagram, TimePoint now);
  void advance(TimePoint now);
  std::optional<TimePoint> deadline() const;  // when advance() has something to do
  std::vector<Outgoing> takeOutgoing() { return std::exchange(outgoing_, {}); }

  const Counters& counters() const { return counters_; }
  ice::StunCounters stun() const { return ice_ ? ice_->counters() : ice::StunCounters{}; }

 private:
  struct Early {
    Endpoint source;
    std::vector<std::uint8_t> datagram;
  };

  Heard onStun(const Endpoint& source, Bytes datagram, TimePoint now);
  Heard onDtls(const Endpoint& source, Bytes datagram, TimePoint now);
  bool hasAddress() const { return !address_.address.isUnspecified() && address_.port != 0; }
  bool isPeer(const Endpoint& source, TimePoint now) const;
  void keepEarly(const Endpoint& source, Bytes datagram);
  void hearEarly(TimePoint now);
  std::optional<Endpoint> dtlsPeer(TimePoint now) const;
  void begin(TimePoint now);
  void flush(TimePoint now);

  std::optional<ice::IceLiteAgent> ice_;
  Endpoint address_;                     // the peer's, in its SDP; unspecified: none
  std::optional<Endpoint> dtls_source_;  // where the last of its DTLS came from
  std::optional<Endpoint> foreign_dtls_from_;
  std::optional<DtlsAssociation> association_;
  unsigned generation_ = 0;
  bool proven_ = false;                    // `association_` is counted in it
  bool awaiting_ = false;                  // `association_` was begun for whoever answers
  std::vector<Early> early_;               // while there is no address, the latest last
  std::optional<DtlsAssociation> former_;  // established, until `association_` is
  std::optional<TimePoint> path_due_;      // when path() may change by itself
  std::vector<Outgoing> outgoing_;
  Counters counters_;
};

}  // namespace sallyport::media
