// SPDX-License-Identifier: Apache-2.0
#include "pki/certificate_authority.h"

#include <algorithm>

#include "crypto/peer_identity.h"
#include "pki/certificate_builder.h"
#include "pki/durable_file.h"
#include "pki/issue_index.h"

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPublic = 0644;
constexpr mode_t kPrivate = 0600;
constexpr std::chrono::minutes kClockSkew{5};  // a phone's clock may be a little behind ours
constexpr std::chrono::days kListedAfterExpiry{1};
constexpr std::size_t kMaxName = 64;  // ub-common-name, RFC 5280 A.1

struct Layout {
  explicit Layout(const fs::path& dir)
      : certificate(dir / "ca.pem"),
        key(dir / "ca-key.pem"),
        index(dir / "index.jsonl"),
        crl(dir / "ca.crl.pem"),
        issued(dir / "issued") {}

  fs::path certificate;
  fs::path key;
  fs::path index;
  fs::path crl;
  fs::path issued;
};

Error refuse(const char* code, std::string detail) { return {ErrorKind::misconfigured, code, std::move(detail)}; }

Status makeFolder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return unwritable(folder, failed.value());
  return success();
}

bool isThere(const fs::path& file) {
  std::error_code failed;
  return fs::exists(fs::symlink_status(file, failed));
}

bool isCaName(std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return !name.empty() && name.size() <= kMaxName && printable && name.front() != ' ' && name.back() != ' ';
}

// It becomes a file name.
bool isLeafName(std::string_view name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' && name.front() != '-' &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

Result<std::vector<crypto::SubjectAltName>> normalSans(const std::vector<crypto::SubjectAltName>& sans) {
  constexpr std::size_t kMaxSans = 64;
  if (sans.empty()) return refuse("ca.request.sans", "a certificate without a subject alternative name names nobody");
  if (sans.size() > kMaxSans) return refuse("ca.request.sans", std::to_string(sans.size()) + " names");
  std::vector<crypto::SubjectAltName> normal;
  for (const auto& san : sans) {
    auto identity = crypto::normalIdentity(san);
    if (!identity) return refuse("ca.request.sans", "malformed: " + san.toString());
    if (std::find(normal.begin(), normal.end(), *identity) == normal.end()) normal.push_back(*std::move(identity));
  }
  return normal;
}

Result<crypto::PrivateKey> loadKey(const fs::path& file) {
  auto key = crypto::PrivateKey::load(file);
  if (key) return key;
  auto error = std::move(key).error();
  const std::string_view code = error.code;
  error.code = code == "crypto.file.missing"      ? "ca.key.missing"
               : code == "crypto.key.permissions" ? "ca.key.permissions"
               : code == "crypto.file.unreadable" ? "ca.key.unreadable"
                                                  : "ca.key.malformed";
  return error;
}

Result<crypto::Certificate> loadCertificate(const fs::path& file) {
  auto chain = crypto::loadChain(file);
  if (chain && chain->size() == 1) return std::move(chain->front());
  if (chain) return refuse("ca.certificate.malformed", file.string() + ": more than one certificate");
  const bool missing = std::string_view{chain.error().code} == "crypto.file.missing";
  if (missing) return refuse("ca.missing", file.string() + " is not there; `ca init` makes a CA");
  return refuse("ca.certificate.malformed", chain.error().detail);
}

// ca.pem is written last: a key beside an empty index is what an interrupted start leaves, anything more is a
// CA that lost its certificate.
Status makeRoot(const fs::path& dir, const CaSettings& settings, WallTime now) {
  SP_ASSIGN(const auto lock, FolderLock::take(dir));
  const Layout files{dir};
  if (isThere(files.certificate)) return refuse("ca.exists", files.certificate.string() + " is there already");
  if (isThere(files.index)) {
    const auto index = IssueIndex::open(files.index, CutLine::ignore);
    if (!index || !index->entries().empty()) {
      return refuse("ca.exists", files.index.string() + " has entries, but ca.pem is gone: restore it from a copy");
    }
  }
  SP_ASSIGN(const auto key, crypto::PrivateKey::generateP256());
  SP_ASSIGN(const auto root, buildRoot(settings.name, key, {now - kClockSkew, now + settings.lifetime}));
  SP_ASSIGN(const auto key_pem, key.pem());
  SP_TRY(makeFolder(files.issued));
  SP_TRY(IssueIndex::createEmpty(files.index));
  SP_TRY(replaceFile(files.key, key_pem.bytes(), kPrivate));
  return replaceFile(files.certificate, root.pem(), kPublic);
}

}  // namespace

