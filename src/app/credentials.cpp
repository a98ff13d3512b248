// SPDX-License-Identifier: Apache-2.0
// Passwords on the command line: `sallyport credentials`. What is written are verifiers; the file is replaced whole
// or not at all, and one command at a time changes it.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

#include "app/commands.h"
#include "call/policy.h"
#include "config/load.h"
#include "core/secret_text.h"
#include "crypto/password.h"
#include "crypto/pem_file.h"
#include "identity/credentials.h"
#include "identity/credentials_edit.h"
#include "pki/durable_file.h"

namespace sallyport::app {
namespace {

using What = CredentialsCommand::What;

constexpr std::string_view kPeerPrefix = "peer:";
constexpr mode_t kOwnerOnly = 0600;
constexpr std::string_view kFirstLine =
    "# Verifiers of passwords, written by `sallyport credentials`; docs/credentials.md says what they are.\n";

Error misconfigured(const char* code, std::string detail) {
  return {ErrorKind::misconfigured, code, std::move(detail)};
}

std::string_view codeOf(const Error& error) { return error.code; }

// The file itself where the configuration names a link to it: a link is not replaced by a file.
Result<Path> fileOf(const config::Config& config) {
  if (!config.devices || !config.devices->credentials) {
    return misconfigured("app.credentials.unset", config.file.string() +
                                                      ": [devices] names no file; credentials = \"devices.credentials\""
                                                      " puts one beside the configuration");
  }
  std::error_code failed;
  const auto& named = *config.devices->credentials;
  auto file = std::filesystem::weakly_canonical(named, failed);
  return failed ? named : file;
}

// Whom the command means: a name without a domain is of the devices'.
Result<identity::CredentialOwner> ownerOf(const CredentialsCommand& command, const config::Config& config) {
  identity::CredentialOwner owner{command.whose, command.username};
  if (owner.identity.starts_with(kPeerPrefix)) {
    const auto name = owner.identity.substr(kPeerPrefix.size());
    // Of a peer that is gone what it had can still be taken away.
    if (command.what == What::add && config.peer(name) == nullptr) {
      return misconfigured("app.credentials.peer", "there is no [[peer]] '" + name + "'");
    }
    if (command.what == What::add && owner.username.empty()) {
      return misconfigured("app.credentials.username", "--username says what " + owner.identity + " calls itself");
    }
    return owner;
  }
  if (!owner.username.empty()) {
    return misconfigured("app.credentials.username", "--username is a peer's; a device's is its name");
  }
  if (owner.identity.find('@') == std::string::npos) owner.identity += '@' + config.devices->domain;
  auto domain = owner.identity.substr(owner.identity.rfind('@') + 1);
  std::transform(domain.begin(), domain.end(), domain.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c | 32 : c; });
  const auto& ours = config.edge.domains;
  if (command.what == What::add && domain != config.devices->domain &&
      std::find(ours.begin(), ours.end(), domain) == ours.end()) {
    return misconfigured("app.credentials.domain", "'" + domain + "' is no domain of ours: see 'domains' in [edge]");
  }
  return owner;
}

identity::CredentialRequest requestFor(const identity::CredentialOwner& owner, const config::Config& config) {
  identity::CredentialRequest request;
  request.identity = owner.identity;
  request.username = owner.username;
  request.realm = config.devices->realm.empty() ? config.devices->domain : config.devices->realm;
  if (!owner.identity.starts_with(kPeerPrefix)) return request;
  request.digests.clear();
  for (const auto algorithm : config.peer(owner.identity.substr(kPeerPrefix.size()))->policy.digest_algorithms) {
    request.digests.push_back(call::algorithmOf(algorithm));
  }
  return request;
}

// What the file holds; nothing where there is none yet.
Result<Secret> contentOf(const Path& file) {
  auto content = crypto::readPemFile(file, crypto::Readers::ownerOnly);
  if (content || codeOf(content.error()) != "crypto.file.missing") return content;
  return Secret{};
}

Error within(Error error, const Path& file) {
  error.detail = file.string() + ": " + error.detail;
  return error;
}

// A new file is the edge's to read, whoever made it; an old one keeps its owner.
Status write(const config::Config& config, const Path& file, const Secret& content) {
  std::error_code failed;
  const bool is_new = !std::filesystem::exists(file, failed);
  SP_TRY(pki::replaceFile(file, content.bytes(), kOwnerOnly));
  if (!is_new || config.edge.user.empty() || ::geteuid() != 0) return success();
  const passwd* user = ::getpwnam(config.edge.user.c_str());
  if (user == nullptr || ::chown(file.c_str(), user->pw_uid, user->pw_gid) != 0) {
    return misconfigured("app.credentials.owner",
                         file.string() + " could not be given to edge.user '" + config.edge.user + "'");
  }
  return success();
}

Result<pki::FolderLock> lockFolderOf(const Path& file) {
  auto lock = pki::FolderLock::take(file.has_parent_path() ? file.parent_path() : Path{"."});
  if (lock || codeOf(lock.error()) != "ca.busy") return lock;
  return Error{ErrorKind::unavailable, "app.credentials.busy", file.string() + ": another command is changing it"};
}

Result<std::string> runAdd(const CredentialsCommand& command, const config::Config& config, const Path& file) {
  SP_ASSIGN(const auto owner, ownerOf(command, config));
  const auto request = requestFor(owner, config);
  SP_ASSIGN(const auto password, crypto::passwordFrom(STDIN_FILENO, {"Password of " + owner.identity,
                                                                     crypto::PasswordPrompt::Times::twice}));
  SP_ASSIGN(const auto lines, identity::credentialLines(request, password));
  SP_ASSIGN(const auto lock, lockFolderOf(file));
  SP_ASSIGN(auto content, contentOf(file));
  if (content.empty()) content = SecretText{}.add(kFirstLine).take();
  if (command.present == CredentialsCommand::Present::replace) {
    auto without = identity::withoutCredentials(textOf(content), owner);
    if (!without) return within(std::move(without).error(), file);
    content = *std::move(without);
  }
  auto grown = identity::withCredentials(textOf(content), owner, textOf(lines));
  if (!grown) return within(std::move(grown).error(), file);
  SP_TRY(write(config, file, *grown));
  return (command.present == CredentialsCommand::Present::replace ? "changed " : "added ") + owner.identity + " in " +
         file.string() + "; a running edge takes it with: sallyport reload\n";
}

Result<std::string> runRemove(const CredentialsCommand& command, const config::Config& config, const Path& file) {
  SP_ASSIGN(const auto owner, ownerOf(command, config));
  SP_ASSIGN(const auto lock, lockFolderOf(file));
  SP_ASSIGN(const auto content, contentOf(file));
  auto kept = identity::withoutCredentials(textOf(content), owner);
  if (!kept) return within(std::move(kept).error(), file);
  SP_TRY(write(config, file, *kept));
  return "removed " + owner.identity + " from " + file.string() + "; a running edge takes it with: sallyport reload\n";
}

// Somebody's lines as one: "alice@example.org  digest-sha-256 digest-sha-512-256 scram-sha-256".
Result<std::string> runList(const CredentialsCommand& command, const Path& file) {
  SP_ASSIGN(const auto content, contentOf(file));
  auto entries = identity::listCredentials(textOf(content));
  if (!entries) return within(std::move(entries).error(), file);
  std::string text;
  std::string_view last;
  for (const auto& entry : *entries) {
    if (command.output == Output::json) {
      const boost::json::object line{{"whose", entry.whose}, {"kind", entry.kind}, {"realm", entry.realm}};
      text += boost::json::serialize(line) + '\n';
      continue;
    }
    if (entry.whose != last) text += (text.empty() ? "" : "\n") + entry.whose + ' ';
    text += ' ' + entry.kind;
    last = entry.whose;
  }
  if (command.output == Output::json) return text;
  return text.empty() ? std::string{"nobody has a password\n"} : text + '\n';
}

Result<std::string> run(const CredentialsCommand& command) {
  SP_ASSIGN(const auto config, config::loadOrExplain(command.config, config::NamedFiles::unchecked));
  SP_ASSIGN(const auto file, fileOf(config));
  switch (command.what) {
    case What::add: return runAdd(command, config, file);
    case What::remove: return runRemove(command, config, file);
    case What::list: break;
  }
  return runList(command, file);
}

}  // namespace

int credentials(const CredentialsCommand& command) {
  const auto text = run(command);
  if (!text) return explain(text.error());
  std::cout << *text;
  return 0;
}

}  // namespace sallyport::app
