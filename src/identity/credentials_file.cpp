// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials_file.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/secret_text.h"
#include "crypto/encoding.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::identity {
namespace {

constexpr std::size_t kMostFields = 6;
constexpr std::size_t kLongestWord = 255;
constexpr std::array kAlgorithms{DigestAlgorithm::sha256, DigestAlgorithm::sha512_256, DigestAlgorithm::md5};

using Fields = std::vector<std::string_view>;

Fields fieldsOf(std::string_view line) {
  constexpr std::string_view kBlank = " \t";
  Fields fields;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    if (line.empty() || fields.size() > kMostFields) return fields;
    const auto end = line.find_first_of(kBlank);
    fields.push_back(line.substr(0, end));
    line.remove_prefix(fields.back().size());
  }
}

std::optional<DigestAlgorithm> algorithmOf(std::string_view keyword) {
  for (const auto algorithm : kAlgorithms) {
    if (keyword == digestKeyword(algorithm)) return algorithm;
  }
  return std::nullopt;
}

std::optional<Secret> hashFrom(std::string_view text, DigestAlgorithm algorithm) {
  auto bytes = crypto::fromHex(text);
  if (!bytes) return std::nullopt;
  Secret hash{Bytes{*bytes}};
  cleanse(*bytes);
  if (hash.size() != digestBytes(algorithm)) return std::nullopt;
  return hash;
}

Error misconfigured(const char* code, std::string detail = {}) {
  return {ErrorKind::misconfigured, code, std::move(detail)};
}

// What stands behind the algorithm's word: the realm and one hash, or a device's two.
Status readDigest(std::span<const std::string_view> fields, CredentialLine& line) {
  const bool device = line.subject.kind == crypto::PeerKind::device;
  if (device && line.algorithm == DigestAlgorithm::md5) return misconfigured("identity.credentials.md5");
  if (fields.size() < 2 || fields.size() > (device ? 3 : 2)) return misconfigured("identity.credentials.fields");
  if (!isPlainWord(fields[0])) return misconfigured("identity.credentials.realm");
  line.realm = fields[0];
  auto user_hash = hashFrom(fields[1], line.algorithm);
  auto full_hash = fields.size() == 3 ? hashFrom(fields[2], line.algorithm) : Secret{};
  if (!user_hash || !full_hash) return misconfigured("identity.credentials.hash");
  line.user_hash = *std::move(user_hash);
  line.full_hash = *std::move(full_hash);
  return success();
}

Status readScram(std::span<const std::string_view> fields, CredentialLine& line) {
  if (fields.size() != 1) return misconfigured("identity.credentials.fields");
  auto verifier = parseScramVerifier(fields[0]);
  if (!verifier) return misconfigured("identity.credentials.scram");
  line.scram = *std::move(verifier);
  return success();
}

Result<CredentialLine> readLine(std::span<const std::string_view> fields) {
  const bool peer = fields.front().starts_with(kPeerPrefix);
  const std::size_t before_keyword = peer ? 2 : 1;
  if (fields.size() < before_keyword + 2 || fields.size() > kMostFields) {
    return misconfigured("identity.credentials.fields");
  }
  CredentialLine line;
  SP_ASSIGN(line.subject, subjectFrom(fields[0], peer ? fields[1] : std::string_view{}));
  line.username = peer ? std::string{fields[1]} : line.subject.identity;
  const auto keyword = fields[before_keyword];
  const auto rest = fields.subspan(before_keyword + 1);
  if (keyword == kScramKeyword) {
    SP_TRY(readScram(rest, line));
    return line;
  }
  const auto algorithm = algorithmOf(keyword);
  if (!algorithm) return misconfigured("identity.credentials.kind");
  line.algorithm = *algorithm;
  SP_TRY(readDigest(rest, line));
  return line;
}

}  // namespace

