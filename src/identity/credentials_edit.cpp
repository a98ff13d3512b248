// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials_edit.h"

#include "core/secret_text.h"
#include "identity/credentials.h"
#include "identity/credentials_file.h"

namespace sallyport::identity {
namespace {

// Only whether it parses counts here: nobody is looked up.
Status check(std::string_view text) {
  const auto store = CredentialStore::parse(text, Secret{crypto::Sha256Digest{}.size()});
  if (!store) return store.error();
  return success();
}

bool isPeer(const CredentialOwner& owner) { return owner.identity.starts_with(kPeerPrefix); }

std::string nameOf(const CredentialOwner& owner) {
  return isPeer(owner) && !owner.username.empty() ? owner.identity + ' ' + owner.username : owner.identity;
}

class Mine {
 public:
  static Result<Mine> of(const CredentialOwner& owner) {
    Mine mine;
    mine.any_username_ = isPeer(owner) && owner.username.empty();
    SP_ASSIGN(mine.subject_, subjectFrom(owner.identity, mine.any_username_ ? "any" : owner.username));
    return mine;
  }
  bool matches(const CredentialLine& line) const {
    if (line.subject.kind != subject_.kind || line.subject.peer != subject_.peer) return false;
    return any_username_ || line.subject.identity == subject_.identity;
  }

 private:
  Subject subject_;
  bool any_username_ = false;
};

}  // namespace

Result<std::vector<CredentialEntry>> listCredentials(std::string_view text) {
  SP_TRY(check(text));
  std::vector<CredentialEntry> entries;
  CredentialLines lines{text};
  for (;;) {
    SP_ASSIGN(const auto line, lines.next());
    if (!line) return entries;
    const bool peer = line->subject.kind == crypto::PeerKind::peer;
    entries.push_back({peer ? std::string{kPeerPrefix} + line->subject.peer + ' ' + line->username : line->username,
                       std::string{line->scram ? kScramKeyword : digestKeyword(line->algorithm)}, line->realm});
  }
}

Result<Secret> withCredentials(std::string_view text, const CredentialOwner& owner, std::string_view lines) {
  SP_TRY(check(text));
  SP_ASSIGN(const auto mine, Mine::of(owner));
  CredentialLines present{text};
  for (;;) {
    SP_ASSIGN(const auto line, present.next());
    if (!line) break;
    if (mine.matches(*line)) {
      return Error{ErrorKind::misconfigured, "identity.credentials.exists", nameOf(owner) + " has credentials already"};
    }
  }
  SecretText grown;
  grown.add(text);
  if (!text.empty() && !text.ends_with('\n')) grown.add("\n");
  grown.add(lines);
  SP_TRY(check(grown.view()));
  return grown.take();
}

Result<Secret> withoutCredentials(std::string_view text, const CredentialOwner& owner) {
  SP_TRY(check(text));
  SP_ASSIGN(const auto mine, Mine::of(owner));
  SecretText kept;
  std::size_t from = 0;  // of what is not yet kept
  CredentialLines lines{text};
  bool found = false;
  for (;;) {
    SP_ASSIGN(const auto line, lines.next());
    if (!line) break;
    if (!mine.matches(*line)) continue;
    const auto at = static_cast<std::size_t>(lines.lastRead().data() - text.data());
    kept.add(text.substr(from, at - from));
    from = at + lines.lastRead().size();
    found = true;
  }
  if (!found) {
    return Error{ErrorKind::misconfigured, "identity.credentials.absent", nameOf(owner) + " has no credentials"};
  }
  kept.add(text.substr(from));
  return kept.take();
}

}  // namespace sallyport::identity
