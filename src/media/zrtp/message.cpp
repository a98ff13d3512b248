// SPDX-License-Identifier: Apache-2.0
#include "media/zrtp/message.h"

#include <algorithm>

#include "media/zrtp/crc32c.h"

namespace sallyport::media::zrtp {
namespace {

constexpr std::uint16_t kFirstBits = 0x1000;  // 0001, and twelve bits that are zero
constexpr std::uint16_t kPreamble = 0x505A;
constexpr std::size_t kWord = 4;
constexpr std::size_t kFixedWords = 3;  // preamble, length and type

// Lengths in words, the first three included (RFC 6189 5.2-5.16).
constexpr std::size_t kHelloWords = 22;   // without the names of algorithms
constexpr std::size_t kDhPartWords = 21;  // without the public value
constexpr std::size_t kLongestMessage = (kLongestPacket - kHeaderBytes - kChecksumBytes) / kWord;

struct TypeFacts {
  std::string_view name;  // eight characters, blanks at the end
  std::size_t least_words;
  std::size_t most_words;
};

constexpr std::array<TypeFacts, kTypes> kFacts{{
    {"Hello   ", kHelloWords, kHelloWords + std::size_t{5} * 7},
    {"HelloACK", 3, 3},
    {"Commit  ", 25, 29},
    {"DHPart1 ", kDhPartWords + 8, kLongestMessage},
    {"DHPart2 ", kDhPartWords + 8, kLongestMessage},
    {"Confirm1", 19, kLongestMessage},
    {"Confirm2", 19, kLongestMessage},
    {"Conf2ACK", 3, 3},
    {"Error   ", 4, 4},
    {"ErrorACK", 3, 3},
    {"GoClear ", 5, 5},
    {"ClearACK", 3, 3},
    {"SASrelay", 19, kLongestMessage},
    {"RelayACK", 3, 3},
    {"Ping    ", 6, 6},
    {"PingACK ", 9, 9},
}};

Error misbehaved(const char* code) { return {ErrorKind::peerMisbehaved, code, {}}; }

std::string_view textOf(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::optional<Type> typeOf(std::string_view name) {
  const auto* found = std::find_if(kFacts.begin(), kFacts.end(), [&](const auto& facts) { return facts.name == name; });
  if (found == kFacts.end()) return std::nullopt;
  return static_cast<Type>(found - kFacts.begin());
}

// The message is long enough for every field that is of one size; kFacts says so.
Bytes field(Bytes message, std::size_t word, std::size_t words) { return message.subspan(word * kWord, words * kWord); }
HashView hashAt(Bytes message, std::size_t word) { return field(message, word, 8).first<kHashBytes>(); }
Zid zidAt(Bytes message, std::size_t word) { return field(message, word, 3).first<12>(); }
Algorithm nameAt(Bytes message, std::size_t word) { return textOf(field(message, word, 1)); }

// RFC 6189 5.4: three layouts, told apart by the name of the key agreement.
Result<Commit> readCommit(Bytes message) {
  Commit commit{.h2 = hashAt(message, 3),
                .zid = zidAt(message, 11),
                .hash = nameAt(message, 14),
                .cipher = nameAt(message, 15),
                .auth_tag = nameAt(message, 16),
                .agreement = nameAt(message, 17),
                .sas_type = nameAt(message, 18),
                .mode = Mode::diffieHellman,
                .hvi = {}};
  if (commit.agreement == "Mult") commit.mode = Mode::multistream;
  if (commit.agreement == "Prsh") commit.mode = Mode::preshared;
  const std::size_t words = commit.mode == Mode::multistream ? 25 : commit.mode == Mode::preshared ? 27 : 29;
  if (message.size() != words * kWord) return misbehaved("media.zrtp.length");
  if (commit.mode == Mode::diffieHellman) commit.hvi = field(message, 19, 8);
  return commit;
}

DhPart readDhPart(Bytes message) {
  const auto value_at = (kDhPartWords - 2) * kWord;
  return {hashAt(message, 3), message.subspan(value_at, message.size() - value_at - kMacBytes)};
}

Status readBody(Packet& packet) {
  switch (packet.type) {
    case Type::hello: {
      SP_ASSIGN(packet.body, readHello(packet.message));
      break;
    }
    case Type::commit: {
      SP_ASSIGN(packet.body, readCommit(packet.message));
      break;
    }
    case Type::dhPart1:
    case Type::dhPart2: packet.body = readDhPart(packet.message); break;
    case Type::error: packet.body = ErrorMessage{loadBe32(&packet.message[kFixedWords * kWord])}; break;
    default: break;
  }
  return success();
}

}  // namespace

std::string_view toString(Type type) {
  const auto name = kFacts[static_cast<std::size_t>(type)].name;
  return name.substr(0, name.find(' '));
}

Algorithm AlgorithmList::at(std::size_t index) const { return textOf(names_.subspan(index * 4, 4)); }

bool AlgorithmList::has(Algorithm name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (at(i) == name) return true;
  }
  return false;
}

Result<Packet> parse(Bytes datagram) {
  if (datagram.size() < kHeaderBytes + kFixedWords * kWord + kChecksumBytes) return misbehaved("media.zrtp.too_short");
  if (datagram.size() > kLongestPacket) return misbehaved("media.zrtp.too_long");
  if (loadBe16(datagram.data()) != kFirstBits || loadBe32(&datagram[4]) != kMagicCookie) {
    return misbehaved("media.zrtp.not_zrtp");
  }
  const auto covered = datagram.first(datagram.size() - kChecksumBytes);
  if (loadBe32(covered.data() + covered.size()) != crc32c(covered)) return misbehaved("media.zrtp.checksum");

  Packet packet;
  packet.sequence = loadBe16(&datagram[2]);
  packet.ssrc = loadBe32(&datagram[8]);
  packet.message = covered.subspan(kHeaderBytes);
  const std::size_t words = loadBe16(&packet.message[2]);
  if (loadBe16(packet.message.data()) != kPreamble) return misbehaved("media.zrtp.not_zrtp");
  if (packet.message.size() != words * kWord) return misbehaved("media.zrtp.length");
  const auto type = typeOf(textOf(field(packet.message, 1, 2)));
  if (!type) return misbehaved("media.zrtp.type");
  packet.type = *type;
  const auto& facts = kFacts[static_cast<std::size_t>(*type)];
  if (words < facts.least_words || words > facts.most_words) return misbehaved("media.zrtp.length");
  SP_TRY(readBody(packet));
  return packet;
}

// RFC 6189 5.2. The version's last digit is of no meaning (4.1.1).
Result<Hello> readHello(Bytes message) {
  if (message.size() < kHelloWords * kWord) return misbehaved("media.zrtp.length");
  if (nameAt(message, 3).substr(0, 3) != "1.1") return misbehaved("media.zrtp.version");
  Hello hello{.client = textOf(field(message, 4, 4)),
              .h3 = hashAt(message, 8),
              .zid = zidAt(message, 16),
              .hashes = {},
              .ciphers = {},
              .auth_tags = {},
              .agreements = {},
              .sas_types = {}};
  const auto counts = loadBe32(&message[19 * kWord]);
  std::size_t word = 20;
  for (auto [list, shift] : {std::pair{&hello.hashes, 16},
                             {&hello.ciphers, 12},
                             {&hello.auth_tags, 8},
                             {&hello.agreements, 4},
                             {&hello.sas_types, 0}}) {
    const std::size_t count = counts >> shift & 0xF;
    if (count > 7 || (word + count) * kWord + kMacBytes > message.size()) return misbehaved("media.zrtp.length");
    *list = AlgorithmList{field(message, word, count)};
    word += count;
  }
  if (word * kWord + kMacBytes != message.size()) return misbehaved("media.zrtp.length");
  return hello;
}

std::optional<std::size_t> publicValueBytes(Algorithm agreement) {
  struct Size {
    Algorithm name;
    std::size_t bytes;
  };
  static constexpr std::array<Size, 7> kSizes{
      {{"DH2k", 256}, {"DH3k", 384}, {"EC25", 64}, {"EC38", 96}, {"EC52", 132}, {"X255", 32}, {"X448", 56}}};
  const auto* found = std::find_if(kSizes.begin(), kSizes.end(), [&](const auto& s) { return s.name == agreement; });
  return found == kSizes.end() ? std::nullopt : std::optional{found->bytes};
}

std::size_t authTagBytes(Algorithm auth_tag) { return auth_tag == "HS80" ? 10 : auth_tag == "SK64" ? 8 : 4; }

}  // namespace sallyport::media::zrtp