Result<Subject> subjectFrom(std::string_view identity, std::string_view username) {
  if (identity.starts_with(kPeerPrefix)) {
    const auto name = identity.substr(kPeerPrefix.size());
    if (!isPlainWord(name) || name == crypto::kDevicePeerName) return misconfigured("identity.credentials.identity");
    if (!isPlainWord(username)) return misconfigured("identity.credentials.username");
    return Subject{crypto::PeerKind::peer, std::string{name}, peerIdentity(username)};
  }
  auto device = deviceIdentityFrom(identity);
  if (!device) return misconfigured("identity.credentials.identity");
  return Subject{crypto::PeerKind::device, std::string{crypto::kDevicePeerName}, *std::move(device)};
}

std::string lowered(std::string_view text) {
  std::string out{text};
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

std::string peerIdentity(std::string_view username) { return "digest:" + std::string{username}; }

std::optional<std::string> deviceIdentityFrom(std::string_view text) {
  if (text.size() > kLongestWord || text.find('%') != std::string_view::npos) return std::nullopt;
  const std::string as_uri = "sip:" + std::string{text};
  const auto uri = sip::Uri::parse(as_uri);
  if (!uri || uri->user.empty() || uri->user.size() + 1 + uri->host.size() != text.size()) return std::nullopt;
  return std::string{uri->user} + '@' + lowered(uri->host);
}

bool isPlainWord(std::string_view text) {
  const auto plain = [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  return !text.empty() && text.size() <= kLongestWord && std::all_of(text.begin(), text.end(), plain);
}

std::string_view digestKeyword(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::sha256: return "digest-sha-256";
    case DigestAlgorithm::sha512_256: return "digest-sha-512-256";
    case DigestAlgorithm::md5: return "digest-md5";
  }
  return "";
}

Error CredentialLines::error(const char* code) const { return misconfigured(code, "line " + std::to_string(number_)); }

Result<std::optional<CredentialLine>> CredentialLines::next() {
  while (!rest_.empty()) {
    const auto end = std::min(rest_.find('\n'), rest_.size());
    auto line = rest_.substr(0, end);
    last_ = rest_.substr(0, end + 1);
    rest_.remove_prefix(last_.size());
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto fields = fieldsOf(line);
    if (fields.empty() || fields.front().starts_with('#')) continue;
    auto read = readLine(fields);
    if (!read) return error(read.error().code);
    return std::optional{*std::move(read)};
  }
  return std::optional<CredentialLine>{};
}

Result<Secret> credentialLines(const CredentialRequest& request, const Secret& password) {
  if (password.empty() || password.size() > crypto::kLongestPassword) {
    return misconfigured("identity.credentials.password", "1 to 256 bytes");
  }
  SP_ASSIGN(const auto subject, subjectFrom(request.identity, request.username));
  const bool device = subject.kind == crypto::PeerKind::device;
  const auto username = device ? subject.identity.substr(0, subject.identity.rfind('@')) : request.username;
  const auto whose = device ? subject.identity : request.identity + ' ' + username;
  SecretText lines;
  for (const auto algorithm : request.digests) {
    if (!isPlainWord(request.realm)) return misconfigured("identity.credentials.realm");
    if (device && algorithm == DigestAlgorithm::md5) return misconfigured("identity.credentials.md5");
    const auto hash = [&](std::string_view name) {
      return crypto::toHex(Ha1::of(algorithm, name, request.realm, password).bytes.bytes());
    };
    lines.add(whose).add(" ").add(digestKeyword(algorithm)).add(" ").add(request.realm);
    lines.add(" ").addWiped(hash(username));
    if (device) lines.add(" ").addWiped(hash(subject.identity));
    lines.add("\n");
  }
  if (request.scram_iterations == 0) return lines.take();
  std::string salt(kScramSaltBytes, '\0');
  crypto::fillRandom({reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()});
  SP_ASSIGN(const auto verifier, makeScramVerifier(textOf(password), request.scram_iterations, salt));
  lines.add(whose).add(" ").add(kScramKeyword).add(" ").add(textOf(textOf(verifier))).add("\n");
  return lines.take();
}

}  // namespace sallyport::identity