struct CertificateAuthority::State {
  FolderLock lock;
  Layout files;
  crypto::Certificate certificate;
  crypto::PrivateKey key;
  WallTime not_after;
  IssueIndex index;

  Signer signer() const { return {certificate, key}; }
  fs::path certificateOf(const std::string& name) const { return files.issued / (name + ".pem"); }
  fs::path keyOf(const std::string& name) const { return files.issued / (name + "-key.pem"); }
  Result<Validity> validityOf(const IssueRequest& request, WallTime now) const;
  Status freeName(const std::string& name, WallTime now);
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

const crypto::Certificate& CertificateAuthority::certificate() const { return state_->certificate; }
const fs::path& CertificateAuthority::certificateFile() const { return state_->files.certificate; }
const std::vector<IndexEntry>& CertificateAuthority::entries() const { return state_->index.entries(); }

Result<CertificateAuthority> CertificateAuthority::create(const fs::path& dir, const CaSettings& settings,
                                                          WallTime now) {
  if (!isCaName(settings.name)) return refuse("ca.name.malformed", "\"" + settings.name + "\"");
  if (settings.lifetime < std::chrono::days{1} || settings.lifetime > std::chrono::days{365 * 50}) {
    return refuse("ca.lifetime", "a CA lives between a day and fifty years");
  }
  SP_TRY(makeFolder(dir));
  SP_TRY(makeRoot(dir, settings, now));
  return open(dir);
}

Result<CertificateAuthority> CertificateAuthority::open(const fs::path& dir) {
  SP_ASSIGN(auto lock, FolderLock::take(dir));
  Layout files{dir};
  SP_ASSIGN(auto certificate, loadCertificate(files.certificate));
  auto facts = certificate.facts();
  if (!facts) return refuse("ca.certificate.malformed", facts.error().detail);
  if (!facts->is_ca) return refuse("ca.certificate.malformed", facts->subject + " is no CA");
  SP_ASSIGN(auto key, loadKey(files.key));
  if (!key.belongsTo(certificate)) {
    return refuse("ca.key.mismatch", files.key.string() + " is not the key of " + files.certificate.string());
  }
  SP_ASSIGN(auto index, IssueIndex::open(files.index, CutLine::mend));
  SP_TRY(makeFolder(files.issued));
  return CertificateAuthority{std::make_unique<State>(State{std::move(lock), std::move(files), std::move(certificate),
                                                            std::move(key), facts->not_after, std::move(index)})};
}

Result<std::vector<IndexEntry>> CertificateAuthority::readIndex(const fs::path& dir) {
  SP_ASSIGN(const auto index, IssueIndex::open(Layout{dir}.index, CutLine::ignore));
  return index.entries();
}

Result<Validity> CertificateAuthority::State::validityOf(const IssueRequest& request, WallTime now) const {
  if (now >= not_after) return refuse("ca.expired", "the CA itself has expired; make a new one");
  if (request.lifetime <= std::chrono::seconds{0}) return refuse("ca.request.lifetime", "it would be expired at birth");
  if (request.lifetime > not_after - now) return refuse("ca.request.lifetime", "it would outlive the CA");
  return Validity{now - kClockSkew, now + request.lifetime};
}

// A name is taken by a current certificate whose file is there. One in the index without its file is what an
// interrupted issue() leaves: nobody has it, and nobody shall.
Status CertificateAuthority::State::freeName(const std::string& name, WallTime now) {
  for (const auto entry : index.findCurrent(name, now)) {
    const auto chain = crypto::loadChain(certificateOf(name));
    const auto facts = chain ? chain->front().facts() : Result<crypto::CertificateFacts>{chain.error()};
    if (facts && facts->fingerprint == index.entries()[entry].fingerprint) {
      return refuse("ca.name.taken",
                    name + " has a current certificate, serial " + facts->serial + "; revoke it first");
    }
    SP_TRY(index.recordRevoked(entry, {now, RevocationReason::superseded}));
  }
  return success();
}

Result<Issued> CertificateAuthority::issue(const IssueRequest& wanted, WallTime now) {
  auto request = wanted;
  if (!isLeafName(request.name)) {
    return refuse("ca.request.name", "\"" + request.name + "\": 1 to 64 of A-Z a-z 0-9 . _ @ -, not led by . or -");
  }
  SP_ASSIGN(request.sans, normalSans(wanted.sans));
  SP_ASSIGN(const auto validity, state_->validityOf(request, now));
  SP_TRY(state_->freeName(request.name, now));

  SP_ASSIGN(const auto key, crypto::PrivateKey::generateP256());
  SP_ASSIGN(const auto leaf, buildLeaf(request, key, state_->signer(), validity));
  SP_ASSIGN(auto facts, leaf.facts());
  SP_ASSIGN(const auto key_pem, key.pem());
  SP_TRY(state_->index.recordIssued(
      {facts.serial, facts.fingerprint, request.name, facts.sans, now, facts.not_after, std::nullopt}));
  Issued issued{state_->certificateOf(request.name), state_->keyOf(request.name), std::move(facts)};
  SP_TRY(replaceFile(issued.key_file, key_pem.bytes(), kPrivate));
  SP_TRY(replaceFile(issued.certificate_file, leaf.pem(), kPublic));
  return issued;
}

Result<std::vector<IndexEntry>> CertificateAuthority::revoke(std::string_view serial_or_name, RevocationReason reason,
                                                             WallTime now) {
  auto& index = state_->index;
  auto chosen = index.findCurrent(serial_or_name, now);
  if (chosen.empty()) {
    bool known = false;
    for (std::size_t i = 0; i < index.entries().size(); ++i) {
      const auto& entry = index.entries()[i];
      known = known || entry.name == serial_or_name;
      if (entry.serial != serial_or_name) continue;
      known = true;
      if (!entry.revocation) chosen.push_back(i);
    }
    if (chosen.empty() && known) {
      return refuse("ca.revoke.already", std::string{serial_or_name} + " has no certificate left to revoke");
    }
    if (chosen.empty()) return refuse("ca.revoke.unknown", std::string{serial_or_name} + ": no such serial or name");
  }
  std::vector<IndexEntry> revoked;
  for (const auto entry : chosen) {
    SP_TRY(index.recordRevoked(entry, {now, reason}));
    revoked.push_back(index.entries()[entry]);
  }
  return revoked;
}

Result<fs::path> CertificateAuthority::writeCrl(std::chrono::seconds lifetime, WallTime now) {
  if (lifetime < std::chrono::minutes{1}) return refuse("ca.crl.lifetime", "a list good for less than a minute");
  auto& index = state_->index;
  std::vector<IndexEntry> listed;
  for (const auto& entry : index.entries()) {
    if (entry.revocation && now < entry.not_after + kListedAfterExpiry) listed.push_back(entry);
  }
  const auto number = index.lastCrlNumber() + 1;
  SP_ASSIGN(const auto pem, buildCrl(listed, number, state_->signer(), {now - kClockSkew, now + lifetime}));
  SP_TRY(index.recordCrl(number, now));
  SP_TRY(replaceFile(state_->files.crl, pem, kPublic));
  return state_->files.crl;
}

const IndexEntry* CertificateAuthority::findByFingerprint(std::string_view fingerprint) const {
  return state_->index.findByFingerprint(fingerprint);
}

}  // namespace sallyport::pki
