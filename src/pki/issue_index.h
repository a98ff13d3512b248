// SPDX-License-Identifier: Apache-2.0
#pragma once
// The record of what a CA issued and revoked: a file of JSON lines, one event each, only ever appended to.
//
//   {"event":"issued","serial":"..","fingerprint":"..","name":"..","sans":["dns:.."],"at":"..","not_after":".."}
//   {"event":"revoked","serial":"..","at":"..","reason":"key-compromise"}
//   {"event":"crl","number":7,"at":".."}
//
// Times are RFC 3339 in UTC. A line is in the file before the act it speaks of is visible elsewhere. Not
// thread-safe.

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "pki/certificate_authority.h"

namespace sallyport::pki {

// What a last line without its end is: the trace of a crash, or of somebody writing at this moment.
enum class CutLine : std::uint8_t { mend, ignore };

class IssueIndex {
 public:
  static Status createEmpty(const std::filesystem::path& file);
  // Errors: ca.index.missing, ca.index.unreadable, ca.index.damaged (names the line and what is wrong with it).
  static Result<IssueIndex> open(const std::filesystem::path& file, CutLine cut_line);

  // Errors: ca.disk.full, ca.unwritable; nothing has changed then.
  Status recordIssued(IndexEntry entry);
  Status recordRevoked(std::size_t entry, Revocation revocation);
  Status recordCrl(std::uint64_t number, WallTime at);

  const std::vector<IndexEntry>& entries() const { return entries_; }
  std::uint64_t lastCrlNumber() const { return last_crl_number_; }
  const IndexEntry* findByFingerprint(std::string_view fingerprint) const;
  std::vector<std::size_t> findCurrent(std::string_view name, WallTime now) const;  // not revoked, not expired

 private:
  explicit IssueIndex(std::filesystem::path file) : file_(std::move(file)) {}
  Status apply(std::string_view line);
  void add(IndexEntry entry);

  std::filesystem::path file_;
  std::vector<IndexEntry> entries_;
  std::unordered_map<std::string, std::size_t> by_serial_;
  std::unordered_map<std::string, std::size_t> by_fingerprint_;
  std::uint64_t last_crl_number_ = 0;
};

}  // namespace sallyport::pki
