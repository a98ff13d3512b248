// SPDX-License-Identifier: Apache-2.0
#pragma once
// One ZRTP exchange (RFC 6189 4) as a third party sees it: which message may follow which, and whether the messages of
// a side are all of the one that sent its Hello.
//
// What can be checked without keys is the hash chain of section 9. A Hello carries H3, a Commit H2 and a DHPart H1,
// each the hash of the next, and the preimage keys the MAC of the message before. So a revealed value proves that the
// Hello (by H2), the Commit (by H1) and with it the commitment hvi to DHPart2 and the responder's Hello come from
// whoever made the chain. H0 travels encrypted: the MACs of the DHParts and what Confirm1 and Confirm2 say are the two
// ends' to verify. In Preshared and Multistream mode H1 does not travel in clear either.
//
// Owned by a Guard, same thread. No I/O, no clock.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "media/diagnosis.h"
#include "media/zrtp/message.h"
#include "media/zrtp/refusal.h"

namespace sallyport::media::zrtp {

// What the Commit of the initiator chose.
struct Agreement {
  Side initiator = Side::a;
  Mode mode = Mode::diffieHellman;
  std::string hash, cipher, auth_tag, agreement, sas_type;  // as on the wire, without blanks
};

enum class Session : std::uint8_t { fresh, keyed };  // keyed: an earlier exchange of the call is over

class Handshake {
 public:
  explicit Handshake(Session session) : session_(session) {}

  // Refusal::none: it may pass, and counts as seen.
  Refusal judge(Side from, const Packet& packet);

  // Another Hello of that side is not refused any more. It begins the exchange anew.
  void expectAnotherHello(Side side) { at(side).may_change = true; }
  // The side's Hello, and with it the exchange, is of the past.
  void forgetHello(Side side);

  bool has(Side side) const { return !at(side).hello.empty(); }
  crypto::Sha256Digest helloHash(Side side) const { return crypto::sha256(at(side).hello); }
  bool complete() const { return acknowledged_; }
  const Agreement& agreement() const { return *agreement_; }  // when complete

 private:
  struct KeptCommit {
    std::vector<std::uint8_t> message;
    std::array<std::uint8_t, kHashBytes> h2{};
    std::vector<std::uint8_t> hvi;
    Agreement choice;
  };
  struct End {
    std::vector<std::uint8_t> hello;  // messages, from the preamble on
    bool may_change = false;
    std::optional<KeptCommit> commit;
    std::optional<crypto::Sha256Digest> dh_part;
    bool erred = false;
  };

  Refusal onHello(Side from, const Packet& packet);
  Refusal onCommit(Side from, const Packet& packet, const Commit& commit);
  Refusal onDhPart1(Side from, const Packet& packet, const DhPart& part);
  Refusal onDhPart2(Side from, const Packet& packet, const DhPart& part);
  Refusal onConfirm1(Side from);
  Refusal onConfirm2(Side from);
  Refusal onConf2Ack(Side from);
  bool isOfHello(Side side, HashView h2) const;
  bool keepsCommitment(Side initiator, const Packet& dh_part2) const;
  void beginAnew();

  End& at(Side side) { return ends_[side == Side::a ? 0 : 1]; }
  const End& at(Side side) const { return ends_[side == Side::a ? 0 : 1]; }

  Session session_;
  std::array<End, 2> ends_;
  std::optional<Side> responder_;
  bool confirmed1_ = false, confirmed2_ = false, acknowledged_ = false;
  std::optional<Agreement> agreement_;
};

}  // namespace sallyport::media::zrtp
