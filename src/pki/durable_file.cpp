// SPDX-License-Identifier: Apache-2.0
#include "pki/durable_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "crypto/random.h"

namespace sallyport::pki {
namespace {

// A rename is on the disk when its folder is.
int syncFolder(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
  const Fd descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!descriptor || ::fsync(descriptor.raw()) != 0) return errno;
  return 0;
}

// 0, or the errno: what root writes anew in place of another user's file stays that user's to read.
int keepOwner(int fd, const std::filesystem::path& file) {
  struct stat before {};
  if (::stat(file.c_str(), &before) != 0) return errno == ENOENT ? 0 : errno;
  if (before.st_uid == ::geteuid()) return 0;
  return ::fchown(fd, before.st_uid, before.st_gid) == 0 ? 0 : errno;
}

// `file` beside `instead_of`, with its owner.
int writeNew(const std::filesystem::path& file, const std::filesystem::path& instead_of, Bytes content, mode_t mode) {
  const Fd descriptor{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!descriptor) return errno;
  if (const int cause = writeAll(descriptor, content)) return cause;
  if (::fchmod(descriptor.raw(), mode) != 0) return errno;  // whatever the umask
  if (const int cause = keepOwner(descriptor.raw(), instead_of)) return cause;
  return ::fsync(descriptor.raw()) == 0 ? 0 : errno;
}

}  // namespace

Error unwritable(const std::filesystem::path& file, int cause) {
  const bool full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
  return {full ? ErrorKind::unavailable : ErrorKind::misconfigured, full ? "ca.disk.full" : "ca.unwritable",
          file.string() + ": " + std::strerror(cause)};
}

Status replaceFile(const std::filesystem::path& file, Bytes content, mode_t mode) {
  auto beside = file;
  beside += "." + crypto::randomToken(8) + ".tmp";
  int cause = writeNew(beside, file, content, mode);
  if (cause == 0 && std::rename(beside.c_str(), file.c_str()) != 0) cause = errno;
  if (cause == 0) cause = syncFolder(file);
  if (cause == 0) return success();
  ::unlink(beside.c_str());
  return unwritable(file, cause);
}

Status appendToFile(const std::filesystem::path& file, std::string_view text) {
  const Fd descriptor{::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  if (!descriptor) return unwritable(file, errno);
  struct stat before {};
  if (::fstat(descriptor.raw(), &before) != 0) return unwritable(file, errno);
  int cause = writeAll(descriptor, bytesOf(text));
  if (cause == 0 && ::fsync(descriptor.raw()) != 0) cause = errno;
  if (cause == 0) return success();
  auto error = unwritable(file, cause);
  if (::ftruncate(descriptor.raw(), before.st_size) != 0) error.detail += "; and what was written is still there";
  return error;
}

Status truncateFile(const std::filesystem::path& file, std::size_t size) {
  const Fd descriptor{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!descriptor || ::ftruncate(descriptor.raw(), static_cast<off_t>(size)) != 0 || ::fsync(descriptor.raw()) != 0) {
    return unwritable(file, errno);
  }
  return success();
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  FolderLock lock{Fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}};
  if (!lock.fd_ && errno == ENOENT)
    return Error{ErrorKind::misconfigured, "ca.missing", "no folder " + folder.string()};
  if (!lock.fd_) return unwritable(folder, errno);
  if (::flock(lock.fd_.raw(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return Error{ErrorKind::unavailable, "ca.busy", folder.string() + ": another process is using this CA"};
  }
  return unwritable(folder, errno);
}

}  // namespace sallyport::pki
