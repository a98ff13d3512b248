// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files that survive a crash: replaced whole, or grown by whole lines. Every function has its data on the disk
// when it returns success. Errors: ca.disk.full, ca.unwritable; the detail names the file and the cause.

#include <sys/types.h>

#include <filesystem>
#include <string_view>

#include "core/bytes.h"
#include "core/fd.h"
#include "core/result.h"

namespace sallyport::pki {

// Written beside, synced, renamed over: a reader sees the old content or the new. A file that was there keeps its
// owner.
Status replaceFile(const std::filesystem::path& file, Bytes content, mode_t mode);
inline Status replaceFile(const std::filesystem::path& file, std::string_view content, mode_t mode) {
  return replaceFile(file, bytesOf(content), mode);
}

// Appends to an existing file; what was written of a text that did not fit is taken back.
Status appendToFile(const std::filesystem::path& file, std::string_view text);

Status truncateFile(const std::filesystem::path& file, std::size_t size);

Error unwritable(const std::filesystem::path& file, int cause);  // of an errno

// An exclusive lock on a folder, held until this goes or its process ends. Errors: ca.busy, ca.missing,
// ca.unwritable.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::filesystem::path& folder);

 private:
  explicit FolderLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace sallyport::pki
