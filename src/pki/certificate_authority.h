// SPDX-License-Identifier: Apache-2.0
#pragma once
// The private CA in the box (RFC 5280): one EC P-256 root in a folder, the certificates it issued, an index
// of them, and the revocation list made from the index.
//
//   <dir>/ca.pem        the root's certificate              <dir>/ca-key.pem     its key, mode 0600
//   <dir>/index.jsonl   one line per event, append-only     <dir>/ca.crl.pem     the list last written
//   <dir>/issued/<name>.pem, <name>-key.pem                 leaf; its key, mode 0600
//
// Files appear whole or not at all (written beside, synced, renamed); a certificate is in the index before its
// files appear, so what exists can be revoked. One process at a time: an exclusive lock is held on the folder
// while an instance lives. Not thread-safe.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"

namespace sallyport::pki {

enum class Usage : std::uint8_t { clientAndServer, client, server };

struct CaSettings {
  std::string name = "Sallyport CA";  // the common name
  std::chrono::seconds lifetime = std::chrono::days{3650};
};

struct IssueRequest {
  std::string name;  // common name and file name: [A-Za-z0-9._@-], not starting with a dot or a dash
  std::vector<crypto::SubjectAltName> sans;  // at least one; dns, ip or uri
  std::chrono::seconds lifetime = std::chrono::days{90};
  Usage usage = Usage::clientAndServer;
};

struct Issued {
  std::filesystem::path certificate_file;
  std::filesystem::path key_file;
  crypto::CertificateFacts facts;
};

// RFC 5280 5.3.1, those that a person would give.
enum class RevocationReason : std::uint8_t { unspecified, keyCompromise, superseded, cessationOfOperation };
std::optional<RevocationReason> parseRevocationReason(std::string_view text);  // "key-compromise"
std::string_view toString(RevocationReason reason);

struct Revocation {
  WallTime at;
  RevocationReason reason = RevocationReason::unspecified;
};

struct IndexEntry {
  std::string serial;       // hex, as CertificateFacts has it
  std::string fingerprint;  // "AB:CD:..."
  std::string name;
  std::vector<crypto::SubjectAltName> sans;
  WallTime issued_at;
  WallTime not_after;
  std::optional<Revocation> revocation;
};

class CertificateAuthority {
 public:
  // A new root in `dir`, which is made if missing. Errors: ca.exists, ca.name.malformed, ca.lifetime,
  // ca.busy (another process has it), ca.disk.full, ca.unwritable.
  static Result<CertificateAuthority> create(const std::filesystem::path& dir, const CaSettings& settings,
                                             WallTime now);
  // Errors: ca.missing, ca.busy, ca.key.missing, ca.key.permissions, ca.key.mismatch, ca.key.malformed,
  // ca.certificate.malformed, ca.index.missing, ca.index.damaged (says the line). A last line cut short by a
  // crash is dropped and the file mended.
  static Result<CertificateAuthority> open(const std::filesystem::path& dir);

  // What stands in the index, without opening the CA: no lock, no key. For a reader beside the CA's owner.
  // Errors: ca.index.*.
  static Result<std::vector<IndexEntry>> readIndex(const std::filesystem::path& dir);

  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  // A new key and certificate under issued/. Errors: ca.request.name, ca.request.sans, ca.request.lifetime
  // (none, or beyond the root's), ca.expired, ca.name.taken (a current certificate has that name: revoke it
  // first), ca.disk.full, ca.unwritable.
  Result<Issued> issue(const IssueRequest& request, WallTime now);

  // By serial (hex) or by name, which revokes every current certificate of that name. Returns what was
  // revoked. Call writeCrl() to make it known. Errors: ca.revoke.unknown, ca.revoke.already, ca.disk.full,
  // ca.unwritable.
  Result<std::vector<IndexEntry>> revoke(std::string_view serial_or_name, RevocationReason reason, WallTime now);

  // Writes ca.crl.pem with the next CRL number; returns its path. Revoked certificates stay listed until a
  // day after they expired. Errors: ca.crl.lifetime, ca.disk.full, ca.unwritable.
  Result<std::filesystem::path> writeCrl(std::chrono::seconds lifetime, WallTime now);

  const crypto::Certificate& certificate() const;
  const std::filesystem::path& certificateFile() const;
  const std::vector<IndexEntry>& entries() const;  // oldest first
  const IndexEntry* findByFingerprint(std::string_view fingerprint) const;

 private:
  struct State;
  explicit CertificateAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::pki
