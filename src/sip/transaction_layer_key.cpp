// SPDX-License-Identifier: Apache-2.0
#include "sip/transaction_layer_key.h"

#include <bit>
#include <cstring>

namespace sallyport::sip {
namespace {

constexpr std::string_view kCookie = "z9hG4bK";
constexpr char kSeparator = '\n';  // no part of a parsed header can hold one

class SipHash13 {
 public:
  explicit SipHash13(const std::array<std::uint64_t, 2>& key)
      : v0_(key[0] ^ 0x736f6d6570736575),
        v1_(key[1] ^ 0x646f72616e646f6d),
        v2_(key[0] ^ 0x6c7967656e657261),
        v3_(key[1] ^ 0x7465646279746573) {}

  void word(std::uint64_t m) {
    v3_ ^= m;
    round();
    v0_ ^= m;
  }
  std::uint64_t finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_, v1_ = std::rotl(v1_, 13) ^ v0_, v0_ = std::rotl(v0_, 32);
    v2_ += v3_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_, v1_ = std::rotl(v1_, 17) ^ v2_, v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

void append(std::string& out, std::string_view part) {
  out.push_back(kSeparator);
  out.append(part);
}

}  // namespace

bool isLegacyBranch(std::string_view branch) { return !branch.starts_with(kCookie) || branch == kCookie; }

void writeServerKey(const Message& request, std::string& out) {
  const Via& via = request.topmostVia();
  const std::string_view branch = via.branch();
  out.clear();
  if (!isLegacyBranch(branch)) {
    out.append(branch);
    append(out, via.sent_by);
  } else {
    out.append("2543");
    append(out, request.callId());
    append(out, request.fromTag());
    append(out, std::to_string(request.cseq()));
    append(out, request.requestUri());
    append(out, via.transport);
    append(out, via.sent_by);
    append(out, via.params.text());
  }
  if (request.method() == Method::other) append(out, request.methodName());
}

std::uint64_t keyedHash(std::string_view text, const std::array<std::uint64_t, 2>& key) {
  SipHash13 hash{key};
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash.word(word);
  }
  std::uint64_t last = 0;
  if (left > 0) std::memcpy(&last, at, left);
  hash.word(last | (std::uint64_t{text.size()} << 56));
  return hash.finish();
}

}  // namespace sallyport::sip
