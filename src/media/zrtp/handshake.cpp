// SPDX-License-Identifier: Apache-2.0
#include "media/zrtp/handshake.h"

#include <algorithm>

namespace sallyport::media::zrtp {
namespace {

bool same(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

std::vector<std::uint8_t> kept(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

std::string trimmed(Algorithm name) { return std::string{name.substr(0, name.find_last_not_of(' ') + 1)}; }

// RFC 6189 9: HMAC-SHA-256 whatever was negotiated, truncated; over everything before it.
bool isMacRight(Bytes key, Bytes message) {
  const auto mac = crypto::hmacSha256(key, message.first(message.size() - kMacBytes));
  return same(Bytes{mac}.first(kMacBytes), message.last(kMacBytes));
}

// RFC 6189 5.1.2-5.1.6: what everybody speaks need not be named, and Multistream needs no name.
bool isKnownTo(const Hello& hello, const Commit& commit) {
  const auto among = [](const AlgorithmList& list, Algorithm name, std::initializer_list<Algorithm> mandatory) {
    return list.has(name) || std::find(mandatory.begin(), mandatory.end(), name) != mandatory.end();
  };
  return among(hello.hashes, commit.hash, {"S256"}) && among(hello.ciphers, commit.cipher, {"AES1"}) &&
         among(hello.auth_tags, commit.auth_tag, {"HS32", "HS80"}) &&
         among(hello.agreements, commit.agreement, {"DH3k", "Mult"}) &&
         among(hello.sas_types, commit.sas_type, {"B32 "});
}

}  // namespace

Refusal Handshake::judge(Side from, const Packet& packet) {
  const auto answers = [](bool seen) { return seen ? Refusal::none : Refusal::order; };
  switch (packet.type) {
    case Type::hello: return onHello(from, packet);
    case Type::helloAck: return answers(has(opposite(from)));
    case Type::commit: return onCommit(from, packet, std::get<Commit>(packet.body));
    case Type::dhPart1: return onDhPart1(from, packet, std::get<DhPart>(packet.body));
    case Type::dhPart2: return onDhPart2(from, packet, std::get<DhPart>(packet.body));
    case Type::confirm1: return onConfirm1(from);
    case Type::confirm2: return onConfirm2(from);
    case Type::conf2Ack: return onConf2Ack(from);
    case Type::error:
      if (complete()) return Refusal::afterAgreement;
      at(from).erred = true;
      return Refusal::none;
    case Type::errorAck: return answers(at(opposite(from)).erred);
    case Type::goClear:
    case Type::clearAck: return Refusal::goClear;
    case Type::sasRelay:
    case Type::relayAck: return answers(complete());
    case Type::ping:
    case Type::pingAck: return Refusal::none;
  }
  return Refusal::malformed;
}

void Handshake::beginAnew() {
  if (complete()) session_ = Session::keyed;
  for (auto& end : ends_) {
    end.commit.reset();
    end.dh_part.reset();
    end.erred = false;
  }
  responder_.reset();
  agreement_.reset();
  confirmed1_ = confirmed2_ = acknowledged_ = false;
}

void Handshake::forgetHello(Side side) {
  at(side).hello.clear();
  at(side).may_change = false;
  beginAnew();
}

Refusal Handshake::onHello(Side from, const Packet& packet) {
  auto& end = at(from);
  if (same(end.hello, packet.message)) return Refusal::none;
  if (!end.hello.empty()) {
    if (!end.may_change) return Refusal::helloChanged;
    forgetHello(from);
  }
  end.hello = kept(packet.message);
  return Refusal::none;
}

// A Hello was kept only from a packet that could be parsed; its H3 and MAC stand where they always do.
bool Handshake::isOfHello(Side side, HashView h2) const {
  const Bytes hello = at(side).hello;
  return !hello.empty() && same(crypto::sha256(h2), hello.subspan(32, kHashBytes)) && isMacRight(h2, hello);
}

Refusal Handshake::onCommit(Side from, const Packet& packet, const Commit& commit) {
  auto& end = at(from);
  if (end.commit) return same(end.commit->message, packet.message) ? Refusal::none : Refusal::changed;
  if (!has(opposite(from)) || responder_) return Refusal::order;
  if (!isOfHello(from, commit.h2)) return Refusal::chain;
  if (!same(Bytes{end.hello}.subspan(64, commit.zid.size()), commit.zid)) return Refusal::chain;
  for (const auto& each : ends_) {
    const auto hello = readHello(each.hello);
    if (!hello || !isKnownTo(*hello, commit)) return Refusal::notOffered;
  }
  if (commit.mode == Mode::multistream && session_ == Session::fresh) return Refusal::noSession;
  KeptCommit keep;
  keep.message = kept(packet.message);
  std::copy(commit.h2.begin(), commit.h2.end(), keep.h2.begin());
  keep.hvi = kept(commit.hvi);
  keep.choice = {from,
                 commit.mode,
                 trimmed(commit.hash),
                 trimmed(commit.cipher),
                 trimmed(commit.auth_tag),
                 trimmed(commit.agreement),
                 trimmed(commit.sas_type)};
  end.commit = std::move(keep);
  return Refusal::none;
}

// Both ends may have sent a Commit; whoever answers the other's with this is the responder (RFC 6189 4.2).
Refusal Handshake::onDhPart1(Side from, const Packet& packet, const DhPart& part) {
  auto& end = at(from);
  const auto digest = crypto::sha256(packet.message);
  if (end.dh_part) return *end.dh_part == digest ? Refusal::none : Refusal::changed;
  const auto& asked = at(opposite(from)).commit;
  if (!asked || asked->choice.mode != Mode::diffieHellman || responder_) return Refusal::order;
  const auto h2 = crypto::sha256(part.h1);
  if (!isOfHello(from, h2)) return Refusal::chain;
  if (end.commit && (!same(end.commit->h2, h2) || !isMacRight(part.h1, end.commit->message))) return Refusal::chain;
  const auto size = publicValueBytes(asked->choice.agreement);
  if (size && *size != part.public_value.size()) return Refusal::publicValue;
  end.dh_part = digest;
  responder_ = from;
  return Refusal::none;
}

Refusal Handshake::onDhPart2(Side from, const Packet& packet, const DhPart& part) {
  auto& end = at(from);
  const auto digest = crypto::sha256(packet.message);
  if (end.dh_part) return *end.dh_part == digest ? Refusal::none : Refusal::changed;
  if (responder_ != opposite(from) || !end.commit) return Refusal::order;
  if (!same(end.commit->h2, crypto::sha256(part.h1)) || !isMacRight(part.h1, end.commit->message)) {
    return Refusal::chain;
  }
  const auto size = publicValueBytes(end.commit->choice.agreement);
  if (size && *size != part.public_value.size()) return Refusal::publicValue;
  if (!keepsCommitment(from, packet)) return Refusal::commitment;
  end.dh_part = digest;
  return Refusal::none;
}

// RFC 6189 4.4.1.1: hvi is the negotiated hash of DHPart2 and the responder's Hello, its first 256 bits. Under a hash
// that is not known here only the ends can tell.
bool Handshake::keepsCommitment(Side initiator, const Packet& dh_part2) const {
  const auto& commit = *at(initiator).commit;
  auto committed = kept(dh_part2.message);
  const auto& hello = at(opposite(initiator)).hello;
  committed.insert(committed.end(), hello.begin(), hello.end());
  if (commit.choice.hash == "S256") return same(commit.hvi, crypto::sha256(committed));
  if (commit.choice.hash == "S384") return same(commit.hvi, Bytes{crypto::sha384(committed)}.first(kHashBytes));
  return true;
}

// With Diffie-Hellman the answer to DHPart2, else to the Commit itself (RFC 6189 4.4.2, 4.4.3).
Refusal Handshake::onConfirm1(Side from) {
  const auto initiator = opposite(from);
  const auto& asked = at(initiator).commit;
  if (!asked || (responder_ && *responder_ != from)) return Refusal::order;
  if (asked->choice.mode == Mode::diffieHellman && !at(initiator).dh_part) return Refusal::order;
  responder_ = from;
  confirmed1_ = true;
  return Refusal::none;
}

Refusal Handshake::onConfirm2(Side from) {
  if (!confirmed1_ || responder_ != opposite(from)) return Refusal::order;
  confirmed2_ = true;
  return Refusal::none;
}

Refusal Handshake::onConf2Ack(Side from) {
  if (!confirmed2_ || responder_ != from) return Refusal::order;
  acknowledged_ = true;
  agreement_ = at(opposite(from)).commit->choice;
  return Refusal::none;
}

}  // namespace sallyport::media::zrtp
