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
#include <utility>

#include "crypto/random.h"

namespace sallyport::pki {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

// 0, or the errno of the write that failed.
int writeAll(int fd, Bytes content) {
  while (!content.empty()) {
    const auto count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    content = content.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

// A rename is on the disk when its folder is.
int syncFolder(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
  const Descriptor descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!descriptor.valid() || ::fsync(descriptor.number()) != 0) return errno;
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
  const Descriptor descriptor{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!descriptor.valid()) return errno;
  if (const int cause = writeAll(descriptor.number(), content)) return cause;
  if (::fchmod(descriptor.number(), mode) != 0) return errno;  // whatever the umask
  if (const int cause = keepOwner(descriptor.number(), instead_of)) return cause;
  return ::fsync(descriptor.number()) == 0 ? 0 : errno;
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
  const Descriptor descriptor{::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  if (!descriptor.valid()) return unwritable(file, errno);
  struct stat before {};
  if (::fstat(descriptor.number(), &before) != 0) return unwritable(file, errno);
  int cause = writeAll(descriptor.number(), {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  if (cause == 0 && ::fsync(descriptor.number()) != 0) cause = errno;
  if (cause == 0) return success();
  auto error = unwritable(file, cause);
  if (::ftruncate(descriptor.number(), before.st_size) != 0) error.detail += "; and what was written is still there";
  return error;
}

Status truncateFile(const std::filesystem::path& file, std::size_t size) {
  const Descriptor descriptor{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!descriptor.valid() || ::ftruncate(descriptor.number(), static_cast<off_t>(size)) != 0 ||
      ::fsync(descriptor.number()) != 0) {
    return unwritable(file, errno);
  }
  return success();
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  FolderLock lock{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (lock.fd_ < 0 && errno == ENOENT)
    return Error{ErrorKind::misconfigured, "ca.missing", "no folder " + folder.string()};
  if (lock.fd_ < 0) return unwritable(folder, errno);
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return Error{ErrorKind::unavailable, "ca.busy", folder.string() + ": another process is using this CA"};
  }
  return unwritable(folder, errno);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sallyport::pki
